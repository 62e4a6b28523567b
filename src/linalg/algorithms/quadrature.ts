/**
 * Traces of functions of Hermitian operators by stochastic Lanczos quadrature.
 *
 * @module
 */
import type { LinearMap, Vector } from "../types.ts";
import { checkSquare, probeHermitian, shapeOf, unitOf } from "./check.ts";
import { eigh } from "./eigh.ts";
import { type Estimate, type EstimateOptions, meanOf, probe } from "./estimate.ts";
import { countOf, Watch } from "./iteration.ts";
import { Krylov } from "./krylov.ts";
import { hermitianPart } from "./matrix.ts";
import { evaluate } from "./matrix_functions.ts";
import { tridiagonalEigen } from "./tridiagonal.ts";
import { recurrence } from "./two_pass.ts";
import { norm } from "./vectors.ts";
import { Random } from "../../program/random.ts";

/** Options of {@link traceOfFunction} and {@link logdetEstimate}. */
export interface QuadratureOptions extends EstimateOptions {
  /** Lanczos steps for each sample at most; 100 if not given. */
  readonly steps?: number;
  /**
   * Keep the vectors of a sample to orthogonalise against; true if not given. Without, it takes the memory of four
   * vectors however many the steps, and some steps more.
   */
  readonly reorthogonalise?: boolean;
  /** A sample is done when a few more steps change it by no more than this, relative; 1e-8 if not given. */
  readonly tolerance?: number;
}

/** An estimate, and whether the quadrature of every sample was exact enough for its error bar to be the whole error. */
export interface QuadratureEstimate extends Estimate {
  /** False if a sample still changed by more than the tolerance when its steps were used up. */
  readonly converged: boolean;
  /** The largest relative change in the last steps of a sample: an error that the standard error does not contain. */
  readonly bias: number;
}

/** log|det A| with its sign. */
export interface LogDetEstimate extends QuadratureEstimate {
  /** Same as `value`. */
  readonly logabs: number;
  /** 1: the operator is positive definite, or this has thrown. */
  readonly sign: 1;
}

/** Steps between two values that are compared. */
const STRIDE = 4;

/**
 * The trace of f(A) for a Hermitian operator, by stochastic Lanczos quadrature (Ubaru, Chen, Saad 2017): for each
 * random vector x, the quadratic form xᴴf(A)x by Gauss' quadrature with the Ritz values as nodes; f is evaluated at
 * every one of them.
 *
 * @throws RangeError if the operator is not Hermitian, as far as a probe shows, gives NaN, or f is not finite at a Ritz
 * value, which is named.
 */
export function traceOfFunction(
  map: LinearMap,
  f: (x: number) => number,
  options: QuadratureOptions = {},
): QuadratureEstimate {
  return quadrature(`estimate the trace of a function of a ${shapeOf(map)} operator`, map, f, options);
}

/**
 * log det A of a Hermitian positive definite operator, as the trace of log A. It is negative where det A < 1, and the
 * sign of the determinant is 1 all the same.
 *
 * @throws RangeError if the operator is not Hermitian, or a Ritz value shows that it is not positive definite: then its
 * determinant has a sign or phase that no sampling finds, and LU or the structure of the operator must.
 *
 * @example
 * ```ts
 * import { algorithms } from "@papillon/papillon/linalg";
 * const { logdetEstimate, matrixMap } = algorithms;
 * const A = matrixMap({ rows: 2, cols: 2, field: "real", values: Float64Array.of(0.5, 0, 0, 0.25) });
 * const { logabs, sign } = logdetEstimate(A);
 * console.assert(sign === 1 && Math.abs(logabs - Math.log(0.125)) < 1e-12);
 * ```
 */
export function logdetEstimate(map: LinearMap, options: QuadratureOptions = {}): LogDetEstimate {
  const what = `estimate the log-determinant of a ${shapeOf(map)} operator`;
  const log = (x: number): number => {
    if (x > 0) return Math.log(x);
    throw new RangeError(
      `Cannot ${what}: it is not positive definite, there is a Ritz value ${x}; the sign of the determinant ` +
        `takes a factorisation`,
    );
  };
  const estimate = quadrature(what, map, log, options);
  return { ...estimate, logabs: estimate.value, sign: 1 };
}

/** Where eigenvalues lie: points with weights that sum up to 1, as many for each sample as it took steps. */
export interface SpectralDensity {
  /** Points of the real axis, sample by sample. */
  readonly nodes: Vector;
  /** The part of all eigenvalues that each stands for. */
  readonly weights: Vector;
  /** How many random vectors were taken. */
  readonly samples: number;
}

/**
 * The spectral density of a Hermitian operator by Lanczos' quadrature (Lin, Saad, Yang 2016): the sum of
 * weight·f(node) estimates tr f(A)/n, for f that are smooth on the scale of (λmax − λmin)/steps. For a picture take as
 * f a Gaussian of about that width around each point.
 *
 * @throws RangeError if the operator is not Hermitian, as far as a probe shows, or gives NaN.
 *
 * @example
 * ```ts
 * import { algorithms, diagonal } from "@papillon/papillon/linalg";
 * const { nodes, weights } = algorithms.spectralDensity(diagonal([1, 2, 2, 2]), { samples: 2 });
 * const below = nodes.reduce((sum, x, i) => x < 1.5 ? sum + weights[i] : sum, 0);
 * console.assert(Math.abs(below - 1 / 4) < 1e-12); // one eigenvalue of four
 * ```
 */
export function spectralDensity(map: LinearMap, options: QuadratureOptions = {}): SpectralDensity {
  const what = `estimate the spectral density of a ${shapeOf(map)} operator`, nodes: number[] = [];
  const n = checkSquare(what, map), unit = unitOf(map), weights: number[] = [];
  probeHermitian(what, map, options.seed);
  const samples = countOf(what, "samples", options.samples, 30, 1);
  const steps = countOf(what, "steps", options.steps, 100, 1);
  const random = new Random(options.seed ?? 0), watch = new Watch(what, options);
  const form = options.reorthogonalise ?? true
    ? withBasis(map, Math.min(n, steps))
    : withoutBasis(map, steps);
  for (let k = 0; k < samples; k++) {
    form(probe(unit, n, random), (rule, end) => {
      if (!end) return true;
      for (const [node, weight] of rule()) {
        watch.finite(node);
        nodes.push(node);
        weights.push(weight / samples);
      }
      return false;
    });
    watch.step(1 - (k + 1) / samples);
  }
  return { nodes: Float64Array.from(nodes), weights: Float64Array.from(weights), samples };
}

function quadrature(
  what: string,
  map: LinearMap,
  f: (x: number) => number,
  options: QuadratureOptions,
): QuadratureEstimate {
  const n = checkSquare(what, map), unit = unitOf(map);
  probeHermitian(what, map, options.seed);
  const samples = countOf(what, "samples", options.samples, 30, 1);
  const { tolerance = 1e-8, reorthogonalise = true } = options;
  const steps = countOf(what, "steps", options.steps, 100, 1),
    limit = reorthogonalise ? Math.min(n, steps) : steps;
  const random = new Random(options.seed ?? 0), watch = new Watch(what, options), values: number[] = [];
  const form = reorthogonalise ? withBasis(map, limit) : withoutBasis(map, limit);
  let bias = 0;
  while (values.length < samples) {
    const x = probe(unit, n, random), size = norm(x) ** 2;
    let last = NaN, agreed = 0, change = 1;
    form(x, (rule, end, exact) => {
      let value = 0;
      for (const [node, weight] of rule()) {
        watch.finite(node);
        value += weight * evaluate(what, f, node, 0)[0];
      }
      change = exact ? 0 : Number.isNaN(last) ? 1 : Math.abs(value - last) / (Math.abs(value) || 1);
      last = value;
      agreed = change <= tolerance ? agreed + 1 : 0;
      return !end && agreed < 2;
    });
    values.push(size * last);
    bias = Math.max(bias, change);
    const { value, standardError } = meanOf(values);
    watch.step(Number.isNaN(standardError) ? 1 : standardError / (Math.abs(value) || 1));
  }
  return { ...meanOf(values), converged: bias <= tolerance, bias };
}

/** Nodes and weights of Gauss' quadrature. */
type Rule = () => (readonly [node: number, weight: number])[];

/** Goes through Krylov's space of a vector; every few steps it shows the rule, and is told whether to go on. */
type Form = (x: Vector, visit: (rule: Rule, end: boolean, exact: boolean) => boolean) => void;

/** With full reorthogonalisation: keeps all vectors. */
function withBasis(map: LinearMap, limit: number): Form {
  const krylov = new Krylov(map, limit), { unit, n } = krylov;
  const rule = (): [number, number][] => {
    const { values, vectors } = eigh(hermitianPart(krylov.square()));
    return Array.from(values, (node, k) => [node, norm(vectors.values, k * unit, unit) ** 2]);
  };
  return (x, visit) => {
    krylov.start(x);
    for (;;) {
      const rest = krylov.step(), { steps } = krylov;
      if (rest - rest !== 0) return void visit(() => [[rest, 1]], true, false);
      const exact = rest === 0 || steps === n, end = exact || steps === limit;
      if ((end || steps % STRIDE === 0) && !visit(rule, end, exact)) return;
    }
  };
}

/** By the three terms alone: four vectors, and copies of the nodes, which share their weight. */
function withoutBasis(map: LinearMap, limit: number): Form {
  return (x, visit) => {
    const alphas: number[] = [], betas: number[] = [];
    recurrence(map, unitOf(map), map.cols, x, (_, alpha, beta) => {
      alphas.push(alpha);
      betas.push(beta);
      const steps = alphas.length, end = beta === 0 || steps === limit;
      if (alpha - alpha !== 0) return visit(() => [[alpha, 1]], true, false);
      if (!end && steps % STRIDE !== 0) return true;
      return visit(
        () => {
          const nodes = Float64Array.from(alphas), first = new Float64Array(steps);
          first[0] = 1;
          tridiagonalEigen(nodes, Float64Array.from(betas), first, 1);
          return Array.from(nodes, (node, k) => [node, first[k] ** 2]);
        },
        end,
        beta === 0,
      );
    });
  };
}
