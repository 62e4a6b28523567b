/** Deconvolution: a Toeplitz matrix, regularised least squares. */
import {
  concat,
  explain,
  type LinearOperator,
  lstsq,
  scale,
  toeplitz,
  tridiagonal,
} from "../../src/linalg/mod.ts";
import { Random } from "../../src/program/random.ts";
import { draw } from "./plot.ts";
import { code, type Example, table } from "./example.ts";

const N = 1500, WIDTH = 12, NOISE = 0.01;

/** Peaks and plateaus. */
function signal(): Float64Array<ArrayBuffer> {
  const peaks = [[150, 10, 1], [210, 8, 0.7], [480, 20, 0.9], [1050, 9, 0.8], [1085, 9, 1]];
  return Float64Array.from({ length: N }, (_, i) => {
    const bumps = peaks.reduce(
      (sum, [at, width, high]) => sum + high * Math.exp(-(((i - at) / width) ** 2)),
      0,
    );
    return bumps + (i > 680 && i < 860 ? 0.6 : 0);
  });
}

/** Blurs, adds noise, and finds the signal again for many weights of the regulariser. */
export async function deconvolution(): Promise<Example> {
  const truth = signal(), random = new Random(2);
  const blur = toeplitz(Array.from({ length: N }, (_, k) => {
    const value = Math.exp(-0.5 * (k / WIDTH) ** 2) / (WIDTH * Math.sqrt(2 * Math.PI));
    return value < 1e-12 ? 0 : value;
  }));
  const data = blur.apply(truth).map((v) => v + NOISE * random.normal());
  const rough = tridiagonal(new Array(N - 1).fill(-1), new Array(N).fill(2)); // second differences
  const stacked = (weight: number): LinearOperator => concat([blur, scale(weight, rough)]);
  const right = new Float64Array(2 * N);
  right.set(data);

  const weights = Array.from({ length: 10 }, (_, i) => 10 ** (-1.5 + i / 3));
  const found = weights.map((weight) => {
    const x = lstsq(stacked(weight), right, { tolerance: 1e-6, maxIterations: 20000 });
    const error = Math.hypot(...x.map((v, i) => v - truth[i])) / Math.hypot(...truth);
    const misfit = Math.hypot(...blur.apply(x).map((v, i) => v - data[i])) / Math.sqrt(N);
    return { weight, x, error, misfit };
  });
  const best = found.reduce((a, b) => b.error < a.error ? b : a);
  // What one can do without the truth: the residual should be that of the noise.
  const chosen = found.findLast(({ misfit }) => misfit <= NOISE) ?? found[0];
  const at = Array.from({ length: N }, (_, i) => i);
  const svg = await draw("Deconvolution by regularised least squares", [
    {
      title: `a blur of ${WIDTH} points and noise of ${NOISE}`,
      x: "point",
      y: "",
      series: [
        { name: "truth", x: at, y: truth },
        { name: "data", x: at, y: data, as: "dots" },
      ],
    },
    {
      title: `found again, weight ${chosen.weight.toPrecision(2)}`,
      x: "point",
      y: "",
      series: [
        { name: "truth", x: at, y: truth },
        { name: "found", x: at, y: chosen.x, as: "dashes" },
      ],
    },
    {
      title: "error against the weight",
      x: "weight of the second differences",
      y: "relative error",
      log: "xy",
      series: [
        { name: "found", x: weights, y: found.map(({ error }) => error), as: "both" },
        {
          name: "data",
          x: [weights[0], weights.at(-1)!],
          y: new Array(2).fill(errorOf(data, truth)),
          as: "dashes",
        },
      ],
    },
  ]);
  return {
    name: "deconvolution",
    title: "Deconvolution",
    svg,
    text:
      `A signal of ${N} points is blurred by a Gaussian (a Toeplitz matrix whose condition is beyond rounding) and seen with
noise. It is found again as the least squares solution of the blur above a multiple of second differences:
\`lstsq(concat([blur, scale(weight, differences)]), [data, 0])\`. Products go by Fourier transforms; no matrix is formed.

${code(explain("lstsq", stacked(chosen.weight)))}

${
        table(["weight", "relative error", "residual / noise"], [
          ["data as they are", errorOf(data, truth).toFixed(3), "–"],
          ...[found[0], chosen, best, found.at(-1)!].map((one, i) => [
            `${one.weight.toPrecision(2)}${
              ["", ", by the size of the residual", ", the best of all", ""][i]
            }`,
            one.error.toFixed(3),
            (one.misfit / NOISE).toFixed(3),
          ]),
        ])
      }`,
  };
}

function errorOf(x: Float64Array, truth: Float64Array): number {
  return Math.hypot(...x.map((v, i) => v - truth[i])) / Math.hypot(...truth);
}
