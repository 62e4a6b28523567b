/**
 * One run of the benchmarks: verification, then all times, then what follows from them.
 *
 * @module
 */
import { CONSTRUCTIONS, GROUP } from "./constructions.ts";
import { FAMILIES } from "./families.ts";
import { evaluate, type Outcome } from "./goals.ts";
import { clock } from "./lib/clock.ts";
import { environment } from "./lib/environment.ts";
import { measure, type Measurement, type Subject, timeRatio } from "./lib/measure.ts";
import { LARGEST_DENSE } from "./lib/problem.ts";
import { checkReferences } from "./lib/reference_check.ts";
import {
  denseProducts,
  denseSubjects,
  familySubjects,
  loadMachines,
  training,
  transforms,
} from "./papillon.ts";
import { chainSubjects } from "./chains.ts";
import { rotationSubjects } from "./rotations.ts";
import { type AvailablePeer, type Does, loadPeers, peerNames } from "./peers/index.ts";
import { type Accuracy, failures, verifyWeights } from "./verify.ts";

/** The sizes of the goals. */
export const SIZES: readonly number[] = [64, 256, 1024, 4096, 16384];

/** Below them dense products are compared too, to find where the butterfly overtakes them. */
export const SMALL: readonly number[] = [4, 8, 16, 32];

/** What to run. */
export interface Settings {
  /** Few and short samples: the figures are then only indicative. */
  readonly quick: boolean;
  /** Powers of two from 4. */
  readonly sizes: readonly number[];
  readonly batches: readonly number[];
  /** Names of peers, as in `peerNames`. */
  readonly peers: readonly string[];
}

/** All of it. */
export const DEFAULTS: Settings = { quick: false, sizes: SIZES, batches: [1, 64], peers: peerNames };

/** A measurement without its samples, and beside papillon's relaxed butterfly of the same size and batch. */
export interface Row extends Omit<Measurement, "rounds" | "run"> {
  /** This time divided by the butterfly's, the median over samples taken side by side. */
  readonly relative?: number;
}

/** What a run found out; plain data, as it is written to JSON. */
export interface Result {
  readonly settings: Settings;
  readonly environment: Readonly<Record<string, string>>;
  /** The processor's clock, measured, in GHz. */
  readonly clock: number;
  /** What did not run here, with the reason. */
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
  /** Notes of the peers that ran. */
  readonly notes: Readonly<Record<string, string>>;
  readonly accuracies: readonly Accuracy[];
  readonly rows: readonly Row[];
  readonly goals: readonly Outcome[];
  readonly seconds: number;
}

type Peer = AvailablePeer & { readonly name: string; readonly does: Does };

/**
 * Runs the benchmarks.
 *
 * @param onProgress is given a line of text now and then.
 * @throws Error if a reference, papillon or a peer computes something wrong.
 */
export async function runBenchmarks(
  settings: Settings = DEFAULTS,
  onProgress: (text: string) => void = () => {},
): Promise<Result> {
  const start = performance.now();
  const { quick, sizes, batches } = settings;
  checkReferences();
  const facts = environment();
  const { machines, skipped } = loadMachines();
  onProgress("verifying papillon on all kinds of weights");
  const accuracies = verifyWeights(sizes, machines);
  const wrong = failures(accuracies)[0];
  if (wrong !== undefined) {
    throw new Error(
      `The ${wrong.build} build is wrong on the ${wrong.field} butterfly with ${wrong.kind} weights, n = ${wrong.n}: ` +
        `relative error ${wrong.error.toExponential(1)}, expected at most ${
          wrong.tolerance.toExponential(1)
        }`,
    );
  }

  const loaded = await loadPeers(settings.peers, { quick });
  const peers = loaded.flatMap((peer) => peer.available ? [peer] : []);
  for (const peer of loaded) if (!peer.available) skipped.push({ name: peer.name, reason: peer.reason });
  const notes = Object.fromEntries(
    peers.flatMap(({ name, note }) => note === undefined ? [] : [[name, note]]),
  );

  const measurements: Measurement[] = [];
  const time = async (subjects: Subject[]): Promise<void> => {
    try {
      measurements.push(...await measure(subjects, { quick, onProgress }));
    } finally {
      for (const subject of subjects) subject.dispose?.();
    }
  };
  /** The rows of all peers of one sort; a peer that has no way to do this size is reported, not fatal. */
  const ofPeers = async (does: Does, n: number, batch: number): Promise<Subject[]> => {
    const subjects: Subject[] = [];
    for (const peer of peers.filter((peer: Peer) => peer.does === does)) {
      onProgress(`preparing ${peer.name}, n = ${n}, batch ${batch}`);
      try {
        subjects.push(...await peer.create(n, batch));
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        skipped.push({ name: `${peer.name}, n = ${n}, batch ${batch}`, reason });
      }
    }
    return subjects;
  };

  await time(peers.flatMap((peer) => peer.overhead?.() ?? []));
  for (const n of sizes) {
    // Both batch sizes in one go: the goals divide one by the other.
    const subjects: Subject[] = [];
    for (const batch of batches) {
      for (const family of FAMILIES) subjects.push(...familySubjects(family, n, batch, machines));
      subjects.push(...await ofPeers("transforms", n, batch));
    }
    for (const family of CONSTRUCTIONS) subjects.push(...familySubjects(family, n, 1, machines));
    subjects.push(...await ofPeers("constructions", n, 1));
    await time(subjects);
  }
  if (sizes.includes(1024)) {
    await time(rotationSubjects(machines));
    await time(chainSubjects(machines));
  }
  // Dense matrices apart, as they empty the caches; the butterfly is timed again beside them.
  const butterflies = FAMILIES.filter(({ label }) => label === "butterfly");
  for (const n of [...(quick ? [] : SMALL), ...sizes].filter((n) => n <= LARGEST_DENSE)) {
    for (const batch of batches) {
      const own = butterflies.flatMap((family) => denseSubjects(family, n, batch, machines));
      await time([...own, ...await ofPeers("products", n, batch)]);
    }
  }
  onProgress("");
  return {
    settings,
    environment: facts,
    clock: clock(),
    skipped,
    notes,
    accuracies,
    rows: measurements.map((m) => row(m, measurements)),
    goals: evaluate(measurements),
    seconds: (performance.now() - start) / 1000,
  };
}

/** The group in which the butterfly stands that a group is compared with. */
const BASES: Readonly<Record<string, string>> = Object.fromEntries(
  (["real", "complex"] as const).flatMap((field) => [
    [transforms(field), transforms(field)],
    [training(field), transforms(field)],
    [denseProducts(field), denseProducts(field)],
    [GROUP, transforms("real")],
  ]),
);

function row(measurement: Measurement, all: readonly Measurement[]): Row {
  const { rounds: _rounds, run: _run, ...rest } = measurement;
  const base = all.find(({ name, group, n, batch }) =>
    name === "papillon butterfly, relaxed" && group === BASES[rest.group] && n === rest.n &&
    batch === rest.batch
  );
  return base === undefined ? rest : { ...rest, relative: timeRatio(measurement, base) };
}
