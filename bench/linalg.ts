/**
 * Linear algebra in float64 beside ml-matrix and mathjs: `deno run -A bench/linalg.ts`, `--quick` for fewer rounds, a word
 * for the tasks that have it in their names, and `--full` for the dense systems of 4096 unknowns as well, which take minutes and 1 GB, and are solved once.
 *
 * Every factorisation is verified before it is timed, by putting the factors together again, and every solution by its
 * residual. All run in one process, in turns; the median of the rounds is reported with the fastest one. mathjs has no
 * Cholesky and no singular values, and is timed on fewer rounds, because it takes seconds.
 *
 * @module
 */
import { lup, lusolve, matrix as mathMatrix, qr as mathQr } from "mathjs";
import {
  CholeskyDecomposition,
  EigenvalueDecomposition,
  LuDecomposition,
  Matrix as MlMatrix,
  QrDecomposition,
  SingularValueDecomposition,
} from "ml-matrix";
import {
  adjointMatrix,
  cholesky,
  combineMatrices,
  diagonalMatrix,
  eigh,
  frobenius,
  identityMatrix,
  lu,
  type Matrix,
  matrixOf,
  multiply,
  qr,
  svd,
} from "../src/linalg/algorithms/mod.ts";
import { dense, kron, type LinearOperator, solve, toeplitz } from "../src/linalg/mod.ts";
import { Random } from "../src/program/random.ts";
import { environment } from "./lib/environment.ts";
import { alignTable, ratio } from "./lib/table.ts";

/** One way to do a task. `run` does what is timed; `check` gives the relative error of what it made. */
interface Way<T = unknown> {
  readonly who: string;
  readonly run: () => T;
  readonly check: (made: T) => number;
}

/** Things that are compared: ours first. */
interface Task {
  readonly name: string;
  readonly ways: readonly Way[];
  /** What takes minutes is timed while it is verified, once; only the first way is repeated. */
  readonly once?: boolean;
}

/** Hides the type of what a way makes. */
function way<T>(who: string, run: () => T, check: (made: T) => number): Way {
  return { who, run, check: (made) => check(made as T) };
}

const real = (rows: number, cols: number, seed: number): Matrix => {
  const random = new Random(seed);
  return matrixOf(rows, cols, "real", Float64Array.from({ length: rows * cols }, () => random.normal()));
};

const lists = ({ rows, cols, values }: Matrix): number[][] =>
  Array.from({ length: rows }, (_, i) => Array.from(values.subarray(i * cols, (i + 1) * cols)));

const ours = (m: { to2DArray(): number[][] } | number[][]): Matrix => {
  const rows = Array.isArray(m) ? m : m.to2DArray();
  return matrixOf(rows.length, rows[0].length, "real", Float64Array.from(rows.flat()));
};

/** A matrix of mathjs. */
const plain = (m: unknown): Matrix => ours((m as { toArray(): number[][] }).toArray());

const apart = (a: Matrix, b: Matrix): number => frobenius(combineMatrices([1, a], [-1, b])) / frobenius(b);

/** Row i of the result is row `order[i]`. */
const ordered = ({ rows, cols, values }: Matrix, order: ArrayLike<number>): Matrix => {
  const out = matrixOf(rows, cols, "real");
  for (let i = 0; i < rows; i++) {
    out.values.set(values.subarray(order[i] * cols, (order[i] + 1) * cols), i * cols);
  }
  return out;
};

const product = (...factors: readonly Matrix[]): Matrix => factors.reduce((a, b) => multiply(a, b));

function luTask(n: number): Task {
  const A = real(n, n, 1), ml = new MlMatrix(lists(A)), math = mathMatrix(lists(A));
  return {
    name: `LU ${n}`,
    ways: [
      way("papillon", () => lu(A), (f) => apart(multiply(f.L, f.U), ordered(A, f.permutation))),
      way("ml-matrix", () => new LuDecomposition(ml), (f) => {
        const order = (f as unknown as { pivotVector: number[] }).pivotVector;
        return apart(
          multiply(ours(f.lowerTriangularMatrix), ours(f.upperTriangularMatrix)),
          ordered(A, order),
        );
      }),
      way("mathjs", () => lup(math), ({ L, U, p }) => {
        const LU = multiply(plain(L), plain(U));
        // p[i] says where row i of A goes.
        const order = new Array(n);
        p.forEach((to, from) => order[to] = from);
        return Math.min(apart(LU, ordered(A, p)), apart(LU, ordered(A, order)));
      }),
    ],
  };
}

function choleskyTask(n: number): Task {
  const F = real(n, n, 2), A = combineMatrices([1, multiply(F, adjointMatrix(F))], [1, identityMatrix(n)]);
  const ml = new MlMatrix(lists(A)), check = (L: Matrix): number => apart(multiply(L, adjointMatrix(L)), A);
  return {
    name: `Cholesky ${n}`,
    ways: [
      way("papillon", () => cholesky(A), ({ L }) => check(L)),
      way("ml-matrix", () => new CholeskyDecomposition(ml), (f) => check(ours(f.lowerTriangularMatrix))),
    ],
  };
}

function qrTask(n: number): Task {
  const A = real(n, n, 3), ml = new MlMatrix(lists(A)), math = mathMatrix(lists(A));
  return {
    name: `QR ${n}`,
    ways: [
      way("papillon", () => qr(A), ({ Q, R }) => apart(multiply(Q, R), A)),
      // It keeps Q as reflections until it is asked for.
      way("ml-matrix", () => {
        const f = new QrDecomposition(ml);
        return { Q: f.orthogonalMatrix, R: f.upperTriangularMatrix };
      }, ({ Q, R }) => apart(multiply(ours(Q), ours(R)), A)),
      way("mathjs", () => mathQr(math), ({ Q, R }) => {
        return apart(multiply(plain(Q), plain(R)), A);
      }),
    ],
  };
}

function eigenTask(n: number): Task {
  const F = real(n, n, 4),
    A = combineMatrices([0.5, F], [0.5, adjointMatrix(F)]),
    ml = new MlMatrix(lists(A));
  const check = (V: Matrix, values: Float64Array): number =>
    apart(product(V, diagonalMatrix(values), adjointMatrix(V)), A);
  return {
    name: `symmetric eigenvalues ${n}`,
    ways: [
      way("papillon", () => eigh(A), ({ values, vectors }) => check(vectors, values)),
      way(
        "ml-matrix",
        () => new EigenvalueDecomposition(ml, { assumeSymmetric: true }),
        (f) => check(ours(f.eigenvectorMatrix), Float64Array.from(f.realEigenvalues)),
      ),
    ],
  };
}

function svdTask(rows: number, cols: number): Task {
  const A = real(rows, cols, 5), ml = new MlMatrix(lists(A));
  const check = (U: Matrix, S: Float64Array, V: Matrix): number =>
    apart(product(U, diagonalMatrix(S), adjointMatrix(V)), A);
  return {
    name: `SVD ${rows}×${cols}`,
    ways: [
      way("papillon", () => svd(A), ({ U, S, V }) => check(U, S, V)),
      way(
        "ml-matrix",
        () => new SingularValueDecomposition(ml),
        (f) =>
          check(ours(f.leftSingularVectors), Float64Array.from(f.diagonal), ours(f.rightSingularVectors)),
      ),
    ],
  };
}

/** A·x = b by the structure of A, and by what A is as a dense matrix. */
function solveTask(name: string, A: LinearOperator, others: readonly ("ml-matrix" | "mathjs")[]): Task {
  const n = A.rows, random = new Random(6), full = A.toDense(), matrix = dense(full), psd = A.is("PSD");
  const written = psd ? matrix.annotate("PSD") : matrix,
    b = Float64Array.from({ length: n }, () => random.normal());
  const scale = Math.hypot(...b),
    check = (x: ArrayLike<number>): number => {
      const product = matrix.apply(Float64Array.from(x));
      return Math.hypot(...product.map((v, i) => v - b[i])) / scale;
    };
  const ways = [
    way("papillon", () => solve(A, b), check),
    way("papillon, dense", () => solve(written, b, { dense: { below: Infinity } }), check),
  ];
  if (others.includes("ml-matrix")) {
    // Column vectors have one entry a row.
    const ml = new MlMatrix(lists(full)), right = MlMatrix.columnVector(Array.from(b));
    const make = () => (psd ? new CholeskyDecomposition(ml) : new LuDecomposition(ml)).solve(right);
    ways.push(way("ml-matrix", make, (x) => check(x.to1DArray())));
  }
  if (others.includes("mathjs")) {
    const math = mathMatrix(lists(full)), right = Array.from(b);
    ways.push(way("mathjs", () => lusolve(math, right), (x) => check(plain(x).values)));
  }
  return { name, ways, once: n > 1024 };
}

/** A⊗B of two random matrices that are not singular. */
function kronTask(n: number, others: readonly ("ml-matrix" | "mathjs")[]): Task {
  const part = (seed: number): LinearOperator => {
    const { values } = real(n, n, seed);
    for (let i = 0; i < n; i++) values[i * (n + 1)] += 2 * Math.sqrt(n);
    return dense({ rows: n, cols: n, field: "real", values });
  };
  return solveTask(`solve, kron(${n}×${n}, ${n}×${n})`, kron(part(7), part(8)), others);
}

/** A positive definite covariance, and a matrix that is not symmetric. */
function toeplitzTask(n: number, psd: boolean, others: readonly ("ml-matrix" | "mathjs")[]): Task {
  const column = Array.from({ length: n }, (_, k) => Math.exp(-k / 20) + (k === 0 ? 0.1 : 0));
  if (psd) return solveTask(`solve, Toeplitz PSD ${n}`, toeplitz(column).annotate("PSD"), others);
  const row = column.map((v, k) => k === 0 ? v : -v / 2);
  return solveTask(`solve, Toeplitz ${n}`, toeplitz(column, row), others);
}

/** A way that is slower than this is timed in fewer rounds, in milliseconds. */
const SLOW = 500;

/** Times in milliseconds of every way, in turns. */
function times({ name, ways, once }: Task, rounds: number): number[][] {
  const found: number[][] = ways.map(() => []);
  for (const [i, { who, run, check }] of ways.entries()) {
    const start = performance.now(), made = run(), took = performance.now() - start, error = check(made);
    if (once && i > 0) {
      found[i].push(took);
      console.error(`${name}, ${who}: ${(took / 1000).toFixed(1)} s`);
    }
    // Not `error > …`: a NaN must fail. Iterations stop at 1e-10.
    if (!(error <= (name.startsWith("solve") ? 1e-9 : 1e-11))) {
      throw new Error(`${who} gets ${name} wrong: relative error ${error}`);
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const [i, { run }] of ways.entries()) {
      if (once && i > 0) continue;
      if (round >= 2 && found[i][0] > SLOW) continue;
      const start = performance.now();
      run();
      found[i].push(performance.now() - start);
    }
  }
  return found;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b), middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** 0.53, 12, 24000. */
const factor = (value: number): string => value < 100 ? ratio(value) : `${Number(value.toPrecision(3))}`;

if (import.meta.main) {
  const rounds = Deno.args.includes("--quick") ? 5 : 25;
  const word = Deno.args.find((arg) => !arg.startsWith("--")) ?? "";
  // Made when they are needed: the large ones take several hundred megabytes each.
  const tasks: readonly (readonly [name: string, make: () => Task])[] = [
    ["LU", () => luTask(512)],
    ["Cholesky", () => choleskyTask(512)],
    ["QR", () => qrTask(256)],
    ["eigenvalues", () => eigenTask(256)],
    ["SVD", () => svdTask(256, 256)],
    ["SVD", () => svdTask(512, 64)],
    ["solve", () => kronTask(16, ["ml-matrix", "mathjs"])],
    ["solve", () => kronTask(32, ["ml-matrix"])],
    ["solve", () => toeplitzTask(512, true, ["ml-matrix"])],
    ["solve", () => toeplitzTask(512, false, ["ml-matrix", "mathjs"])],
    ...Deno.args.includes("--full")
      ? [
        ["solve", () => kronTask(64, ["ml-matrix"])],
        ["solve", () => toeplitzTask(4096, true, ["ml-matrix"])],
        ["solve", () => toeplitzTask(4096, false, [])],
      ] as const
      : [],
  ];
  console.log(Object.entries(environment()).map(([key, value]) => `${key}: ${value}`).join("\n"));
  const rows: string[][] = [];
  for (const [, make] of tasks.filter(([name]) => name.includes(word))) {
    const task = make();
    console.error(task.name);
    const found = times(task, rounds), [mine] = found.map(median);
    for (const [i, { who }] of task.ways.entries()) {
      const middle = median(found[i]), least = Math.min(...found[i]);
      const times = [middle, least].map((value) => value.toFixed(value < 10 ? 2 : 1));
      rows.push([i === 0 ? task.name : "", who, ...times, factor(middle / mine), `${found[i].length}`]);
    }
  }
  const header = ["task", "who", "median ms", "fastest ms", "this / papillon", "rounds"];
  console.log(`\n${alignTable(header, rows, 2)}`);
}
