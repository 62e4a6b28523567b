/**
 * The goals: ratios of times that were set before anything was built. A new one is one entry in {@link GOALS}.
 *
 * @module
 */
import { arithmetic, CHAIN_GROUP, CHAINS } from "./chains.ts";
import { GROUP } from "./constructions.ts";
import type { Measurement } from "./lib/measure.ts";
import type { Field } from "./lib/reference.ts";
import { alignTable, ratio, type Side, sideRatio } from "./lib/table.ts";
import { denseProducts, training, transforms } from "./papillon.ts";
import { ROTATION_GROUP } from "./rotations.ts";

/** A goal on the ratio of two times per vector: at most so much, or at least so much at some sizes. */
export interface Goal {
  /** Goals of one set are shown in one table. */
  readonly set: string;
  readonly of: Side;
  readonly to: Side;
  readonly atMost?: number;
  readonly atLeast?: Readonly<Record<number, number>>;
  /** Where `atMost` is meant, if not at every size. */
  readonly sizes?: readonly number[];
}

/** The goals with which the library began. */
export const FIRST = "first goals";
/** Those that it set out for afterwards. */
export const SPEED = "speed goals";
/** Those of rotations. */
export const ROTATIONS = "rotation goals";
/** Those of chains. */
export const CHAINED = "chain goals";

/** Those of the constructions. */
export const CONSTRUCTED = "construction goals";

/** A row of papillon. */
function papillon(label: string, field: Field, build = "relaxed", batch = 1): Side {
  return {
    label: `${field} ${label}${build === "relaxed" ? "" : `, ${build}`}${
      batch === 1 ? "" : `, batch of ${batch}`
    }`,
    names: [`papillon ${label}, ${build}`],
    group: transforms(field),
    batch,
  };
}

/** Forward and both gradients of the butterfly. */
function learning(field: Field, batch: number): Side {
  return {
    label: `forward + gradients, ${field}, ${batch === 1 ? "one vector" : `batch of ${batch}`}`,
    names: ["papillon butterfly, relaxed, forward + gradients"],
    group: training(field),
    batch,
  };
}

/** A row of a peer, one vector. */
function peer(name: string, field: Field): Side {
  return { label: `${name} (${field})`, names: [name], group: transforms(field), batch: 1 };
}

/** A construction of papillon. */
function construction(label: string): Side {
  return { label, names: [`papillon ${label}, relaxed`], group: GROUP, batch: 1 };
}

/** The DCT-II of the other libraries: the fastest. */
const otherCosine: Side = {
  label: "DCT-II in JavaScript",
  names: ["dct (npm), DCT-II", "fft.js, DCT-II by Makhoul"],
  group: GROUP,
  batch: 1,
};
const gatherLoop: Side = { label: "plain gather loop", names: ["plain gather loop"], group: GROUP, batch: 1 };

const real = papillon("butterfly", "real");
const complex = papillon("butterfly", "complex");
const transform = papillon("Fourier transform", "complex");
const pffft = peer("pffft-wasm simd, ordered", "complex");

const sgemv: Side = {
  label: "OpenBLAS sgemv",
  names: ["OpenBLAS sgemv, rows", "OpenBLAS sgemv, columns"],
  group: denseProducts("real"),
  batch: 1,
};
/** The butterfly as it was timed beside the dense products. */
const besideDense: Side = { ...real, group: denseProducts("real") };

/** Rows of the rotations, and of what stands beside them. */
function turning(name: string, n?: number): Side {
  const label = n === undefined ? name : `${name} of ${n}`;
  return { label, names: [`papillon ${name}, relaxed`], group: ROTATION_GROUP, batch: 1, n };
}

/** Rows of the chains. */
function chain(name: string): Side {
  return { label: name, names: [`papillon ${name}, relaxed`], group: CHAIN_GROUP, batch: 1 };
}

/** In the order of the tables. */
export const GOALS: readonly Goal[] = [
  { set: FIRST, of: pffft, to: real, atLeast: { 1024: 1.5 } },
  { set: FIRST, of: complex, to: pffft, atMost: 2, sizes: [1024] },
  { set: FIRST, of: learning("real", 1), to: real, atMost: 5, sizes: [1024] },
  { set: FIRST, of: learning("complex", 1), to: complex, atMost: 5, sizes: [1024] },

  { set: SPEED, of: real, to: peer("FFTW r2c", "real"), atMost: 0.75 },
  { set: SPEED, of: real, to: peer("FFTW c2c", "complex"), atMost: 1 },
  { set: SPEED, of: papillon("butterfly", "real", "relaxed", 64), to: real, atMost: 0.65, sizes: [1024] },
  { set: SPEED, of: complex, to: pffft, atMost: 1 },
  { set: SPEED, of: papillon("Fourier transform", "complex"), to: pffft, atMost: 0.8 },
  { set: SPEED, of: papillon("Hadamard transform", "real"), to: real, atMost: 0.5 },
  {
    set: SPEED,
    of: learning("real", 64),
    to: papillon("butterfly", "real", "relaxed", 64),
    atMost: 3.5,
  },
  {
    set: SPEED,
    of: learning("complex", 64),
    to: papillon("butterfly", "complex", "relaxed", 64),
    atMost: 3.5,
  },
  { set: SPEED, of: sgemv, to: besideDense, atLeast: { 64: 5, 256: 20, 1024: 150 } },
  { set: SPEED, of: papillon("butterfly", "real", "apply()"), to: real, atMost: 2.5, sizes: [64] },
  { set: SPEED, of: papillon("butterfly", "real", "scalar"), to: peer("fft.js", "complex"), atMost: 2 },

  { set: ROTATIONS, of: turning("rotation"), to: turning("butterfly", 1024), atMost: 1.5, sizes: [768] },
  { set: ROTATIONS, of: turning("Dense", 768), to: turning("rotation"), atLeast: { 768: 50 } },
  // Half as long again as their multiply-adds would take at the rate of the butterfly's.
  ...CHAINS.map(({ label, patterns }): Goal => ({
    set: CHAINED,
    of: chain(label),
    to: chain("butterfly"),
    atMost: Number((1.5 * arithmetic(patterns)).toPrecision(3)),
  })),
  { set: CONSTRUCTED, of: construction("DCT-II"), to: transform, atMost: 0.8 },
  { set: CONSTRUCTED, of: construction("DST-II"), to: transform, atMost: 0.8 },
  { set: CONSTRUCTED, of: construction("Hartley transform"), to: transform, atMost: 0.8 },
  { set: CONSTRUCTED, of: construction("DCT-III"), to: transform, atMost: 0.8 },
  { set: CONSTRUCTED, of: construction("DCT-IV"), to: transform, atMost: 0.8 },
  { set: CONSTRUCTED, of: construction("DCT-II"), to: otherCosine, atMost: 1 },
  { set: CONSTRUCTED, of: construction("permutation"), to: gatherLoop, atMost: 1.3 },
  { set: CONSTRUCTED, of: construction("circulant matrix"), to: transform, atMost: 2.3 },
  { set: CONSTRUCTED, of: construction("Toeplitz matrix of n/2 points"), to: transform, atMost: 2.3 },
];

/** What became of a goal. */
export interface Outcome {
  readonly set: string;
  /** "a / b". */
  readonly what: string;
  /** The build of papillon's kernels; the goal is meant for the relaxed one. */
  readonly build: "relaxed" | "simd";
  /** As it is written: "≤ 0.75". */
  readonly goal: string;
  /** Only the sizes at which both sides were measured. */
  readonly at: readonly {
    readonly n: number;
    readonly ratio: number;
    /** Undefined where the goal says nothing of this size. */
    readonly met?: boolean;
  }[];
}

/** Looks up the goals in the measurements, for the relaxed build, and beside it for the plain SIMD one. */
export function evaluate(measurements: readonly Measurement[], goals: readonly Goal[] = GOALS): Outcome[] {
  const sizes = [...new Set(measurements.map(({ n }) => n))].sort((a, b) => a - b);
  return goals.flatMap((goal) =>
    builds(goal).map(([build, of, to]) => ({
      set: goal.set,
      what: `${goal.of.label} / ${goal.to.label}`,
      build,
      goal: wanted(goal),
      at: sizes.flatMap((n) => {
        const value = sideRatio(measurements, of, to, n);
        return Number.isFinite(value) ? [{ n, ratio: value, met: meets(value, n, goal) }] : [];
      }),
    }))
  );
}

/** The sides as they are, and with the kernels of the simd build, if any are in them. */
function builds({ of, to }: Goal): (readonly ["relaxed" | "simd", Side, Side])[] {
  const plain = (side: Side): Side => ({
    ...side,
    names: side.names.map((name) => name.replace(", relaxed", ", simd")),
  });
  const both = [of, to].flatMap(({ names }) => names);
  // Between apply and the kernel, or the scalar code and a peer, there is no other build to compare.
  const other = both.some((name) => name.includes(", relaxed")) &&
    !both.some((name) => name.includes("apply()"));
  const relaxed = ["relaxed", of, to] as const;
  return other ? [relaxed, ["simd", plain(of), plain(to)]] : [relaxed];
}

/** Whether a ratio meets a goal at size n; undefined where it sets none. */
export function meets(value: number, n: number, goal: Goal): boolean | undefined {
  if (goal.atMost !== undefined) {
    return goal.sizes === undefined || goal.sizes.includes(n) ? value <= goal.atMost : undefined;
  }
  const least = goal.atLeast?.[n];
  return least === undefined ? undefined : value >= least;
}

function wanted({ atMost, atLeast, sizes }: Goal): string {
  if (atMost !== undefined) return `≤ ${atMost}` + (sizes === undefined ? "" : ` at ${sizes.join(", ")}`);
  return Object.entries(atLeast ?? {}).map(([n, least]) => `≥ ${least} at ${n}`).join(", ");
}

/** The outcomes of one set as a table: time ratios, a mark where a goal is set, and one for the whole row. */
export function goalTable(outcomes: readonly Outcome[], set: string): string {
  const these = outcomes.filter((outcome) => outcome.set === set);
  const sizes = [...new Set(these.flatMap(({ at }) => at.map(({ n }) => n)))].sort((a, b) => a - b);
  const rows = these.map(({ what, build, goal, at }) => {
    const main = build === "relaxed";
    const cells = sizes.map((n) => {
      const one = at.find((entry) => entry.n === n);
      return one === undefined ? "–" : ratio(one.ratio) + (one.met === undefined ? "" : mark(one.met));
    });
    const marks = at.flatMap(({ met }) => met === undefined ? [] : [met]);
    const whole = marks.length === 0 ? "not measured" : mark(marks.every((met) => met)).trim();
    return [main ? what : "… the same, simd build", main ? goal : "", ...cells, main ? whole : ""];
  });
  return alignTable(["time ratio", "goal", ...sizes.map((n) => `n = ${n}`), "met"], rows);
}

function mark(met: boolean): string {
  return met ? " ✓" : " ✗";
}
