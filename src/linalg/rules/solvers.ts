/**
 * Inverses where no structure helps further: dense factorisations of small operators, iterations for large ones.
 *
 * @module
 */
import { cg } from "../algorithms/cg.ts";
import { type Cholesky, cholesky } from "../algorithms/cholesky.ts";
import { eigh } from "../algorithms/eigh.ts";
import { gmres } from "../algorithms/gmres.ts";
import { countOf, type SolveOptions, type SolveResult } from "../algorithms/iteration.ts";
import { lu } from "../algorithms/lu.ts";
import { minres } from "../algorithms/minres.ts";
import { nystrom, nystromPreconditioner } from "../algorithms/nystrom.ts";
import { product, sum } from "../compose.ts";
import type { LinearOperator } from "../operator.ts";
import { SumOperator } from "../operators/composite.ts";
import { DiagonalOperator } from "../operators/simple.ts";
import { CirculantOperator, ToeplitzOperator } from "../operators/fourier.ts";
import { InverseOperator, type Solver } from "../operators/inverse.ts";
import { KernelOperator } from "../operators/program.ts";
import { RealPartOperator } from "../operators/real_part.ts";
import { norm2, unitOf } from "../scalar.ts";
import type { LinearMap, Vector } from "../types.ts";
import type { FunctionName, Settings } from "./functions.ts";
import { circulantOf, reciprocal } from "./reciprocal.ts";
import { type AnyRule, type Call, isSmall, OTHER } from "./rule_set.ts";
import { ConvergenceError, singular } from "./singular.ts";
import { isNormal, isShift, map, real, shiftOf, spectralParts, spectrumOf } from "./spectrum.ts";
import { general, typed } from "./typed.ts";

/** An iteration for square systems. */
type Iteration = (A: LinearMap, b: Float64Array, options: SolveOptions) => SolveResult;

/** Solves, or says how far it came. */
function iterated(
  A: LinearOperator,
  name: string,
  iteration: Iteration,
  settings: Settings,
  preconditioner: LinearMap | undefined,
): Solver {
  const { tolerance, maxIterations, seed, signal, onProgress } = settings;
  const solve = (B: LinearOperator, b: Float64Array, inverse: LinearMap | undefined): Vector => {
    const options = { tolerance, maxIterations, seed, signal, onProgress, preconditioner: inverse };
    const { x, converged, residual, iterations, reason } = iteration(B, b, options);
    if (converged) return x;
    throw new ConvergenceError(
      `Cannot solve with ${A.describe()}: ${name} did not converge; the relative residual is ` +
        `${
          residual.toExponential(1)
        } after ${iterations} iterations (${reason}). Raise tolerance or maxIterations, or ` +
        `give a preconditioner`,
      x,
      residual,
      iterations,
    );
  };
  // One for the whole is none for a part.
  if (preconditioner?.rows !== A.rows) preconditioner = undefined;
  const turned = preconditioner && swapped(preconditioner);
  return {
    solve: (b) => solve(A, b, preconditioner),
    solveAdjoint: (b) => solve(A.adjoint(), b, turned),
  };
}

/** The adjoint of any linear map. */
function swapped(map: LinearMap): LinearMap {
  return {
    rows: map.cols,
    cols: map.rows,
    field: map.field,
    apply: (x, out) => map.applyAdjoint(x, out),
    applyAdjoint: (y, out) => map.apply(y, out),
  };
}

/** Which iteration, by what is known. */
function chosen(A: LinearOperator): { name: string; iteration: Iteration } {
  if (A.is("PSD")) return { name: "conjugate gradients", iteration: cg };
  if (A.is("SelfAdjoint")) return { name: "MINRES", iteration: minres };
  return { name: "GMRES", iteration: gmres };
}

/** Products that an iteration may need: a guess for costs. */
function guess(A: LinearOperator): number {
  return Math.min(A.rows, 100);
}

/** V·diag(values)·V⁻¹, real if the operator is. */
export function fromSpectrum(
  A: LinearOperator,
  vectors: LinearOperator,
  normal: boolean,
  changed: { readonly values: Vector; readonly field: "real" | "complex" },
  call: Call<FunctionName>,
  realResult: boolean,
): LinearOperator {
  const { values, field } = real(changed);
  const back = normal ? vectors.adjoint() : call.run("inv", vectors);
  const made = product(vectors, new DiagonalOperator(values, field), back);
  const known = normal && field === "real" ? made.annotate("SelfAdjoint") : made;
  if (realResult && A.field === "real" && known.field === "complex") {
    return new RealPartOperator(known, known.flags & 3);
  }
  return known;
}

/** Kronecker sums, and products with a multiple of the identity added, by the eigenvectors of their factors. */
const spectral = /* @__PURE__ */ general<"inv">({
  of: "inv",
  name: "eigenvectors of the parts",
  why: "V(Λ + cI)⁻¹V⁻¹, where V is a Kronecker product of the eigenvectors of small parts",
  applies: (A, call) => {
    const parts = spectralParts(A);
    if (typeof parts === "string") return OTHER;
    const large = parts.map((part) => isSmall(part, call)).find((answer) => answer !== true);
    return large === undefined || `of a part, ${large}`;
  },
  // V and Vᴴ are applied along the axes of the parts.
  cost: (A) => {
    const parts = spectralParts(A);
    return typeof parts === "string" ? 0 : 2 * A.rows * parts.reduce((sum, part) => sum + part.rows, 1);
  },
  parts: (A, call) => partsOf(A).map((part) => call.plan("eig", part)),
  run: (A, call) => {
    const spectrum = spectrumOf(A, call as unknown as Call<FunctionName>);
    const { values, field } = spectrum, unit = unitOf(field);
    let largest = 0, smallest = Infinity;
    for (let i = 0; i < values.length; i += unit) {
      const size = unit === 1 ? Math.abs(values[i]) : Math.hypot(values[i], values[i + 1]);
      largest = Math.max(largest, size);
      smallest = Math.min(smallest, size);
    }
    if (smallest <= 2 ** -50 * largest) {
      throw singular(A, `its smallest eigenvalue is ${smallest.toExponential(1)}`, largest / smallest);
    }
    const inverted = field === "real"
      ? { values: values.map((v) => 1 / v), field }
      : map(spectrum, reciprocal);
    return fromSpectrum(
      A,
      spectrum.vectors,
      isNormal(spectrum),
      inverted,
      call as unknown as Call<FunctionName>,
      true,
    );
  },
});

/** The parts of which {@link spectrumOf} asks eigenvectors. */
export function partsOf(A: LinearOperator): readonly LinearOperator[] {
  const parts = spectralParts(A);
  return typeof parts === "string" ? [] : [...new Set(parts)];
}

/**
 * The circulant nearest to a Toeplitz matrix (T. Chan 1988), inverted; of a self-adjoint one with the moduli of its eigenvalues,
 * so that it is positive definite.
 */
function nearestCirculant(A: ToeplitzOperator): LinearOperator {
  const { rows: n, field, column, row } = A, unit = unitOf(field), first = new Float64Array(column.length);
  for (let k = 0; k < n; k++) {
    for (let p = 0; p < unit; p++) {
      const wrapped = k === 0 ? 0 : row[(n - k) * unit + p];
      first[k * unit + p] = ((n - k) * column[k * unit + p] + k * wrapped) / n;
    }
  }
  const near = new CirculantOperator(first, field), { eigenvalues } = near;
  let largest = 0;
  for (let i = 0; i < eigenvalues.length; i += 2) {
    largest = Math.max(largest, Math.hypot(eigenvalues[i], eigenvalues[i + 1]));
  }
  const inverted = new Float64Array(eigenvalues.length), self = A.is("SelfAdjoint");
  for (let i = 0; i < eigenvalues.length; i += 2) {
    const size = Math.hypot(eigenvalues[i], eigenvalues[i + 1]);
    // What is near zero would only be amplified.
    if (size < 1e-8 * largest) inverted[i] = 1 / (1e-8 * largest || 1);
    else inverted.set(self ? [1 / size, 0] : reciprocal(eigenvalues[i], eigenvalues[i + 1]), i);
  }
  return circulantOf(near, inverted);
}

/** Refinement: the float32 kernels solve for corrections, residuals are those of float64. */
function refined(A: KernelOperator, settings: Settings): Solver {
  const solve = (rough: LinearOperator, exact: LinearOperator, b: Float64Array): Vector => {
    const tolerance = settings.tolerance ?? 1e-10, size = norm2(b), x = new Float64Array(b.length);
    const { name, iteration } = chosen(exact);
    let r = new Float64Array(b), left = 1, iterations = 0;
    for (let round = 0; round < 40 && size > 0; round++) {
      // The kernels see numbers of about 1: float32 has a small range.
      const scaled = r.map((v) => v / norm2(r));
      const { maxIterations, seed, signal, onProgress, preconditioner } = settings;
      const inner = {
        tolerance: 1e-3,
        maxIterations,
        seed,
        signal,
        onProgress,
        preconditioner,
        probe: false,
      };
      const made = iteration(rough, scaled, inner), factor = norm2(r);
      iterations += made.iterations;
      for (let i = 0; i < x.length; i++) x[i] += factor * made.x[i];
      const product = exact.apply(x);
      r = r.map((_, i) => b[i] - product[i]);
      const now = norm2(r) / size;
      if (now <= tolerance) return x;
      if (!(now < 0.9 * left)) {
        left = now;
        break;
      }
      left = now;
    }
    if (size === 0) return x;
    throw new ConvergenceError(
      `Cannot solve with ${A.describe()}: refinement of ${name} in float32 stays at a relative residual of ${
        left.toExponential(1)
      }; the operator is too ill-conditioned for float32, use its exact operator`,
      x,
      left,
      iterations,
    );
  };
  const each = (B: LinearOperator, E: LinearOperator, b: Float64Array, count: number): Vector => {
    const out = new Float64Array(b.length), width = b.length / count;
    for (let k = 0; k < count; k++) out.set(solve(B, E, b.slice(k * width, (k + 1) * width)), k * width);
    return out;
  };
  return {
    solve: (b, count) => each(A, A.exact, b, count),
    solveAdjoint: (b, count) => each(A.adjoint(), A.exact.adjoint(), b, count),
  };
}

/** Cholesky's factors of what is annotated PSD; what is singular is told with its condition, what is not PSD too. */
function positive(A: LinearOperator): Cholesky {
  const matrix = A.toDense();
  let factors: Cholesky | undefined, failed: unknown;
  try {
    factors = cholesky(matrix);
  } catch (error) {
    failed = error;
  }
  // The squares of L's diagonal lie between the smallest and the largest eigenvalue.
  let largest = 0, smallest = Infinity;
  for (let i = 0, unit = unitOf(A.field); factors && i < A.rows; i++) {
    const pivot = factors.L.values[i * (A.rows + 1) * unit] ** 2;
    largest = Math.max(largest, pivot);
    smallest = Math.min(smallest, pivot);
  }
  if (factors && smallest > 2 ** -52 * largest) return factors;
  // NaN, or not even symmetric.
  if (!matrix.values.every(Number.isFinite) || /not (?:symmetric|Hermitian)/.test(String(failed))) {
    throw failed;
  }
  const { values } = eigh(matrix), sizes = values.map(Math.abs);
  largest = sizes.reduce((a, b) => Math.max(a, b));
  smallest = sizes.reduce((a, b) => Math.min(a, b));
  const least = values.reduce((a, b) => Math.min(a, b));
  if (least < -16 * A.rows * 2 ** -52 * largest) {
    throw new RangeError(
      `Cannot invert ${A.describe()} by Cholesky: it is annotated PSD, but has the eigenvalue ${
        least.toExponential(1)
      }`,
    );
  }
  const condition = smallest === 0 ? Infinity : largest / smallest;
  throw singular(A, `its smallest eigenvalue is ${least.toExponential(1)}`, condition);
}

/** B and µ of B + µI. */
function shifted(A: LinearOperator): { readonly rest: LinearOperator; readonly mu: number } | string {
  if (!(A instanceof SumOperator)) return "it is no sum with a multiple of the identity";
  const shifts = A.terms.filter(isShift), others = A.terms.filter((term) => !isShift(term));
  const mu = shifts.reduce((all, term) => all + shiftOf(term)[0], 0);
  if (!(mu > 0) || others.length === 0) return "it is no sum with a positive multiple of the identity";
  const rest = sum(...others);
  return rest.is("PSD") ? { rest, mu } : "without the multiple of the identity it is not annotated PSD";
}

/** The rules that are asked last. */
export const solvers = (): readonly AnyRule[] => [
  spectral,
  typed("inv", KernelOperator, {
    name: "float32 kernels, refined",
    why: "iterations run on the kernels; residuals and the answer are float64",
    applies: (A) => A.isSquare || "it is not square",
    cost: (A) => 3 * guess(A) * A.cost,
    run: (A, call) => new InverseOperator(A, refined(A, call.options), 3 * guess(A) * A.cost),
  }),
  typed("inv", ToeplitzOperator, {
    name: "Toeplitz by preconditioned iterations",
    why: "products by Fourier transforms, preconditioned with the nearest circulant",
    applies: (A, call) => {
      if (!A.isSquare) return "it is not square";
      return isSmall(A, call) !== true ||
        `it has ${A.rows} rows, up to ${call.options.dense.below} are solved densely`;
    },
    cost: (A) => 20 * 2 * A.cost,
    run: (A, call) => {
      const { name, iteration } = chosen(A),
        preconditioner = call.options.preconditioner ?? nearestCirculant(A);
      return new InverseOperator(A, iterated(A, name, iteration, call.options, preconditioner), 40 * A.cost);
    },
  }),
  general<"inv">({
    of: "inv",
    name: "dense Cholesky",
    why: "small and positive definite",
    applies: (A, call) => {
      if (!A.isSquare) return `it is ${A.rows}×${A.cols}, not square`;
      return A.is("PSD") ? isSmall(A, call) : "it is not annotated PSD";
    },
    cost: (A) => A.rows ** 3 / 6 + A.rows * A.cost,
    run: (A) => {
      const factors = positive(A);
      return new InverseOperator(
        A,
        { solve: (b) => factors.solve(b), solveAdjoint: (b) => factors.solve(b) },
        A.rows ** 2,
      );
    },
  }),
  general<"inv">({
    of: "inv",
    name: "dense LU",
    why: "small, and without a structure that helps",
    applies: (A, call) => A.isSquare ? isSmall(A, call) : `it is ${A.rows}×${A.cols}, not square`,
    cost: (A) => A.rows ** 3 / 3 + A.rows * A.cost,
    run: (A) => {
      const factors = lu(A.toDense());
      // Said at once rather than when it is first applied.
      if (factors.rcond < 2 ** -52) throw singular(A, "its LU factors show", 1 / factors.rcond);
      return new InverseOperator(A, {
        solve: (b, count) => factors.solve(b, count),
        solveAdjoint: (b, count) => factors.solveAdjoint(b, count),
      }, A.rows ** 2);
    },
  }),
  general<"inv">({
    of: "inv",
    name: "conjugate gradients, preconditioned by Nyström's method",
    why: "the largest eigenvalues of B in B + µI, found from a few products, are evened out first",
    applies: (A, { options }) => {
      if (!A.isSquare || !A.is("PSD")) return OTHER;
      const found = shifted(A);
      if (typeof found === "string") return options.nystrom === undefined ? OTHER : found;
      if (options.preconditioner) return "another preconditioner is given";
      return options.nystrom !== undefined || "no rank is given (option nystrom)";
    },
    cost: (A, { options }) => (options.nystrom ?? 0) * (A.cost + 30 * A.rows) + guess(A) / 3 * A.cost,
    run: (A, { options }) => {
      const { rest, mu } = shifted(A) as { rest: LinearOperator; mu: number };
      const rank = countOf(`solve with ${A.describe()}`, "nystrom", options.nystrom, 50, 1);
      if (rank > A.rows) {
        throw new RangeError(
          `Cannot solve with ${A.describe()}: the option nystrom is a rank of ${rank}, more than its ${A.rows} rows`,
        );
      }
      const near = nystromPreconditioner(nystrom(rest, rank, options), mu);
      const cost = guess(A) / 3 * A.cost + 2 * rank * A.rows;
      return new InverseOperator(A, iterated(A, "conjugate gradients", cg, options, near), cost);
    },
  }),
  general<"inv">({
    of: "inv",
    name: "iterations",
    why:
      "large, and without a structure that helps: conjugate gradients if PSD, MINRES if self-adjoint, else GMRES",
    applies: (A) => A.isSquare || `it is ${A.rows}×${A.cols}, not square`,
    cost: (A) => guess(A) * A.cost,
    run: (A, call) => {
      const { name, iteration } = chosen(A);
      return new InverseOperator(
        A,
        iterated(A, name, iteration, call.options, call.options.preconditioner),
        guess(A) * A.cost,
      );
    },
  }),
];

/** Kernels, for functions that have no use for float32, as their float64 twins. */
export function exactly(of: FunctionName): AnyRule {
  return typed(of, KernelOperator, {
    name: "float64 twin",
    why: "this function has no use for float32 kernels",
    parts: (A, call) => [call.plan(of, A.exact, ...call.args)],
    run: (A, call) => call.run(of, A.exact, ...call.args),
  });
}
