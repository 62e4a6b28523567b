/** Poisson's equation on a square: the sum of two lines, solved by their eigenvectors and by conjugate gradients. */
import { explain, kronSum, type LinearOperator, solve, tridiagonal } from "../../src/linalg/mod.ts";
import { cg } from "../../src/linalg/algorithms/mod.ts";
import { draw } from "./plot.ts";
import { code, type Example, seconds, table, timed } from "./example.ts";

/** −u″ on n inner points of the unit interval, u = 0 at its ends. */
function line(n: number): LinearOperator {
  const h2 = (n + 1) ** 2;
  return tridiagonal(new Array(n - 1).fill(-h2), new Array(n).fill(2 * h2)).annotate("PSD");
}

/** Two charges and a wall of charge. */
function charges(n: number): Float64Array<ArrayBuffer> {
  const b = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const [y, x] = [(i + 1) / (n + 1), (j + 1) / (n + 1)];
      const near = (a: number, c: number): number => Math.exp(-((x - a) ** 2 + (y - c) ** 2) / 0.002);
      b[i * n + j] = 100 * (near(0.3, 0.3) - near(0.7, 0.45)) + (Math.abs(y - 0.8) < 0.01 && x < 0.6 ? 8 : 0);
    }
  }
  return b;
}

/** Solves at growing sizes both ways. */
export async function poisson(): Promise<Example> {
  const sizes = [15, 31, 63, 127, 255], rows: string[][] = [], direct: number[] = [], iterated: number[] = [];
  const counts: number[] = [];
  let shown: Float64Array = new Float64Array(0);
  for (const n of sizes) {
    const side = line(n), A = kronSum(side, side), b = charges(n);
    const one = timed(() => solve(A, b)),
      other = timed(() => cg(A, b, { tolerance: 1e-10 }), n > 100 ? 1 : 3);
    if (!other.made.converged) throw new Error(`n = ${n}: ${other.made.reason}`);
    const size = Math.hypot(...one.made.subarray(0, n * n).filter((_, i) => i % 7 === 0));
    const apart = Math.hypot(...one.made.map((v, i) => v - other.made.x[i]).filter((_, i) => i % 7 === 0)) /
      size;
    direct.push(one.ms);
    iterated.push(other.ms);
    counts.push(other.made.iterations);
    rows.push([
      `${n} × ${n}`,
      `${n * n}`,
      seconds(one.ms),
      seconds(other.ms),
      `${other.made.iterations}`,
      apart.toExponential(1),
    ]);
    shown = one.made;
  }
  const n = sizes.at(-1)!, side = line(n), unknowns = sizes.map((m) => m * m);
  const svg = await draw("Poisson's equation on a square", [
    { title: `charges, ${n} × ${n}`, rows: n, cols: n, values: charges(n) },
    { title: "potential", rows: n, cols: n, values: shown },
    {
      title: "time to solve",
      x: "unknowns",
      y: "ms",
      log: "xy",
      series: [
        { name: "by eigenvectors", x: unknowns, y: direct, as: "both" },
        { name: "conjugate gradients", x: unknowns, y: iterated, as: "both" },
      ],
    },
    {
      title: "iterations of conjugate gradients",
      x: "unknowns",
      y: "iterations to 1e-10",
      log: "xy",
      series: [{ name: "", x: unknowns, y: counts, as: "both" }],
    },
  ], 260);
  return {
    name: "poisson",
    title: "Poisson's equation on a grid",
    svg,
    text:
      `The negative Laplacian of a square is \`kronSum(line, line)\`, where \`line\` is tridiagonal. \`solve\` takes the
eigenvectors V of the line once and applies V⊗V twice: no iteration, no matrix of the size of the square.

${code(explain("solve", kronSum(side, side)))}

${table(["grid", "unknowns", "by eigenvectors", "conjugate gradients", "iterations", "apart"], rows)}

Conjugate gradients need twice the iterations when the grid is refined twice, the way by eigenvectors needs none; on a
line that is not constant it works as well.`,
  };
}
