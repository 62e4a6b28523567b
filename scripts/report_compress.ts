/**
 * What can be compressed: error against parameters of structured and unstructured matrices, what compression costs a
 * trained network, and how long the closed form takes. All but the times is the same in every run.
 *
 * The trained matrix needs the test images of MNIST, from the folder that PAPILLON_MNIST names; its part of the page is
 * left out where they are missing.
 */
import { closedForms } from "../bench/factorize.ts";
import { brief } from "../src/cli/compress/report.ts";
import { dft } from "../src/cli/targets.ts";
import { drawErrors, type ErrorPanel } from "../src/cli/plot/errors.ts";
import { count, microseconds } from "../src/cli/text.ts";
import {
  compress,
  type Compressed,
  type Compression,
  type CompressOptions,
  Dense,
  type DenseMatrix,
  machine,
  Random,
} from "../src/mod.ts";
import { accuracy, type Digits, readDigits, train } from "./mnist.ts";

/** Points of the matrices, and sizes that are tried, parts of the dense matrix. */
const N = 256, SIZES: readonly number[] = [1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 64];
/** Images to learn from and to test with. */
const TRAINED = 8000, TESTED = 2000;
/** Gradients end by their steps long before, so that each run finds the same. */
const OPTIONS: CompressOptions = { maxParameters: SIZES[0], sizes: SIZES.slice(1), gradientSeconds: 300 };

interface Subject {
  readonly name: string;
  readonly about: string;
  readonly matrix: DenseMatrix;
}

function square(entry: (i: number, j: number) => number): DenseMatrix {
  const values = Float64Array.from({ length: N * N }, (_, k) => entry(Math.floor(k / N), k % N));
  return { rows: N, cols: N, values };
}

/** Legendre polynomials at the middles of n intervals of [−1, 1], orthonormal over all of it. */
function legendre(): DenseMatrix {
  return square((i, j) => {
    const x = (2 * j + 1) / N - 1;
    let before = 1, value = i === 0 ? 1 : x;
    for (let k = 1; k < i; k++) [before, value] = [value, ((2 * k + 1) * x * value - k * before) / (k + 1)];
    return value * Math.sqrt((2 * i + 1) / N);
  });
}

function subjects(): Subject[] {
  const random = new Random(1), { values } = dft(N);
  const places = Float64Array.from({ length: N }, () => random.uniform()).sort();
  return [
    {
      name: "DFT",
      about: "the unitary Fourier transform, complex",
      matrix: { rows: N, cols: N, values, field: "complex" },
    },
    {
      name: "DCT-II",
      about: "the cosine transform",
      matrix: square((i, j) => Math.cos(Math.PI * (2 * j + 1) * i / (2 * N))),
    },
    { name: "Legendre", about: "Legendre polynomials at the middles of 256 intervals", matrix: legendre() },
    { name: "Hilbert", about: "1/(i + j + 1)", matrix: square((i, j) => 1 / (i + j + 1)) },
    {
      name: "kernel",
      about: "exp(−10·|x − y|) between 256 random points of a line, in order: smooth but for the diagonal",
      matrix: square((i, j) => Math.exp(-10 * Math.abs(places[i] - places[j]))),
    },
    {
      name: "Gaussian",
      about: "independent normal numbers, which have no structure",
      matrix: square(() => random.normal()),
    },
  ];
}

/** The smallest error of some structures at so many parameters at most; undefined where none is so small. */
function errorAt({ tried, dense }: Compression, size: number, names: readonly string[]): number | undefined {
  const errors = tried.filter(({ structure, parameters }) =>
    names.includes(structure) && parameters <= size * dense.parameters
  ).map(({ error }) => error);
  return errors.length > 0 ? Math.min(...errors) : undefined;
}

function percent(part: number | undefined): string {
  if (part === undefined) return "–";
  if (part === 0) return "0";
  // Below, it is the rounding of float32.
  if (part < 1e-6) return "< 1e-4 %";
  return `${100 * part >= 0.095 ? Number((100 * part).toPrecision(3)) : (100 * part).toExponential(1)} %`;
}

/** For each matrix and size: the butterfly, Monarch matrices, and what else is best. */
function comparison(results: readonly (readonly [string, Compression])[]): string {
  const rows = results.flatMap(([name, result]) =>
    SIZES.slice(1, 5).map((size) => {
      const errors = [["butterfly"], ["monarch"], ["radix", "found"], ["kaleidoscope"], ["low rank"], [
        "sparse",
        "sparse + low rank",
      ]].map((names) => errorAt(result, size, names));
      const least = Math.min(...errors.map((error) => error ?? Infinity));
      const cells = errors.map((error) =>
        error !== undefined && error <= Math.max(1.005 * least, 1e-6)
          ? `**${percent(error)}**`
          : percent(error)
      );
      return `| ${name} | ${percent(size)} | ${cells.join(" | ")} |`;
    })
  );
  return [
    "| | parameters | butterfly | Monarch | other chains | kaleidoscope | low rank | sparse (+ low rank) |",
    "|---|--:|--:|--:|--:|--:|--:|--:|",
    ...rows,
  ].join("\n");
}

/** What was taken of each structure at the largest size. */
function table({ table, dense }: Compression, more?: (one: Compressed) => string): string {
  const rows = [...table, dense].map((one) => {
    const { structure, detail, parameters, error, microseconds: time, loopMicroseconds: loop } = one;
    return `| ${structure} | ${brief(detail)} | ${count(parameters)} | ${percent(error)} | ${
      microseconds(time!)
    }${loop === undefined ? "" : ` (${microseconds(loop)})`} |${more ? ` ${more(one)} |` : ""}`;
  });
  return [
    `| structure | size | parameters | error | µs |${more ? " digits told |" : ""}`,
    `|---|---|--:|--:|--:|${more ? "--:|" : ""}`,
    ...rows,
  ].join("\n");
}

function panel(name: string, { tried, dense }: Compression): ErrorPanel {
  return { title: name, dense: dense.parameters, tried };
}

/** The part of the page on a trained matrix. */
async function trained(digits: Digits, folder: string): Promise<string> {
  const network = train(digits, 0, TRAINED), { hidden, inputs, first } = network;
  const matrix = { rows: hidden, cols: inputs, values: first };
  const small = await compress(matrix, {
    ...OPTIONS,
    maxParameters: 1 / 8,
    sizes: [1 / 16, 1 / 32, 1 / 64, 1 / 128],
  });
  const plot = await compress(matrix, { ...OPTIONS, measure: false });
  const result = { ...plot, tried: [...plot.tried, ...small.tried] };
  const svg = drawErrors([panel(`first layer, ${hidden}×${inputs}`, result)], { title: "A trained matrix" });
  await Deno.writeTextFile(`${folder}/trained.svg`, svg);
  const told = (operator: Compressed["operator"]): string =>
    percent(accuracy(network, operator, digits, TRAINED, TRAINED + TESTED));
  return `## A trained matrix

A network ${inputs} → ${hidden} → 10 (relu) was trained on ${TRAINED} of the test images of MNIST and tells ${
    told(new Dense(hidden, inputs, first))
  } of ${TESTED} others. Its first matrix in an eighth of its parameters, without any training afterwards:

${table(small, ({ operator }) => told(operator))}

> ${small.verdict.replace(small.best?.detail ?? "", brief(small.best?.detail ?? ""))}

![Error against parameters of the first layer](trained.svg)

Most pixels at the border are always black: their columns keep their random start, which is noise that no
structure holds, and which no image meets. So the error of the matrix says little of what is lost.`;
}

/** Writes README.md and pictures into a folder. */
export async function compression(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const all = subjects(), results: [string, Compression][] = [];
  for (const { name, matrix } of all) results.push([name, await compress(matrix, OPTIONS)]);
  const svg = drawErrors(results.map(([name, result]) => panel(name, result)), {
    title: `Matrices of ${N}×${N}`,
  });
  await Deno.writeTextFile(`${folder}/matrices.svg`, svg);

  const path = Deno.env.get("PAPILLON_MNIST"),
    digits = path === undefined ? undefined : await readDigits(path);
  if (!digits) {
    console.log(
      "The trained matrix is left out: PAPILLON_MNIST names no folder with t10k-images-idx3-ubyte.gz",
    );
  }
  const part = digits ? `${await trained(digits, folder)}\n\n` : "";
  const closed = await closedForms([256, 1024, 4096], ["real", "complex"]);
  await Deno.writeTextFile(
    `${folder}/README.md`,
    `# What can be compressed

Matrices replaced by structures with fewer numbers, as \`papillon compress\` and \`compress\` do it. This page is written
by \`deno task report compress\`; a run writes the same again, but for the times. **error** is ‖W − approximation‖ / ‖W‖ in
the Frobenius norm. **µs** is the least time for one vector, measured on the ${machine().name} kernels in Deno ${Deno.version.deno}.
An entry of a sparse matrix counts as two numbers, itself and its place; sparse matrices run as products of
permutations and step matrices, which is slow, so in brackets stands the time of a plain loop over the entries.

${all.map(({ name, about }) => `- **${name}**: ${about}`).join("\n")}

![Error against parameters of six matrices](matrices.svg)

Lines join what is nearer than all that is smaller; solid lines are products of sparse factors, dashed ones the usual
approximations. Errors of 1e-7 and less are exact but for rounding.

## Where Monarch beats the butterfly, and where not

The smallest error at so many parameters at most; the best of each line is bold.

${comparison(results)}

**The butterfly** (radix 2, blocks of rank one, 6.25 % here) wins where the matrix is one: the Fourier transform, which
the rank test finds behind a bit reversal ("other chains"), is exact where a Monarch matrix of as many numbers has
hardly begun; so is the cosine transform, as a chain of rank two, from 19 % on. **Monarch** matrices are nearer at
equal parameters on all others (Hilbert, kernel, Gaussian, Legendre, and the trained matrix below): two factors with
large blocks, of any rank, adapt better than eight small ones of rank one; with enough numbers all chains hold the
kernel matrix exactly, as its blocks off the diagonal have rank one. They are tried with rows and columns in their
order; other orders are looked for by the rank test alone. **Neither** is the better choice for smooth matrices (Hilbert: low
rank) and for those without structure (Gaussian: what sparse keeps is luck; Legendre polynomials as they are sampled
here), where the best that is found says little, and the dense matrix stays.

${
      results.map(([name, result]) =>
        `### ${name}, at half the parameters\n\n${table(result)}\n\n> ${
          result.verdict.replace(result.best?.detail ?? "", brief(result.best?.detail ?? ""))
        }`
      ).join("\n\n")
    }

${part}## The time of the closed form

A dense matrix of n points is taken apart into log₂n butterfly factors (\`factorize\`, each size in a process of its own;
\`deno run -A bench/factorize.ts\`). Matrices are given in float32, hence the errors. The goals were 2 s for 1024 points, and
60 s and 1 GB for 4096.

| | n | s | MB | error |
|---|--:|--:|--:|--:|
${
      closed.map(({ n, what, seconds, memory, error }) =>
        `| ${what} | ${n} | ${seconds.toPrecision(2)} | ${(memory / 1e6).toFixed(0)} | ${
          error.toExponential(1)
        } |`
      ).join("\n")
    }

How fast chains and Monarch matrices are applied beside the butterfly: [bench/README.md](../../bench/README.md).
`,
  );
}
