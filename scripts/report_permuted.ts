/**
 * Digits whose rows and columns are in bit-reversed order: they are put right without labels, by total variation alone (Dao et al.
 * 2020, section 3.2 and B.3), and a small convolutional network tells them apart.
 *
 * The digits are those of the folder that PAPILLON_MNIST names; nothing is written without it.
 */
import {
  BatchNorm,
  Conv2d,
  evaluate,
  Flatten,
  Linear,
  Pool2d,
  Relu,
  Sequential,
  train,
  warmCosine,
} from "../src/layers/mod.ts";
import { bitReversal, learnPermutation } from "../src/mod.ts";
import { Cells } from "./report_cells.ts";
import { type DigitSets, digitSets, SIDE, TESTED, TRAINED } from "./report_layers_data.ts";
import {
  anywhere,
  blankLines,
  centred,
  type Compared,
  compared,
  gathered,
  type Learned,
  learnLines,
  lineDifferences,
  ofAxes,
  sameImages,
  variation,
} from "./report_permuted_lines.ts";
import { accuracyPlot, coursePlot, imagePlot } from "./report_permuted_plots.ts";

const SEEDS = 10, NETWORKS = 3, AREA = SIDE * SIDE;
/** The descent of the relaxation. */
const DESCENT = { steps: 400, samples: 8, rate: 0.3, temperatures: [0.5, 0.1], entropy: 0.02 } as const;
const EPOCHS = 4, BATCH = 32, RATE = 1e-2;
/** The permutation without axes: images, steps and seconds. */
const FREE = { images: 32, steps: 150, seconds: 60 } as const;
const ORDER = [...bitReversal(SIDE)], PERMUTED = ofAxes([ORDER, ORDER]);

/** Digits, permuted, with what is known of them. */
interface Subject {
  readonly name: string;
  readonly original: Float32Array<ArrayBuffer>;
  readonly test: Float32Array<ArrayBuffer>;
  readonly differences: readonly Float64Array[];
  /** Of the original images: rows, then columns. */
  readonly blank: readonly boolean[][];
}

/** What came of one seed. */
interface Outcome {
  readonly axes: readonly Learned[];
  /** After blank lines were moved to both sides: rows and columns of the permuted image. */
  readonly lines: readonly number[][];
  readonly compared: readonly Compared[];
  /** Test images that look as the originals do, every pixel. */
  readonly same: number;
}

interface Free {
  readonly variations: readonly number[];
  readonly neighbours: number;
  readonly stopped: string;
}

function subject(
  name: string,
  original: Float32Array<ArrayBuffer>,
  test: Float32Array<ArrayBuffer>,
): Subject {
  const differences = lineDifferences({ data: gathered(original, PERMUTED), side: SIDE });
  return { name, original, test, differences, blank: blankLines({ data: original, side: SIDE }) };
}

async function learned(
  { differences, blank, test }: Subject,
  seed: number,
  signal: AbortSignal,
  steps: number = DESCENT.steps,
): Promise<Outcome> {
  const axes: Learned[] = [];
  for (const own of differences) {
    axes.push(await learnLines(own, { ...DESCENT, steps, seed, signal }) ?? cut());
  }
  // Which lines are blank is seen in the permuted images; the rest is compared with the truth.
  const lines = axes.map(({ axis }, k) => centred(axis, ORDER.map((line) => blank[k][line])));
  const results = lines.map((axis, k) => compared(axis.map((line) => ORDER[line]), blank[k]));
  const found = gathered(gathered(test, PERMUTED), ofAxes(lines));
  return { axes, lines, compared: results, same: sameImages(found, test, results) };
}

class Interrupted extends Error {}

function cut(): never {
  throw new Interrupted();
}

function network(seed: number): Sequential {
  const gain = Math.SQRT2, slide = { stride: 2, padding: 1, gain };
  return new Sequential([
    new Conv2d(1, 8, 3, { ...slide, seed: 3 * seed }),
    new BatchNorm(8),
    new Relu(),
    new Conv2d(8, 16, 3, { ...slide, seed: 3 * seed + 1 }),
    new BatchNorm(16),
    new Relu(),
    new Pool2d("max", 2),
    new Flatten(),
    new Linear(256, 10, { seed: 3 * seed + 2 }),
  ]);
}

/** The accuracy of a network that was trained on images whose pixels change places. */
async function accuracy(
  digits: DigitSets,
  index: ArrayLike<number>,
  seed: number,
  signal: AbortSignal,
  say: (done: number) => void,
): Promise<number> {
  const [examples, others] = [digits.train, digits.test].map(({ inputs, labels }) => {
    const data = gathered(inputs.data as Float32Array<ArrayBuffer>, index);
    return { inputs: { data, shape: [data.length / AREA, 1, SIDE, SIDE] }, labels };
  });
  const model = network(seed);
  const { stopped, divergence } = await train(model, examples, {
    epochs: EPOCHS,
    batch: BATCH,
    rate: warmCosine(RATE, { warm: 50 }),
    seed,
    signal,
    onProgress: ({ epoch, batch, batches }) => say((epoch + batch / batches) / EPOCHS),
  });
  if (stopped === "cancelled") cut();
  if (divergence) {
    throw new Error(`Training stopped in epoch ${divergence.epoch + 1}: ${divergence.what} is not finite`);
  }
  return evaluate(model, others).accuracy;
}

/** One permutation of all pixels, of which nothing is known. */
async function free({ original }: Subject, signal: AbortSignal): Promise<Free> {
  const data = Float64Array.from(original.subarray(0, FREE.images * AREA)),
    room = new Float64Array(data.length);
  const permuted = gathered(data, PERMUTED);
  const { index, loss, stopped } = await learnPermutation(
    permuted,
    AREA,
    (x, gradient) => variation(x, SIDE, gradient),
    { starts: 1, steps: FREE.steps, budgetSeconds: FREE.seconds, signal },
  );
  if (stopped === "cancelled") cut();
  const places = [...index].map((i) => PERMUTED[i]);
  let neighbours = 0;
  places.forEach((place, i) => {
    for (const [next, there] of [[i + 1, (i + 1) % SIDE > 0], [i + SIDE, i + SIDE < AREA]] as const) {
      if (!there) continue;
      const rows = Math.abs(Math.floor(place / SIDE) - Math.floor(places[next] / SIDE));
      if (rows + Math.abs(place % SIDE - places[next] % SIDE) === 1) neighbours++;
    }
  });
  return {
    variations: [variation(permuted, SIDE, room), loss, variation(data, SIDE, room)],
    neighbours: neighbours / (2 * SIDE * (SIDE - 1)),
    stopped,
  };
}

/** Writes README.md and pictures into a folder. */
export async function permutedDigits(folder: string): Promise<void> {
  const path = Deno.env.get("PAPILLON_MNIST");
  let digits: DigitSets | undefined;
  try {
    if (path !== undefined) digits = await digitSets(path);
  } catch (error) {
    const message = (error as Error).message;
    console.error(message.startsWith("Cannot ") ? message : `Cannot read the digits in ${path}: ${message}`);
    Deno.exitCode = 1;
    return;
  }
  if (!digits) {
    console.error("Nothing is written: PAPILLON_MNIST names no folder with t10k-images-idx3-ubyte.gz");
    return;
  }
  const abort = new AbortController(), interrupt = (): void => abort.abort();
  Deno.addSignalListener("SIGINT", interrupt);
  const done: string[] = [];
  try {
    await written(folder, digits, abort.signal, done);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    console.error(
      `\nInterrupted. Done so far: ${done.join("; ") || "nothing"}. The same command goes on from there.`,
    );
    Deno.exitCode = 130;
  } finally {
    Deno.removeSignalListener("SIGINT", interrupt);
  }
}

async function written(
  folder: string,
  digits: DigitSets,
  signal: AbortSignal,
  done: string[],
): Promise<void> {
  const cells = new Cells("permuted");
  const cell = async <T>(key: string, work: () => Promise<T>, about: (value: T) => string): Promise<T> => {
    if (signal.aborted) cut();
    const value = await cells.get(key, work);
    console.error(`${key}: ${about(value)}`);
    done.push(key);
    return value;
  };
  const [images, others] = [digits.train, digits.test].map(({ inputs }) =>
    inputs.data as Float32Array<ArrayBuffer>
  );
  const subjects = [
    subject("in the middle", images, others),
    subject("anywhere", anywhere({ data: images, side: SIDE }, 1), anywhere({ data: others, side: SIDE }, 2)),
  ];
  const outcomes: Outcome[][] = [],
    about = (outcome: Outcome): string => `${right(outcome)} of ${AREA} positions right`;
  for (const one of subjects) {
    const own: Outcome[] = [];
    for (let seed = 0; seed < SEEDS; seed++) {
      own.push(await cell(`digits ${one.name}, seed ${seed}`, () => learned(one, seed, signal), about));
    }
    outcomes.push(own);
  }
  const begun: Outcome[] = [];
  for (let seed = 0; seed < SEEDS; seed++) {
    const work = (): Promise<Outcome> => learned(subjects[0], seed, signal, 1);
    begun.push(await cell(`small changes alone, seed ${seed}`, work, about));
  }
  const inputs = [
    { name: "original", index: () => Uint32Array.from({ length: AREA }, (_, i) => i) },
    { name: "permuted", index: () => PERMUTED },
    {
      name: "learned permutation",
      index: (seed: number) => ofAxes(outcomes[0][seed].lines).map((i) => PERMUTED[i]),
    },
  ];
  const accuracies: { name: string; accuracies: number[] }[] = [];
  for (const { name, index } of inputs) {
    const own: number[] = [];
    for (let seed = 0; seed < NETWORKS; seed++) {
      const key = `network, ${name}, seed ${seed}`;
      const work = (): Promise<number> => accuracy(digits, index(seed), seed, signal, progress(key));
      own.push(await cell(key, work, percent));
    }
    accuracies.push({ name, accuracies: own });
  }
  const free1024 = await cell(
    "one free permutation",
    () => free(subjects[0], signal),
    ({ variations }) => `variation ${variations.map((value) => value.toFixed(1)).join(", ")}`,
  );

  await Deno.mkdir(folder, { recursive: true });
  const [first] = outcomes, [{ original }] = subjects, some = original.subarray(0, 10 * AREA);
  const shuffled = gathered(some, PERMUTED);
  const save = (name: string, text: string): Promise<void> => Deno.writeTextFile(`${folder}/${name}`, text);
  await save("variation.svg", coursePlot(first.map(course), ...total(subjects[0])));
  await save(
    "digits.svg",
    imagePlot([
      { name: "permuted", data: shuffled },
      ...first.slice(0, 2).map(({ axes, lines }, seed) => [
        {
          name: `learned, seed ${seed}`,
          data: gathered(shuffled, ofAxes(axes.map(({ axis }) => axis))),
        },
        { name: "… centred", data: gathered(shuffled, ofAxes(lines)) },
      ]).flat(),
      { name: "original", data: some },
    ], SIDE),
  );
  await save("accuracy.svg", accuracyPlot(accuracies));
  await save("README.md", page(subjects, outcomes, begun, accuracies, free1024, cells.seconds));
  cells.done();
}

/** Says a part that is done on a line of its own in terminals. */
function progress(key: string): (done: number) => void {
  if (!Deno.stderr.isTerminal()) return () => {};
  return (done) =>
    Deno.stderr.writeSync(new TextEncoder().encode(`\r${key}: ${Math.floor(100 * done)} % \r`));
}

function right({ compared: [rows, columns] }: Outcome): number {
  return rows.right * columns.right;
}

function course({ axes: [rows, columns] }: Outcome): { annealed: number[]; improved: [number, number][] } {
  // One axis after the other.
  const improved: [number, number][] = rows.improved.map(([at, value]) => [at, value + columns.rounded]);
  const [tried, reached] = rows.improved.at(-1)!;
  for (const [at, value] of columns.improved.slice(1)) improved.push([tried + at, reached + value]);
  return { annealed: rows.annealed.map((value, i) => value + columns.annealed[i]), improved };
}

/** The variation of the original and of the permuted images. */
function total({ original }: Subject): [number, number] {
  return [original, gathered(original, PERMUTED)].map((data) =>
    variation(Float64Array.from(data), SIDE, new Float64Array(data.length))
  ) as [number, number];
}

const percent = (part: number): string => `${(100 * part).toFixed(1)} %`;
const points = (part: number): string => (100 * part).toFixed(1);
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length;

function page(
  subjects: readonly Subject[],
  outcomes: readonly Outcome[][],
  begun: readonly Outcome[],
  accuracies: readonly { readonly name: string; readonly accuracies: readonly number[] }[],
  { variations, neighbours, stopped }: Free,
  spent: number,
): string {
  const complete = (own: readonly Outcome[]): number =>
    own.filter((outcome) => right(outcome) === AREA).length;
  const exact = outcomes.map(complete);
  const tried = (own: readonly Outcome[]): number =>
    Math.round(mean(own.map(({ axes }) => axes.reduce((sum, { improved }) => sum + improved.at(-1)![0], 0))));
  const same = outcomes.map((own) => own.filter((outcome) => outcome.same === TESTED).length);
  const empty = subjects.map(({ blank }) => blank.map((own) => own.filter(Boolean).length));
  const told = (own: readonly boolean[]): string =>
    [...own.keys()].filter((line) => own[line]).join(", ") || "none";
  const [truth, permuted] = total(subjects[0]);
  const rounded = ({ axes }: Outcome): number => axes.reduce((sum, one) => sum + one.rounded, 0);
  const rid = (own: readonly Outcome[]): number => (permuted - mean(own.map(rounded))) / (permuted - truth);
  const alone = outcomes[0].filter((outcome) => rounded(outcome) < truth + 1e-6).length;
  const row = (outcome: Outcome, seed: number): string => {
    const { axes, compared, same } = outcome,
      sum = (of: (one: Learned) => number): string =>
        axes.reduce((value, one) => value + of(one), 0).toFixed(1);
    const ways = compared.map(({ flipped, moved }) =>
      (flipped ? "backwards" : "forwards") + (moved ? `, ${moved > 0 ? "+" : "−"}${Math.abs(moved)}` : "")
    );
    return `| ${
      [
        seed,
        sum(({ annealed }) => annealed.at(-1)!),
        sum(({ rounded }) => rounded),
        sum(({ improved }) => improved.at(-1)![1]),
        right(outcome),
        ...ways,
        same,
      ].join(" | ")
    } |`;
  };
  const tables = subjects.map((one, k) => {
    const [truth, permuted] = total(one);
    return `Total variation of an image, in the mean: ${truth.toFixed(1)} as it was, ${
      permuted.toFixed(1)
    } permuted.

| seed | samples at the end | rounded | after small changes | positions right | rows | columns | test images equal |
| --: | --: | --: | --: | --: | --- | --- | --: |
${outcomes[k].map(row).join("\n")}
`;
  });
  const means = accuracies.map(({ accuracies }) => mean(accuracies));
  const spread = Math.max(
    ...accuracies.map(({ accuracies }) => Math.max(...accuracies) - Math.min(...accuracies)),
  );
  return `# Permuted digits

Written by \`PAPILLON_MNIST=folder deno task report permuted\`. Handwritten digits, 28×28 in the middle of ${SIDE}×${SIDE}, whose rows and
columns are in bit-reversed order: one fixed permutation of all ${AREA} pixels, as in Dao et al. 2020 (Kaleidoscope, 3.2 and B.3,
there on CIFAR-10). It is learned without labels from the total variation of the ${TRAINED} training images; then a small
convolutional network is trained. ${TESTED} other images are for testing.

**Goal: recovered from at least 8 of ${SEEDS} seeds. ${exact[0] >= 8 ? "Met" : "Missed"}: ${
    exact[0]
  } of ${SEEDS}**, all ${AREA} positions, up to the symmetries
below; ${exact[1]} of ${SEEDS} for digits anywhere in the frame, ${
    empty[1].every((count) => count === 0)
      ? "where no line is blank, so that all that can differ are reflections"
      : "where hardly a line is blank"
  }.

![Digits as they are given, learned, and as they were](digits.svg)

## How it is learned

\`learnPermutation\`, one permutation of ${SIDE} lines for rows and one for columns: a butterfly B\\*B of doubly stochastic 2×2 blocks
p·I + (1 − p)·swap. Each of ${DESCENT.steps} steps draws ${DESCENT.samples} choices of all blocks (binary Concrete, temperature ${
    DESCENT.temperatures.join(" to ")
  }), Adam
follows the gradient of the loss and of the entropy, whose weight grows; at the end each block takes its likelier choice. Then stretches
of lines are reversed or change places as long as that makes the variation smaller. One start for each seed.

The loss is the anisotropic total variation Σ|x[i+1, j] − x[i, j]| + |x[i, j+1] − x[i, j]| of all training images, and what is outside
of them is black: without that, cutting every digit through the middle would be smoother than the truth. For whole lines
it is a sum of differences D[a, b] of two lines, rows and columns apart, so that D is calculated once; between
permutations, where P is doubly stochastic, it goes on as Σᵢ Σ_ab P[i, a]·P[i+1, b]·D[a, b], which blurring does not make smaller (the
variation of mixed images would be smallest for the grey mean of all lines).

**The relaxation alone does not get there**: rounded, it is rid of ${
    percent(rid(outcomes[0]))
  } of the variation that the
permutation added, ${
    alone === 0 ? "and no seed is exact" : `${alone} seeds are exact`
  } before the small changes, which do the rest. Both are columns of the tables.
Nor are 32 lines so many that the small changes would need it: behind one single step, that is from random orders, they come to the
truth from ${complete(begun)} of ${SEEDS} seeds, after ${
    tried(begun)
  } changes that were tried in the mean, and behind the relaxation after ${tried(outcomes[0])}.

![Total variation by step and by change](variation.svg)

## What total variation cannot see

- **Reflections**: rows, columns or both may run backwards. Which way is a matter of rounding: a whole order is turned where the sum
  then is smaller in its last bit, so seeds may agree in it.
- **Blank lines** without any ink in all training images are all the same, and so may stand in each other's place. Of digits in the
  middle, there are ${empty[0][0]} rows (${told(subjects[0].blank[0])}) and ${empty[0][1]} columns (${
    told(subjects[0].blank[1])
  }); anywhere in the frame, ${empty[1][0]} and ${empty[1][1]}.
- **Moving** the whole picture along an axis, as far as it has blank lines: the outside is black too. So blank lines are put in
  equal parts on both sides afterwards ("centred"); with an odd number of them, a picture may be one line off, as the table says.

(Rows cannot change places with columns here, as each axis has a permutation of its own.) "Positions right" counts positions that show the
right pixel at the best of these symmetries, "test images equal" those of ${TESTED} images in which every pixel then is that of
the original: nothing else differs where both are complete (${same[0]} and ${same[1]} of ${SEEDS} seeds).

## Digits in the middle

${tables[0]}
## Digits anywhere

The box around the ink of each digit is put at a random place of the frame.

${tables[1]}
## A network on top

Two 3×3 convolutions (8 and 16 channels, stride 2, batch normalisation, relu), pooling, one dense layer: ${
    network(0).parameterCount
  } parameters, ${EPOCHS} epochs,
Adam, the same seeds for all inputs; network seed k gets the permutation learned from seed k.

| input | ${accuracies[0].accuracies.map((_, seed) => `seed ${seed}`).join(" | ")} | mean |
| --- | ${accuracies[0].accuracies.map(() => "--:").join(" | ")} | --: |
${
    accuracies.map(({ name, accuracies }, k) =>
      `| ${name} | ${[...accuracies, means[k]].map(percent).join(" | ")} |`
    )
      .join("\n")
  }

![Accuracy by input](accuracy.svg)

The permutation costs ${points(means[0] - means[1])} points; with what was learned, ${
    Math.abs(means[0] - means[2]) < spread
      ? "none of that is left beyond what seeds differ in"
      : "some is left"
  }: ${points(Math.abs(means[2] - means[0]))} ${
    means[2] < means[0] ? "less" : "more"
  } than the original in the mean, where seeds of one input are up to ${points(spread)} apart.
The images differ from the originals in the symmetries alone. (The paper, on CIFAR-10 with a ResNet: 73.7 %
permuted, 93.6 % learned, 94.9 % original.)

## One permutation of all ${AREA} pixels

Without the knowledge that there are rows and columns, \`learnPermutation\` with one axis of ${AREA}, ${FREE.images} images, ${FREE.steps} steps and at most ${FREE.seconds}
seconds, **does not work**: the variation goes from ${variations[0].toFixed(1)} to ${
    variations[1].toFixed(1)
  }, that of the original images is ${variations[2].toFixed(1)};
${percent(neighbours)} of neighbours are neighbours in truth. It ended by ${
    stopped === "starts" ? "itself" : "its time"
  }: a sweep of small changes of so many pixels is half a million, each of which measures all images.

All cells of this page took ${
    (spent / 60).toFixed(1)
  } minutes. A run that is cut off (Ctrl-C tells what is done) goes on where it was.
`;
}
