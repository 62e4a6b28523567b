/**
 * Loads every peer, verifies it, times it and prints the tables: the benchmark without papillon in it.
 *
 *     deno run -A bench/lib/selfcheck.ts [--quick] [--sizes 64,256,1024] [--batches 1,64] [--peers NAME,…]
 *                                        [--json FILE] [--svg FILE]
 *
 * @module
 */
import { parseArgs } from "node:util";
import { loadPeers, peerNames } from "../peers/index.ts";
import { environment } from "./environment.ts";
import { measure, type Measurement, type Subject } from "./measure.ts";
import { checkReferences } from "./reference_check.ts";
import { lineChart } from "./svg.ts";
import { timeTable } from "./table.ts";

const { values: options } = parseArgs({
  args: Deno.args,
  options: {
    quick: { type: "boolean", default: false },
    sizes: { type: "string", default: "64,256,1024" },
    batches: { type: "string", default: "1" },
    peers: { type: "string", default: peerNames.join(",") },
    json: { type: "string" },
    svg: { type: "string" },
  },
});

checkReferences();
const facts = environment();
for (const [key, value] of Object.entries(facts)) console.log(`${key}: ${value}`);

const peers = await loadPeers(options.peers.split(","), { quick: options.quick });
const notes: Record<string, string> = {};
const skipped: { name: string; reason: string }[] = [];
for (const peer of peers) {
  if (!peer.available) {
    skipped.push({ name: peer.name, reason: peer.reason });
    console.log(`${peer.name}: skipped, ${peer.reason}`);
  } else if (peer.note !== undefined) {
    notes[peer.name] = peer.note;
    console.log(`${peer.name}: ${peer.note}`);
  }
}

const measurements: Measurement[] = [];
const progress = Deno.stderr.isTerminal()
  ? (text: string) => Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${text}`))
  : undefined;

async function measureAll(subjects: Subject[]): Promise<void> {
  measurements.push(...await measure(subjects, { quick: options.quick, onProgress: progress }));
  for (const subject of subjects) subject.dispose?.();
}

const available = peers.filter((peer) => peer.available);
await measureAll(available.flatMap((peer) => peer.overhead?.() ?? []));
const batches = options.batches.split(",").map(Number);
for (const batch of batches) {
  for (const n of options.sizes.split(",").map(Number)) {
    const subjects: Subject[] = [];
    for (const peer of available) subjects.push(...await peer.create(n, batch));
    // One group after the other: a 64 MiB matrix between two transforms would empty the caches for the second.
    for (const group of new Set(subjects.map((subject) => subject.group))) {
      await measureAll(subjects.filter((subject) => subject.group === group));
    }
  }
}
progress?.("");

for (const batch of batches) {
  for (const group of new Set(measurements.map((m) => m.group))) {
    if (measurements.some((m) => m.group === group && m.batch === batch)) {
      console.log("\n" + timeTable(measurements, group, batch, true));
    }
  }
}

if (options.json !== undefined) {
  const report = {
    environment: facts,
    notes,
    skipped,
    measurements: measurements.map(({ rounds: _, ...m }) => m),
  };
  await Deno.writeTextFile(options.json, JSON.stringify(report, null, 2) + "\n");
}
if (options.svg !== undefined) {
  const shown = measurements.filter((m) => m.group === "complex transforms" && m.batch === batches[0]);
  const series = [...new Set(shown.map((m) => m.name))].map((name) => ({
    name,
    points: shown.filter((m) => m.name === name).map((m) => [m.n, m.perVector] as const),
  }));
  const text = lineChart({
    title: "Complex FFT, one vector",
    xLabel: "n (complex numbers)",
    yLabel: "time per vector (µs)",
    series,
  });
  await Deno.writeTextFile(options.svg, text);
}
