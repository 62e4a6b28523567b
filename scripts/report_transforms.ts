/**
 * The table of Dao et al. 2019: how near learning comes to nine matrices of 8 … 1024 points, beside the errors that the
 * authors report, and beside low rank, sparse, and sparse plus low rank matrices of as many numbers.
 */
import { cpuUsage } from "node:process";
import { small } from "../src/cli/text.ts";
import { TARGETS } from "../src/cli/targets.ts";
import { approximateLowRank, approximateSparse, checkTarget, type Fit, learn } from "../src/mod.ts";
import { sparseLowRankTask } from "../src/learn/baselines/sparse_low_rank.ts";
import { runTask } from "../src/learn/task.ts";
import { Cells } from "./report_cells.ts";
import { errorPlots } from "./report_plot.ts";

const SIZES = [8, 16, 32, 64, 128, 256, 512, 1024];
/** Seconds that a target may take on a busy machine; it should end by itself. */
const BUDGET = 300;
/** Seconds for one robust PCA, of at most 30 rounds; what it has by then is taken. */
const ROBUST = 20;

/**
 * Root mean square errors by size: rmse.pkl in learning_transforms/ of the authors' repository, HazyResearch/butterfly,
 * March 2019; models BP, for DCT and DST BPP, for convolution BPBP.
 */
const THEIRS: readonly (readonly [title: string, name: string, rmse: readonly number[]])[] = [
  ["DFT", "dft", [3.096e-06, 4.605e-06, 8.722e-06, 1.035e-05, 2.006e-05, 3.773e-05, 8.011e-05, 5.704e-05]],
  ["DCT", "dct", [4.424e-06, 1.077e-05, 8.604e-06, 1.215e-05, 2.121e-05, 1.919e-05, 3.149e-05, 7.282e-05]],
  ["DST", "dst", [1.111e-06, 7.477e-06, 4.569e-05, 5.097e-05, 2.968e-05, 2.119e-05, 3.598e-05, 4.563e-05]],
  ["Convolution", "convolution", [
    4.045e-06,
    2.539e-05,
    6.45e-05,
    7.589e-05,
    5.927e-05,
    7.814e-05,
    6.345e-05,
    0.01912,
  ]],
  ["Hadamard", "hadamard", [
    8.793e-07,
    7.761e-06,
    1.336e-05,
    3.913e-05,
    3.472e-05,
    4.504e-05,
    6.088e-05,
    3.595e-05,
  ]],
  ["Hartley", "hartley", [
    3.423e-06,
    8.966e-06,
    1.108e-05,
    1.302e-05,
    3.584e-05,
    4.299e-05,
    4.515e-05,
    3.558e-05,
  ]],
  ["Legendre", "legendre", [0.03401, 0.02919, 0.02365, 0.01378, 0.007927, 0.004492, 0.00259, 0.001571]],
  ["Hilbert", "hilbert", [0.006381, 0.005908, 0.004153, 0.002746, 0.00162, 0.001067, 0.0006504, 0.0003728]],
  ["Random", "randn", [0.1391, 0.1585, 0.1444, 0.1134, 0.08394, 0.06101, 0.04406, 0.03119]],
];
/** Those that no model of this size is, and that are looked at once more with as many numbers as the authors' models. */
const APPROXIMATED = ["legendre", "hilbert", "randn"];

/** What is learned of a target. */
interface Learned extends Pick<Fit, "model" | "realPart" | "parameters" | "field"> {
  readonly n: number;
  readonly rmse: number;
  /** Of the processor, so that it does not matter what else the machine does. */
  readonly seconds: number;
  /** The error with as many numbers as one complex butterfly has. */
  readonly same?: number;
}

interface Result extends Learned {
  /** Errors of low rank, sparse, and both, of as many numbers. */
  readonly baselines: readonly number[];
}

/** Writes README.md and errors.svg into a folder. */
export async function transforms(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const results: Result[][] = [], cells = new Cells("transforms");
  for (const [title, name] of THEIRS) {
    const row: Result[] = [];
    for (const n of SIZES) {
      const learned = await cells.get(`${name} ${n}`, () => result(name, n));
      const baselines = await cells.get(`${name} ${n}: baselines`, () => baseline(name, learned));
      row.push({ ...learned, baselines });
      console.error(`${title} ${n}: ${small(row.at(-1)!.rmse)} in ${small(row.at(-1)!.seconds)} s`);
    }
    results.push(row);
  }
  const plots = THEIRS.map(([title, , theirs], i) => ({
    title,
    sizes: SIZES,
    lines: [
      { name: "papillon", values: results[i].map(({ rmse }) => rmse) },
      { name: "Dao et al. 2019", values: theirs },
      ...BASELINES.map((name, k) => ({ name, values: results[i].map(({ baselines }) => baselines[k]) })),
    ],
  }));
  await Deno.writeTextFile(`${folder}/errors.svg`, errorPlots(plots, "Root mean square error of an entry"));
  await Deno.writeTextFile(`${folder}/README.md`, page(results, cells.seconds));
  cells.done();
}

/** Real numbers in the factors of one complex butterfly of n points. */
function sameNumbers(n: number): number {
  return 4 * n * Math.log2(n);
}

async function result(name: string, n: number): Promise<Learned> {
  const matrix = TARGETS.get(name)!(n), target = checkTarget(matrix.values, n, matrix.field);
  const begin = cpuUsage();
  const fit = await learn(target, { method: "closed-form", budgetSeconds: BUDGET });
  const { user, system } = cpuUsage(begin), seconds = (user + system) / 1e6;
  // The authors' error is the mean over real and imaginary parts of complex entries.
  const share = matrix.field === "complex" ? Math.SQRT1_2 : 1;
  let same: number | undefined;
  if (APPROXIMATED.includes(name)) {
    const options = { method: "closed-form", maxParameters: sameNumbers(n), budgetSeconds: BUDGET } as const;
    same = (await learn(target, options)).rmse;
  }
  const { model, realPart, parameters, field } = fit;
  return { n, model, realPart, parameters, field, rmse: fit.rmse * share, seconds, same };
}

function numbers({ parameters, field }: Result): string {
  return `${parameters}${field === "complex" ? " complex" : ""}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

function page(results: readonly Result[][], spent: number): string {
  const sizes = SIZES.map(String),
    met = (rmse: number, goal: number): string => rmse < goal ? small(rmse) : `**${small(rmse)}**`;
  const errors = THEIRS.flatMap(([title, name, theirs], i) => {
    const goal = name === "randn" ? Infinity : APPROXIMATED.includes(name) ? 1e-5 : 1e-6;
    return [
      [title, "papillon", ...results[i].map(({ rmse }) => met(rmse, goal))],
      ["", "theirs", ...theirs.map(small)],
    ];
  });
  const times = THEIRS.map(([title], i) => [title, ...results[i].map(({ seconds }) => small(seconds))]);
  const models = THEIRS.flatMap(([title], i) =>
    results[i].filter(({ n }) => n === 8 || n === 64 || n === 1024).map((r) => [
      r.n === 8 ? title : "",
      String(r.n),
      `${r.realPart ? "real part of " : ""}${r.model}`,
      numbers(r),
      String(r.n * r.n),
    ])
  );
  const same = THEIRS.flatMap(([title, name, theirs], i) =>
    APPROXIMATED.includes(name)
      ? [
        [
          title,
          "papillon",
          ...results[i].map(({ same }, k) => same === undefined ? "–" : met(same, theirs[k] * 1.0001)),
        ],
        ["", "theirs", ...theirs.map(small)],
      ]
      : []
  );
  const baselines = THEIRS.flatMap(([title], i) => [
    [title, "papillon", ...results[i].map(({ rmse }) => small(rmse))],
    ...BASELINES.map((name, k) => ["", name, ...results[i].map((r) => small(r.baselines[k]))]),
  ]);
  const flat = results.flat(), exact = results.slice(0, 6).flat(), smooth = results.slice(6, 8).flat();
  const slow = flat.filter(({ seconds }) => seconds >= 10).length;
  // Complex numbers are two each, of the model and of the dense matrix.
  const large = THEIRS.flatMap(([title, name], i) => {
    const dense = (n: number): number => n * n * (name === "dft" ? 2 : 1);
    const sizes = results[i].filter((r) => r.parameters * (r.field === "complex" ? 2 : 1) >= dense(r.n));
    return sizes.length > 0 ? [`${title} (n = ${sizes.map(({ n }) => n).join(", ")})`] : [];
  });
  const halves = results[6].every(({ n, parameters }) => parameters === n * n / 2 + 2 * n);
  const above = THEIRS.flatMap(([title, , theirs], i) =>
    results[i].flatMap(({ n, same }, k) =>
      same !== undefined && same >= theirs[k] * 1.0001
        ? [`${title} at n = ${n}: ${same.toPrecision(3)}, theirs ${theirs[k].toPrecision(3)}`]
        : []
    )
  );
  return `# Learning the transforms of Dao et al. 2019

Written by \`deno task report transforms\`. One call, \`learn(matrix, { method: "closed-form" })\`, gets the entries and
nothing else; it tries no random starts, and the same matrix always gives the same result. The matrices are those of the
authors' code (\`papillon learn NAME\`); theirs are the best errors that they report after searching seeds and learning rates.

![Errors by size](errors.svg)

## Errors

Root mean square error of an entry, over real and imaginary parts for the DFT, as the authors have it. Bold: above the goal, which is 1e-6, and 1e-5
for Legendre and Hilbert.

${table(["matrix", "", ...sizes], errors)}

The six transforms are within 1e-6 in ${
    exact.filter(({ rmse }) => rmse < 1e-6).length
  } of ${exact.length} cases, Legendre and Hilbert within 1e-5 in ${
    smooth.filter(({ rmse }) => rmse < 1e-5).length
  } of ${smooth.length}.
Random matrices have no structure; what is told is the nearest that was found.

## Seconds

Of the processor, one thread and its collection of garbage, on the machine that wrote this page. The longest took ${
    small(Math.max(...flat.map(({ seconds }) => seconds)))
  } s; ${
    slow === 0
      ? "all are below 10 s, the goal"
      : `${slow} of ${flat.length} take the 10 s of the goal, or more`
  }.

${table(["matrix", ...sizes], times)}

## What was found

${table(["matrix", "n", "model", "numbers", "dense"], models)}

${
    halves
      ? "Legendre polynomials take n²/2 + 2n numbers at every n: what their symmetry gives, a chain of one cut of rank 1.\n"
      : ""
  }${
    large.length > 0
      ? `No fewer numbers than the dense matrix (two for a complex one) take: ${
        large.join(", ")
      }. So few points are better left dense.\n`
      : ""
  }
## With as many numbers as one complex butterfly

Matrices that are no butterfly, by \`learn(matrix, { method: "closed-form", maxParameters })\` with at most 4·n·log₂n real
numbers, which are 2·n·log₂n complex ones: the entries in the factors of the authors' BP, and what they give their
baselines. Bold: above theirs.

${table(["matrix", "", ...sizes], same)}

${above.length === 0 ? "None is above theirs." : `Above theirs: ${above.join("; ")}.`}

## Baselines

Root mean square errors of other matrices of as many numbers as the model that was found (an entry of a sparse matrix counts as
two, itself and its place): low rank by the singular values, sparse by the largest entries, and both with half of the numbers
each, by alternating between the two (robust PCA, at most 30 rounds and ${ROBUST} s: with large ones it was cut off there). Where
nearly as many numbers as those of the dense matrix were needed, low rank is exact too.

${table(["matrix", "", ...sizes], baselines)}

All cells of this page together took ${small(spent / 60)} minutes. A run that is cut off goes on where it was.
`;
}

const BASELINES = ["low rank", "sparse", "sparse + low rank"];

async function baseline(name: string, fit: Learned): Promise<number[]> {
  const { n, field, values } = TARGETS.get(name)!(fit.n),
    matrix = { rows: n, cols: n, values, field },
    norm = checkTarget(values, n, field).norm;
  const share = field === "complex" ? Math.SQRT1_2 : 1;
  // Of the field of the matrix; complex factors of a real one count twice.
  const budget = fit.parameters * (fit.realPart ? 2 : 1);
  const rank = Math.max(1, Math.min(n, Math.floor(budget / (2 * n)))), entries = Math.floor(budget / 2);
  const halves = { rank: Math.max(1, rank >> 1), count: Math.max(1, Math.floor(entries / 2)) };
  const both = await runTask(sparseLowRankTask(matrix, halves), { budgetSeconds: ROBUST });
  return [
    approximateLowRank(matrix, rank).error,
    approximateSparse(matrix, Math.min(n * n, entries)).error,
    both.error,
  ].map((error) => error * norm / n * share);
}
