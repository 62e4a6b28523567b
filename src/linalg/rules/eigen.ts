/**
 * Eigenvalues and eigenvectors.
 *
 * @module
 */
import { arnoldi } from "../algorithms/arnoldi.ts";
import { eig } from "../algorithms/eig.ts";
import { eigh } from "../algorithms/eigh.ts";
import type { EigenResult } from "../algorithms/eigen_options.ts";
import { lanczos } from "../algorithms/lanczos.ts";
import { lobpcg } from "../algorithms/lobpcg.ts";
import { slice } from "../compose.ts";
import type { LinearOperator } from "../operator.ts";
import { DenseOperator, TriangularOperator } from "../operators/dense.ts";
import { unitOf } from "../scalar.ts";
import type { Field, Matrix, Vector } from "../types.ts";
import type { Eigen, FunctionName, Which } from "./functions.ts";
import { type AnyRule, type Call, isSmall, OTHER, type Plan } from "./rule_set.ts";
import { reciprocal } from "./reciprocal.ts";
import { exactly, partsOf } from "./solvers.ts";
import { ConvergenceError } from "./singular.ts";
import { real, spectralParts, type Spectrum, spectrumOf } from "./spectrum.ts";
import { general } from "./typed.ts";

/** Sorts eigenvalues, with their vectors, and keeps the first k. */
function sorted(spectrum: Spectrum, call: Call<"eig">): Eigen {
  const { values, field, vectors } = spectrum, unit = unitOf(field), [k, which] = call.args;
  const n = values.length / unit, order = orderOf(values, field, which);
  const kept = order.slice(0, k ?? n);
  if (which === undefined && k === undefined) return { values, field, vectors };
  const chosen = new Float64Array(kept.length * unit);
  kept.forEach((j, i) => chosen.set(values.subarray(j * unit, (j + 1) * unit), i * unit));
  return { values: chosen, field, vectors: slice(vectors, undefined, kept) };
}

/** The places of eigenvalues, those first that are asked for. By magnitude is not algebraically: −3 is larger than 2. */
export function orderOf(values: Vector, field: Field, which: Which = "largest-magnitude"): number[] {
  const unit = unitOf(field), n = values.length / unit;
  const size = (i: number): number =>
    unit === 1 ? Math.abs(values[i]) : Math.hypot(values[2 * i], values[2 * i + 1]);
  const keys: Record<Which, (i: number) => number> = {
    "largest-magnitude": (i) => -size(i),
    "smallest-magnitude": size,
    largest: (i) => -values[i * unit],
    smallest: (i) => values[i * unit],
  };
  return Array.from({ length: n }, (_, i) => i).sort((i, j) => keys[which](i) - keys[which](j));
}

/** Refuses what cannot be asked. */
function checked(A: LinearOperator, call: Call<"eig">): void {
  const [k, which = "largest-magnitude"] = call.args;
  if (!A.isSquare) throw new RangeError(`Cannot find eigenvalues of ${A.describe()}: it is not square`);
  if (k !== undefined && (!Number.isInteger(k) || k < 1 || k > A.rows)) {
    throw new RangeError(
      `Cannot find ${k} eigenvalues of ${A.describe()}: k must be a whole number from 1 to ${A.rows}`,
    );
  }
  if (!["largest-magnitude", "smallest-magnitude", "largest", "smallest"].includes(which)) {
    throw new TypeError(
      `Cannot find eigenvalues of ${A.describe()}: which must be largest-magnitude, smallest-magnitude, largest or ` +
        `smallest, got ${String(which)}`,
    );
  }
}

/** Eigenvectors as an operator: real where they all are, unitary where they are known to be. */
function vectorsOf(matrix: Matrix, unitary: boolean): LinearOperator {
  const { values, field } = real({ values: matrix.values, field: matrix.field });
  const made = new DenseOperator({ ...matrix, values, field });
  return unitary ? made.annotate(made.isSquare ? "Unitary" : "Stiefel") : made;
}

/** All eigenvalues of a small operator. */
function denseEigen(A: LinearOperator): Spectrum {
  const matrix = A.toDense();
  if (A.is("SelfAdjoint")) {
    const { values, vectors } = eigh(matrix);
    return { values, field: "real", vectors: vectorsOf(vectors, true) };
  }
  const { values, vectors, rcond } = eig(matrix);
  if (rcond < 1e-12) {
    throw new RangeError(
      `Cannot find a basis of eigenvectors of ${A.describe()}: it is defective or nearly so (condition of the ` +
        `eigenvectors ${
          rcond === 0 ? "∞" : (1 / rcond).toExponential(1)
        }); eigvals gives the eigenvalues alone`,
    );
  }
  return real({ values, field: "complex", vectors: vectorsOf(vectors, false) });
}

/** What an iteration found. */
function found(A: LinearOperator, result: EigenResult, field: Field, name: string): Eigen {
  const { values, vectors, converged, iterations, residual, reason } = result;
  if (!converged) {
    throw new ConvergenceError(
      `Cannot find eigenvalues of ${A.describe()}: ${name} did not converge; the residual is ${
        residual.toExponential(1)
      } after ${iterations} products (${reason}). Raise tolerance or maxIterations`,
      values,
      residual,
      iterations,
    );
  }
  return real({ values, field, vectors: vectorsOf(vectors, field === "real") });
}

/** Whether nothing in a plan iterates. */
function direct({ rule, parts }: Plan): boolean {
  return rule !== undefined && !/iterations|gradients|refined/.test(rule) && parts.every(direct);
}

/** Those next to zero, from the largest of the inverse. */
function inverted(A: LinearOperator, call: Call<"eig">): Eigen {
  const self = A.is("SelfAdjoint"), iteration = self ? lanczos : arnoldi;
  const options = eigenOptions(call), asked = { ...options, which: "largest-magnitude" as const };
  let inverse: LinearOperator | undefined;
  try {
    inverse = call.run("inv", A);
  } catch (error) {
    // Singular: then it goes without.
    if (!(error instanceof RangeError)) throw error;
  }
  const result = inverse ? iteration(inverse, asked) : iteration(A, options);
  const made = found(A, result, self ? "real" : "complex", self ? "Lanczos" : "Arnoldi");
  if (inverse === undefined) return made;
  if (made.field === "real") return { ...made, values: made.values.map((v) => 1 / v) };
  const values = new Float64Array(made.values.length);
  for (let i = 0; i < values.length; i += 2) values.set(reciprocal(made.values[i], made.values[i + 1]), i);
  return { ...made, values };
}

const large = (A: LinearOperator, call: Call<"eig">): true | string =>
  call.args[0] !== undefined ||
  `all ${A.rows} eigenvalues are asked for, and ${isSmall(A, call)}; ask for some (k), or raise dense.below`;

/** Rules for `eig`. */
export const eigenvalues = (): readonly AnyRule[] => [
  exactly("eig"),
  general<"eig">({
    of: "eig",
    name: "what cannot be asked",
    why: "only square operators have eigenvalues",
    applies: (A, call) => {
      const [k, which] = call.args;
      const fine = A.isSquare && (k === undefined || (Number.isInteger(k) && k >= 1 && k <= A.rows)) &&
        (which === undefined ||
          ["largest-magnitude", "smallest-magnitude", "largest", "smallest"].includes(which));
      return !fine || OTHER;
    },
    cost: () => 0,
    run: (A, call) => {
      checked(A, call);
      throw new RangeError(`Cannot find eigenvalues of ${A.describe()}`);
    },
  }),
  general<"eig">({
    of: "eig",
    name: "eigenvectors of the parts",
    why: "those of Kronecker products and sums are Kronecker products, those of circulants the Fourier basis",
    applies: (A, call) => {
      const parts = spectralParts(A);
      if (typeof parts === "string") return OTHER;
      const big = parts.map((part) => isSmall(part, call)).find((answer) => answer !== true);
      return big === undefined || `of a part, ${big}`;
    },
    cost: (A) => A.rows * Math.log2(A.rows + 1),
    parts: (A, call) => partsOf(A).map((part) => call.plan("eig", part)),
    run: (A, call) => {
      return sorted(spectrumOf(A, call as unknown as Call<FunctionName>), call);
    },
  }),
  general<"eig">({
    of: "eig",
    name: "dense",
    why: "small: by tridiagonal form if self-adjoint, else by Schur's",
    applies: isSmall,
    cost: (A) => 10 * A.rows ** 3,
    run: (A, call) => sorted(denseEigen(A), call),
  }),
  general<"eig">({
    of: "eig",
    name: "iterations on the inverse",
    why:
      "the eigenvalues next to zero are the largest of A⁻¹, which structure gives: few iterations, multiple or not",
    applies: (A, call) => {
      const answer = large(A, call), which = call.args[1];
      if (answer !== true) return answer;
      if (which !== "smallest-magnitude" && !(which === "smallest" && A.is("PSD"))) return OTHER;
      return direct(call.plan("inv", A)) || "its inverse takes iterations itself";
    },
    cost: (A, call) => 50 * (call.args[0] ?? 1) * A.cost,
    parts: (A, call) => [call.plan("inv", A)],
    run: (A, call) => inverted(A, call),
  }),
  general<"eig">({
    of: "eig",
    name: "LOBPCG",
    why: "large and self-adjoint, with a preconditioner: the ends of the spectrum",
    applies: (A, call) => {
      const answer = large(A, call), which = call.args[1];
      if (answer !== true || !A.is("SelfAdjoint")) return OTHER;
      if (which !== "smallest" && which !== "largest") return OTHER;
      return call.options.preconditioner?.rows === A.rows || "no preconditioner is given";
    },
    cost: (A, call) => 100 * (call.args[0] ?? 1) * A.cost,
    run: (A, call) => {
      const { k, tolerance, maxIterations, seed, signal, onProgress } = eigenOptions(call)!;
      const which = call.args[1] as "smallest" | "largest", { preconditioner } = call.options;
      const options = { k, which, tolerance, maxIterations, seed, signal, onProgress, preconditioner };
      return found(A, lobpcg(A, options), "real", "LOBPCG");
    },
  }),
  general<"eig">({
    of: "eig",
    name: "Lanczos",
    why: "large and self-adjoint: some eigenvalues by products alone",
    applies: (A, call) => A.is("SelfAdjoint") ? large(A, call) : "it is not annotated SelfAdjoint",
    cost: (A, call) => 50 * (call.args[0] ?? 1) * A.cost,
    run: (A, call) => found(A, lanczos(A, eigenOptions(call)), "real", "Lanczos"),
  }),
  general<"eig">({
    of: "eig",
    name: "Arnoldi",
    why: "large: some eigenvalues by products alone",
    applies: large,
    cost: (A, call) => 100 * (call.args[0] ?? 1) * A.cost,
    run: (A, call) => found(A, arnoldi(A, eigenOptions(call)), "complex", "Arnoldi"),
  }),
];

function eigenOptions(call: Call<"eig">): Parameters<typeof lanczos>[1] {
  const { tolerance, maxIterations, seed, signal, onProgress } = call.options, [k, which] = call.args;
  return { k, which, tolerance, maxIterations, seed, signal, onProgress };
}

/** The eigenvalues alone, of triangular operators from the diagonal; also of defective operators. */
export function eigenvaluesOf(A: LinearOperator): { values: Vector; field: Field } {
  if (A instanceof TriangularOperator) return real({ values: A.diagonal, field: A.field });
  if (A.is("SelfAdjoint")) return { values: eigh(A.toDense()).values, field: "real" };
  return real({ values: eig(A.toDense()).values, field: "complex" as Field });
}
