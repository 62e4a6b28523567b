/**
 * Gradients with respect to the parameters of an operator, by implicit differentiation: nothing of an iteration is
 * recorded, so memory does not depend on how many steps it took.
 *
 * All that is needed of the operator A(θ) is how a product A(θ)·x depends on θ: a {@link ParameterGradient}. What a
 * gradient is follows papillon's convention: for a real loss, dloss = Re Σ conj(gradient)·dθ, for complex θ as for
 * real ones, and likewise for vectors.
 *
 * @module
 */
import { randomVector, shapeOf, unitOf } from "./algorithms/check.ts";
import { type EstimateOptions, probe } from "./algorithms/estimate.ts";
import { countOf, type IterationOptions, Watch } from "./algorithms/iteration.ts";
import { Krylov } from "./algorithms/krylov.ts";
import { eigh } from "./algorithms/eigh.ts";
import { timesBlock } from "./algorithms/block.ts";
import { hermitianPart, matrixOf } from "./algorithms/matrix.ts";
import { twoPassFunction } from "./algorithms/two_pass.ts";
import { norm, type Scalar } from "./algorithms/vectors.ts";
import type { LinearMap, Vector } from "./types.ts";
import { Random } from "../program/random.ts";

/**
 * The gradient of Re⟨g, A(θ)·x⟩ with respect to θ, one array for each array of parameters; x and g are constants. Of
 * several vectors one after another it is the sum. For a dense matrix it is g·xᴴ.
 */
export type ParameterGradient = (x: Vector, g: Vector) => readonly (Float64Array | Float32Array)[];

/** Gradients of a solution. */
export interface SolveGradient {
  /** With respect to the right side: A⁻ᴴ·g. */
  readonly right: Vector;
  /** With respect to the parameters. */
  readonly parameters: Vector[];
}

/**
 * The gradient through x = A(θ)⁻¹·b: one more solve, with Aᴴ. Also of several right sides at once.
 *
 * @param x the solution
 * @param g the gradient of the loss with respect to x
 * @param solveAdjoint solves with Aᴴ, as well as the gradient shall be right; for Hermitian operators the same as the
 * solver itself
 *
 * @example
 * ```ts
 * import { type ParameterGradient, solveGradient } from "@papillon/papillon/linalg";
 * // loss = x, x = b / θ: dloss/dθ = −b/θ², dloss/db = 1/θ
 * const theta = 4, b = 2, x = Float64Array.of(b / theta);
 * const gradient: ParameterGradient = (x, g) => [Float64Array.of(g[0] * x[0])];
 * const { right, parameters } = solveGradient(gradient, x, Float64Array.of(1), (g) => g.map((v) => v / theta));
 * console.assert(right[0] === 1 / 4 && parameters[0][0] === -2 / 16);
 * ```
 */
export function solveGradient(
  parameterGradient: ParameterGradient,
  x: Vector,
  g: Vector,
  solveAdjoint: (g: Vector) => Vector,
): SolveGradient {
  const right = solveAdjoint(g);
  const parameters = parameterGradient(x, right.map((value) => -value)).map((w) => Float64Array.from(w));
  return { right, parameters };
}

/** Options of gradients that are sums over vectors. */
export interface TraceGradientOptions extends EstimateOptions {
  /**
   * "exact" goes through all n unit vectors; "estimate" takes random ones (Hutchinson) and gives error bars. Exact up
   * to n = `exactUpTo` if not given.
   */
  readonly method?: "exact" | "estimate";
  /** Up to which n the gradient is exact by default; 256 if not given. */
  readonly exactUpTo?: number;
}

/** A gradient that is a mean over random vectors, or exact. */
export interface TraceGradient {
  /** One array for each array of parameters. */
  readonly parameters: Vector[];
  /** The standard error of every number of the gradient; zeros if it is exact. */
  readonly standardErrors: Vector[];
  /** Random vectors, or 0 if it is exact. */
  readonly samples: number;
  /** Whether all solves or functions on the way converged, as far as they say so. */
  readonly converged: boolean;
}

/** What {@link sum} needs to know. */
interface Shape {
  readonly n: number;
  readonly field: "real" | "complex";
}

/** Unit vectors that are differentiated at once. */
const TOGETHER = 32;

/** Σ or mean of parameterGradient(z, cotangent(z)) over unit or random vectors z. */
function sum(
  what: string,
  { n, field }: Shape,
  parameterGradient: ParameterGradient,
  cotangent: (z: Vector) => Vector,
  options: TraceGradientOptions,
): TraceGradient {
  const unit = field === "complex" ? 2 : 1,
    watch = new Watch(what, options),
    random = new Random(options.seed ?? 0);
  const { method = n <= (options.exactUpTo ?? 256) ? "exact" : "estimate" } = options;
  const exact = method === "exact", count = exact ? n : countOf(what, "samples", options.samples, 30, 1);
  let sums: Vector[] = [], squares: Vector[] = [];
  // Exactly, some unit vectors go together: of several vectors the gradient is the sum. Error bars need each one's own.
  const together = exact ? TOGETHER : 1;
  for (let k = 0; k < count; k += together) {
    const some = Math.min(together, count - k), length = n * unit;
    const z = exact ? new Float64Array(some * length) : probe(unit, n, random);
    if (exact) { for (let j = 0; j < some; j++) z[j * length + (k + j) * unit] = 1; }
    const back = new Float64Array(z.length);
    for (let j = 0; j < some; j++) {
      back.set(cotangent(z.slice(j * length, (j + 1) * length)), j * length);
    }
    const one = parameterGradient(z, back);
    if (k === 0) {
      sums = one.map((w) => new Float64Array(w.length));
      squares = one.map((w) => new Float64Array(w.length));
    }
    one.forEach((w, a) => {
      for (let i = 0; i < w.length; i++) {
        sums[a][i] += w[i];
        squares[a][i] += w[i] * w[i];
      }
    });
    for (const w of sums) watch.finite(norm(w));
    watch.step(1 - (k + some) / count);
  }
  if (exact) {
    return { parameters: sums, standardErrors: squares.map((w) => w.fill(0)), samples: 0, converged: true };
  }
  const parameters = sums.map((w) => w.map((value) => value / count));
  const standardErrors = squares.map((w, a) =>
    w.map((square, i) => Math.sqrt(Math.max(0, square / count - parameters[a][i] ** 2) / (count - 1)))
  );
  return { parameters, standardErrors, samples: count, converged: true };
}

/**
 * The gradient of log|det A(θ)|, which is Re tr(A⁻¹·dA): a solve with Aᴴ for every unit vector, or for a few random
 * ones, with error bars.
 *
 * @param solveAdjoint solves with Aᴴ
 */
export function logdetGradient(
  map: Pick<LinearMap, "rows" | "cols" | "field">,
  parameterGradient: ParameterGradient,
  solveAdjoint: (g: Vector) => Vector,
  options: TraceGradientOptions = {},
): TraceGradient {
  const what = `differentiate the log-determinant of a ${shapeOf(map)} operator`;
  return sum(what, { n: map.rows, field: map.field }, parameterGradient, solveAdjoint, options);
}

/** The gradient of Re tr A(θ). */
export function traceGradient(
  map: Pick<LinearMap, "rows" | "cols" | "field">,
  parameterGradient: ParameterGradient,
  options: TraceGradientOptions = {},
): TraceGradient {
  const what = `differentiate the trace of a ${shapeOf(map)} operator`;
  return sum(what, { n: map.rows, field: map.field }, parameterGradient, (z) => z.slice(), options);
}

/**
 * The gradient of tr f(A(θ)) for a Hermitian operator, which is tr(f′(A)·dA): f′(A)·z by Lanczos in the memory of four
 * vectors.
 *
 * @param derivative f′, not f
 */
export function functionGradient(
  map: LinearMap,
  derivative: (x: number) => number,
  parameterGradient: ParameterGradient,
  options: TraceGradientOptions & Pick<IterationOptions, "tolerance" | "maxIterations"> = {},
): TraceGradient {
  const what = `differentiate the trace of a function of a ${shapeOf(map)} operator`;
  const { tolerance, maxIterations, signal } = options;
  let converged = true;
  const cotangent = (z: Vector): Vector => {
    const result = twoPassFunction(map, derivative, z, { tolerance, maxIterations, signal });
    converged &&= result.converged;
    return result.x;
  };
  const gradient = sum(what, { n: map.rows, field: map.field }, parameterGradient, cotangent, options);
  return { ...gradient, converged };
}

/** Options of {@link functionTimesGradient}. */
export interface FunctionTimesGradientOptions extends Pick<IterationOptions, "signal" | "onProgress"> {
  /** Lanczos steps from b and from g; 60 if not given, and never more than n. The vectors are kept. */
  readonly steps?: number;
}

/**
 * The gradient through x = f(A(θ))·b for a Hermitian operator and one vector: the Fréchet derivative of f in the
 * direction of g·bᴴ, in the Krylov spaces of b and of g, with divided differences of f at the Ritz values (Kandolf,
 * Koskela, Relton, Schweitzer 2021).
 *
 * @param derivative f′, for Ritz values that are as good as equal
 * @param g the gradient of the loss with respect to x
 * @returns the gradient with respect to the parameters, and f(A)·g, which is the one with respect to b
 */
export function functionTimesGradient(
  map: LinearMap,
  f: (x: number) => number,
  derivative: (x: number) => number,
  b: Float64Array,
  g: Float64Array,
  parameterGradient: ParameterGradient,
  options: FunctionTimesGradientOptions = {},
): SolveGradient {
  const what = `differentiate a function of a ${shapeOf(map)} operator`, n = map.cols, unit = unitOf(map);
  const limit = Math.min(n, countOf(what, "steps", options.steps, 60, 1)), watch = new Watch(what, options);
  const [from, to] = [ritz(map, b, limit, watch), ritz(map, g, limit, watch)];
  const scale = Math.max(...from.values.map(Math.abs), ...to.values.map(Math.abs), Number.MIN_VALUE);
  const difference = (x: number, y: number): number =>
    Math.abs(x - y) > 1e-5 * scale ? (f(x) - f(y)) / (x - y) : derivative((x + y) / 2);
  // Column j belongs to the Ritz vector u_j of b: Σ_i y_i·F_ij·c_i·conj(d_j).
  const [k, l] = [to.values.length, from.values.length], X = matrixOf(k, l, map.field);
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < l; j++) {
      const [a, s] = to.first[i], [c, d] = from.first[j], F = difference(to.values[i], from.values[j]);
      watch.finite(F);
      X.values[(i * l + j) * unit] = F * (a * c + s * d);
      if (unit === 2) X.values[(i * l + j) * unit + 1] = F * (s * c - a * d);
    }
  }
  const parameters = parameterGradient(from.vectors, timesBlock(unit, n, to.vectors, X));
  const fg = matrixOf(k, 1, map.field);
  for (let i = 0; i < k; i++) {
    const value = f(to.values[i]);
    for (let u = 0; u < unit; u++) fg.values[i * unit + u] = value * to.first[i][u];
  }
  return {
    right: timesBlock(unit, n, to.vectors, fg),
    parameters: parameters.map((w) => Float64Array.from(w)),
  };
}

/** Ritz values and vectors of the Krylov space of b, and how b is made of the vectors. */
function ritz(map: LinearMap, b: Float64Array, limit: number, watch: Watch): {
  readonly values: Float64Array;
  readonly vectors: Vector;
  readonly first: Scalar[];
} {
  const krylov = new Krylov(map, limit), n = map.cols, unit = unitOf(map);
  const size = krylov.start(b);
  // Of a zero vector any space will do: its coefficients are zero.
  if (size === 0) krylov.start(randomVector(n * unit, new Random(0)));
  do {
    watch.finite(krylov.step());
    watch.step(krylov.rest);
  } while (krylov.rest > 0 && krylov.steps < krylov.limit);
  const { values, vectors } = eigh(hermitianPart(krylov.square())), m = krylov.steps;
  const first = Array.from(values, (_, k): Scalar => [
    size * vectors.values[k * unit],
    unit === 2 ? -size * vectors.values[2 * k + 1] : 0,
  ]);
  return { values, vectors: timesBlock(unit, n, krylov.basis.subarray(0, m * n * unit), vectors), first };
}
