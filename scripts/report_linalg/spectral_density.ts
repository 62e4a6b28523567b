/** The spectral density of graphs by stochastic Lanczos quadrature, beside a law and beside all eigenvalues. */
import {
  diag,
  diagonal,
  eigvals,
  fromTriplets,
  type LinearOperator,
  parseMatrixMarket,
  product,
  type Triplet,
} from "../../src/linalg/mod.ts";
import { spectralDensity as densityOf } from "../../src/linalg/algorithms/mod.ts";
import { Random } from "../../src/program/random.ts";
import { type Chart, draw } from "./plot.ts";
import { type Example, seconds, table, timed } from "./example.ts";

const NODES = 10_000, DEGREE = 4, SAMPLES = 10, STEPS = 80;

/** A random graph in which every node has four neighbours: two random cycles through all nodes. */
function regular(): LinearOperator {
  const random = new Random(3), triplets: Triplet[] = [];
  for (let cycle = 0; cycle < DEGREE / 2; cycle++) {
    const order = random.permutation(NODES);
    for (let k = 0; k < NODES; k++) {
      const [i, j] = [order[k], order[(k + 1) % NODES]];
      triplets.push([i, j, 1], [j, i, 1]);
    }
  }
  return fromTriplets(NODES, NODES, triplets).annotate("SelfAdjoint");
}

/** The density of a random regular graph of infinite size (Kesten 1959, McKay 1981). */
function kesten(x: number): number {
  const d = DEGREE, inside = 4 * (d - 1) - x * x;
  return inside <= 0 ? 0 : d * Math.sqrt(inside) / (2 * Math.PI * (d * d - x * x));
}

/** Σ weight · Gaussian of a width around the node, at x. */
function smoothed(
  nodes: ArrayLike<number>,
  weights: (k: number) => number,
  width: number,
  at: readonly number[],
) {
  return at.map((x) => {
    let total = 0;
    for (let k = 0; k < nodes.length; k++) {
      total += weights(k) * Math.exp(-0.5 * ((x - nodes[k]) / width) ** 2);
    }
    return total / (width * Math.sqrt(2 * Math.PI));
  });
}

const points = (from: number, to: number, count = 300): number[] =>
  Array.from({ length: count }, (_, i) => from + (to - from) * i / (count - 1));

/** The synthetic graph, and the real one where it is at hand. */
export async function spectralDensity(): Promise<Example> {
  const A = regular(),
    { made, ms } = timed(() => densityOf(A, { samples: SAMPLES, steps: STEPS, seed: 1 }), 1);
  const x = points(-4.3, 4.3), width = 0.09;
  const estimate = smoothed(made.nodes, (k) => made.weights[k], width, x);
  const step = x[1] - x[0], law = x.map(kesten);
  const apart = estimate.reduce((sum, v, i) => sum + Math.abs(v - law[i]), 0) * step;
  const charts: Chart[] = [{
    title: `a random graph, ${NODES} nodes of degree ${DEGREE}`,
    x: "eigenvalue of the adjacency matrix",
    y: "density",
    series: [
      { name: "estimate", x, y: estimate },
      { name: "law of Kesten, McKay", x, y: law, as: "dashes" },
    ],
  }];
  const rows = [[`random graph, ${NODES}`, "the law", apart.toFixed(3), seconds(ms), "–"]];

  const folder = Deno.env.get("PAPILLON_MATRIXMARKET");
  let note = "\n\nThe power network `1138_bus` was left out: PAPILLON_MATRIXMARKET names no folder.";
  if (folder === undefined) {
    console.error("spectral-density: 1138_bus is left out, PAPILLON_MATRIXMARKET is not set");
  } else {
    note = "";
    const bus = parseMatrixMarket(await Deno.readTextFile(`${folder}/1138_bus.mtx`));
    // Scaled to the diagonal 1: without that one line of the network sets the scale for all.
    const scaling = diagonal(diag(bus).map((v) => 1 / Math.sqrt(v)));
    const B = product(scaling, bus, scaling).annotate("PSD");
    const some = timed(() => densityOf(B, { samples: SAMPLES, steps: STEPS, seed: 1 }), 1);
    const all = timed(() => eigvals(B, { dense: { below: Infinity } }).values, 1);
    const at = points(-0.1, 2.1), narrow = 0.03;
    const guess = smoothed(some.made.nodes, (k) => some.made.weights[k], narrow, at);
    const exact = smoothed(all.made, () => 1 / B.rows, narrow, at);
    const differ = guess.reduce((sum, v, i) => sum + Math.abs(v - exact[i]), 0) * (at[1] - at[0]);
    rows.push([
      `1138_bus, ${B.rows}`,
      "all eigenvalues",
      differ.toFixed(3),
      seconds(some.ms),
      seconds(all.ms),
    ]);
    charts.push({
      title: "the power network 1138_bus",
      x: "eigenvalue of the matrix scaled to the diagonal 1",
      y: "density",
      series: [
        { name: "estimate", x: at, y: guess },
        { name: "all eigenvalues", x: at, y: exact, as: "dashes" },
      ],
    });
  }
  return {
    name: "spectral-density",
    title: "The spectral density of a graph",
    svg: await draw("Spectral densities by Lanczos quadrature", charts, 400),
    text:
      `How the eigenvalues of a sparse matrix lie, from ${SAMPLES} random vectors and ${STEPS} products with each
(\`algorithms.spectralDensity\`), drawn with a Gaussian around each node. Of a random graph the law is known; of the power
network all eigenvalues were found by the dense algorithm for comparison, smoothed alike.

${table(["graph", "beside", "∫ of the difference", "estimate", "all eigenvalues"], rows)}${note}`,
  };
}
