/**
 * Hidden layers of 1024 units of different structure on handwritten digits: accuracy, parameters and time. Trained from
 * seeds; all but the times is the same in every run.
 *
 * The digits are the test images of MNIST, from the folder that PAPILLON_MNIST names. With PAPILLON_QUICK, times are taken of few
 * samples.
 */
import { environment } from "../bench/lib/environment.ts";
import { type Measurement, timeRatio } from "../bench/lib/measure.ts";
import { count, microseconds, ratio } from "../src/cli/text.ts";
import { machine, readSafetensors } from "../src/mod.ts";
import { BATCH, digitSets, SHIFT, TESTED, TRAINED } from "./report_layers_data.ts";
import { EPOCHS, HIDDEN, hiddenLayer, makeNetwork, WIDTH } from "./report_layers_networks.ts";
import { bars, scatter } from "./report_layers_plot.ts";
import { accuracySpread, difference, signed, standardError } from "./report_layers_statistics.ts";
import { BATCHES, measureNetworks, type NetworkTimes } from "./report_layers_times.ts";
import { checkpointPath, trainAll } from "./report_layers_train.ts";
import type { Outcome } from "./report_layers_worker.ts";

const SEEDS: readonly number[] = [1, 2];
/** Where interrupted training is kept. */
const STATE = "out/report-layers";
/** The goals: points below dense, times fewer parameters in the layer, times faster. */
const POINTS = 0.5, FEWER = 40, FASTER = 4;

/** What is known of a network. */
interface Row {
  readonly name: string;
  /** Trained numbers of the hidden matrix, without the bias. */
  readonly parameters: number;
  readonly outcomes: readonly Outcome[];
}

/** Whether others use the processor: then only the fastest samples say something. */
const BUSY = Deno.loadavg()[0] > navigator.hardwareConcurrency / 2;

/** Microseconds for a digit. */
function perDigit({ median, min, batch }: Measurement): number {
  return (BUSY ? min : median) / batch;
}

/** How many times faster than the dense network on papillon's kernels. */
function faster({ network }: NetworkTimes, name: string, batch: number): number {
  const dense = network.get("dense")!.get(batch)!, one = network.get(name)!.get(batch)!;
  return BUSY ? perDigit(dense) / perDigit(one) : timeRatio(dense, one);
}

function accuracyTable(rows: readonly Row[], dense: Row): string {
  const lines = rows.map((row) => {
    const { name, parameters, outcomes } = row, { mean, deviation } = accuracySpread(outcomes);
    const less = row === dense ? "" : signed(difference(outcomes, dense.outcomes, TESTED));
    return `| ${name} | ${HIDDEN[name].about} | ${count(parameters)} | ${ratio(WIDTH ** 2 / parameters)} | ${
      mean.toFixed(2)
    } ± ${deviation.toFixed(2)} | ${less} |`;
  });
  return [
    "| hidden layer | | parameters | times fewer | % right | points above dense |",
    "|---|---|--:|--:|--:|--:|",
    ...lines,
  ].join("\n");
}

function timeTable(rows: readonly Row[], times: NetworkTimes): string {
  const peers = [...times.network.keys()].filter((name) => rows.every((row) => row.name !== name));
  const cell = (group: keyof NetworkTimes, name: string, batch: number): string => {
    const found = times[group].get(name)?.get(batch);
    return found ? microseconds(perDigit(found)) : "";
  };
  const lines = [...rows.map(({ name }) => name), ...peers].map((name) => {
    const label = peers.includes(name) ? `dense, in ${name}` : name;
    const parts = (["layer", "network"] as const).flatMap((group) =>
      BATCHES.map((batch) => cell(group, name, batch))
    );
    return `| ${
      [label, ...parts, ...BATCHES.map((batch) => ratio(faster(times, name, batch)))].join(" | ")
    } |`;
  });
  return [
    "| | layer, 1 | layer, 64 | network, 1 | network, 64 | × faster, 1 | × faster, 64 |",
    "|---|--:|--:|--:|--:|--:|--:|",
    ...lines,
  ].join("\n");
}

/** Which networks reach the goals, in words. */
function verdict(rows: readonly Row[], dense: Row, times: NetworkTimes): string {
  const lines = rows.filter((row) => row !== dense && WIDTH ** 2 / row.parameters >= FEWER).map((row) => {
    const { mean, deviation } = difference(row.outcomes, dense.outcomes, TESTED);
    const speeds = BATCHES.map((batch) => faster(times, row.name, batch));
    const near = mean >= -POINTS, fast = speeds.every((speed) => speed >= FASTER);
    return `- **${row.name}**: ${near ? "within" : "not within"} ${POINTS} points (${
      signed({ mean, deviation })
    }), ${ratio(WIDTH ** 2 / row.parameters)} times fewer parameters, ${
      speeds.map(ratio).join(" and ")
    } times faster: ${near && fast ? "met" : "missed"}.`;
  });
  return lines.join("\n");
}

/** What is said of the load, where others used the processor. */
function busy(): string {
  const { load, processor, runtime } = environment();
  return `${processor}; ${runtime}; ${machine().name} kernels, one thread.${
    BUSY
      ? ` **The machine was busy** (load ${load} on ${navigator.hardwareConcurrency} processors), so times are too long and ratios rough.`
      : ""
  }`;
}

/** Writes README.md and two pictures into a folder. */
export async function layers(folder: string): Promise<void> {
  const data = Deno.env.get("PAPILLON_MNIST");
  const sets = data === undefined ? undefined : await digitSets(data);
  if (data === undefined || sets === undefined) {
    console.error("Skipped: PAPILLON_MNIST names no folder with t10k-images-idx3-ubyte.gz and its labels");
    return;
  }
  const networks = new URL("./report_layers_networks.ts", import.meta.url).href;
  const outcomes = await trainAll({ networks, data, state: STATE, names: Object.keys(HIDDEN), seeds: SEEDS });
  const rows = [...outcomes].map(([name, outcomes]): Row => ({
    name,
    parameters: hiddenLayer(name, 1).parameterCount - WIDTH,
    outcomes,
  })).sort((a, b) => b.parameters - a.parameters);
  const dense = rows.find(({ name }) => name === "dense")!;
  const trained = new Map(rows.map(({ name }) => {
    const { model } = makeNetwork(name, SEEDS[0]);
    model.load(readSafetensors(Deno.readFileSync(checkpointPath(STATE, name, SEEDS[0]))));
    return [name, model];
  }));
  console.error("Measuring");
  const quick = Deno.env.has("PAPILLON_QUICK"),
    times = await measureNetworks(trained, sets.test.inputs.data, quick),
    best = accuracySpread(dense.outcomes);
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(
    `${folder}/accuracy.svg`,
    scatter(
      rows.map(({ name, parameters, outcomes }) => {
        const { mean } = accuracySpread(outcomes), strong = name === "butterfly";
        return { name, x: parameters, y: mean, error: standardError(mean, TESTED), strong };
      }),
      {
        title: "Digits told with a hidden layer of 1024 units",
        xLabel: "parameters of the hidden matrix",
        yLabel: "% of the test digits",
        band: { from: best.mean, depth: POINTS, text: `within ${POINTS} points of dense` },
      },
    ),
  );
  const shown = [...times.network].map(([name, at]) => ({
    name: HIDDEN[name] ? name : `dense, ${name}`,
    values: BATCHES.map((batch) => perDigit(at.get(batch)!)),
    strong: name === "butterfly",
  })).sort((a, b) => a.values[0] - b.values[0]);
  await Deno.writeTextFile(
    `${folder}/time.svg`,
    bars(shown, {
      title: "Time of the whole network for a digit",
      xLabel: `µs per digit, ${BUSY ? "fastest sample" : "median"}`,
      legend: BATCHES.map((batch) => batch === 1 ? "one at a time" : `${batch} at a time`),
    }),
  );
  await Deno.writeTextFile(
    `${folder}/README.md`,
    `# Hidden layers on digits

Written by \`PAPILLON_MNIST=FOLDER deno task report layers\`, where FOLDER has \`t10k-images-idx3-ubyte.gz\` and
\`t10k-labels-idx1-ubyte.gz\`; some minutes on two cores. An interrupted run goes on where it was, from the checkpoints in
\`${STATE}\`, which are removed when the page is written.

A network 1024 → 1024 → relu → 10, as in Dao et al. 2019 (section 4.2) and 2020: the hidden matrix has a structure, biases and
the last layer are the same for all. The first ${TRAINED} digits of the test set of MNIST are learned, the last ${TESTED} are
told; 28×28 pixels stand in the middle of 32×32. All networks alike: ${EPOCHS} epochs of batches of ${BATCH}, Adam, a rate that rises
over 100 steps and falls by a cosine, images moved by up to ${SHIFT} pixels, seeds ${
      SEEDS.join(", ")
    }. The highest rate is ${HIDDEN["dense"].rate} for dense
matrices and ${HIDDEN["butterfly"].rate} for the others, the better of ${
      HIDDEN["butterfly"].rate
    } and 0.003 on the digits that are learned.

## Accuracy

${accuracyTable(rows, dense)}

![Accuracy against parameters](accuracy.svg)

"±" behind "% right" is the deviation between seeds; bars in the picture are the standard error of ${TESTED} digits, ${
      standardError(best.mean, TESTED).toFixed(2)
    } points
for the dense network. Differences are smaller than that makes one think, as all are tried on the same digits: "±" behind
"points above dense" is the standard error of the mean difference, digit by digit. A difference of less than twice that is none
that ${TESTED} digits can show.

At equal parameters, ${
      count(rows.find(({ name }) => name === "butterfly")!.parameters)
    }, are butterfly, Monarch and low rank 10; ${
      count(rows.find(({ name }) => name === "BPBP")!.parameters)
    } have BPBP, BB\\* and
low rank 20. A circulant matrix has 1024 numbers, and a Monarch matrix of 32 blocks twice 32 768: they cannot have more or fewer. Each layer has 1024 biases besides.

## Time

Microseconds for a digit, one or ${
      BATCHES[1]
    } at a time, of the hidden layer and of the whole network (\`Sequential.freeze\`), from an array to
an array; ${
      BUSY ? "the fastest" : "medians"
    } of samples taken in turns, after the results were compared with float64. "× faster" is against the
dense network on papillon's own kernels. The dense network in other WebAssembly runtimes, one thread each, stands
below. ${busy()}

${timeTable(rows, times)}

![Time for a digit](time.svg)

## Goals

At most ${POINTS} points below dense, at least ${FEWER} times fewer parameters in the layer, at least ${FASTER} times faster from end to end, one and ${
      BATCHES[1]
    } at a
time:

${verdict(rows, dense, times)}
`,
  );
  await Deno.remove(STATE, { recursive: true });
}
