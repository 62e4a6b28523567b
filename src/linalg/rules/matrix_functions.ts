/**
 * Functions of operators: exponentials, logarithms, roots, powers and any other.
 *
 * @module
 */
import { eigh } from "../algorithms/eigh.ts";
import { expm } from "../algorithms/expm.ts";
import { arnoldiFunction, type FunctionResult, lanczosFunction } from "../algorithms/krylov_functions.ts";
import { lu } from "../algorithms/lu.ts";
import { funm, logm, sqrtm } from "../algorithms/matrix_functions.ts";
import { blockDiag, kron } from "../compose.ts";
import { SELF } from "../annotations.ts";
import { Flipped, type LinearOperator } from "../operator.ts";
import { DenseOperator } from "../operators/dense.ts";
import { CirculantOperator } from "../operators/fourier.ts";
import { InverseOperator, oneByOne } from "../operators/inverse.ts";
import { BlockDiagOperator, KroneckerOperator, KronSumOperator } from "../operators/kronecker.ts";
import { inField, norm2, unitOf } from "../scalar.ts";
import { randomVector } from "../algorithms/check.ts";
import { Random } from "../../program/random.ts";
import type { Field, Matrix, Vector } from "../types.ts";
import type { FunctionName, SpectralFunction } from "./functions.ts";
import { circulantOf } from "./reciprocal.ts";
import { type AnyRule, type Call, isSmall, OTHER } from "./rule_set.ts";
import { ConvergenceError, singular } from "./singular.ts";
import { exactly, fromSpectrum, partsOf } from "./solvers.ts";
import { isNormal, spectralParts, spectrumOf } from "./spectrum.ts";
import { allSquare, general, typed } from "./typed.ts";

/** What the rules ask of eigenvalues: f of each, checked. */
function valuesOf(
  A: LinearOperator,
  f: SpectralFunction,
  { values, field }: { readonly values: Vector; readonly field: Field },
): { values: Vector; field: Field } {
  if (field === "real") {
    const psd = A.is("PSD");
    let largest = 0;
    for (const v of values) largest = Math.max(largest, Math.abs(v));
    // Rounding makes eigenvalues of a positive operator negative.
    const least = -16 * values.length * 2 ** -52 * largest;
    const made = values.map((v) => f.real(psd && v < 0 && v > least ? 0 : v));
    const at = made.findIndex((v) => !Number.isFinite(v));
    if (at < 0) return { values: made, field };
    if (f.complex === undefined || !Number.isNaN(made[at])) throw unfit(A, f, values[at], 0);
  }
  if (f.complex === undefined) {
    throw new RangeError(
      `Cannot find ${f.name} of ${A.describe()}: it has complex eigenvalues, and the function is given for real ones only`,
    );
  }
  const pairs = inField(values, field, "complex"), result = new Float64Array(pairs.length);
  for (let i = 0; i < pairs.length; i += 2) {
    const [re, im] = f.complex(pairs[i], pairs[i + 1] + 0);
    if (!Number.isFinite(re) || !Number.isFinite(im)) throw unfit(A, f, pairs[i], pairs[i + 1]);
    result[i] = re;
    result[i + 1] = im;
  }
  return { values: result, field: "complex" };
}

function unfit(A: LinearOperator, f: SpectralFunction, re: number, im: number): RangeError {
  const z = im === 0 ? `${re}` : `${re} ${im < 0 ? "−" : "+"} ${Math.abs(im)}i`;
  return new RangeError(`Cannot find ${f.name} of ${A.describe()}: it is not finite at the eigenvalue ${z}`);
}

/** Whether f takes conjugates to conjugates, so that f of a real operator is real: tried at some points. */
function isReal(f: SpectralFunction, values: Vector): boolean {
  if (f.complex === undefined) return true;
  for (let i = 0; i < values.length; i += 2) {
    const [a, b] = f.complex(values[i], values[i + 1]), [c, d] = f.complex(values[i], 0 - values[i + 1]);
    if (Math.hypot(a - c, b + d) > 1e-12 * Math.hypot(a, b)) return false;
  }
  return true;
}

/** f of a small matrix. */
function dense(A: LinearOperator, f: SpectralFunction, call: Call<"function">): LinearOperator {
  const matrix = A.toDense();
  if (A.is("SelfAdjoint")) {
    const { values, vectors } = eigh(matrix);
    let largest = 0;
    for (const v of values) largest = Math.max(largest, Math.abs(v));
    // What is rounding is zero: else the inverse root or the logarithm of a singular matrix would be made of it.
    for (let i = 0; i < values.length; i++) {
      if (Math.abs(values[i]) <= values.length * 2 ** -52 * largest) values[i] = 0;
    }
    const V = new DenseOperator(vectors).annotate("Unitary");
    const changed = valuesOf(A, f, { values, field: "real" });
    return fromSpectrum(A, V, true, changed, call as unknown as Call<FunctionName>, false);
  }
  const special: Record<string, (matrix: Matrix) => Matrix> = { exp: expm, log: logm, sqrt: sqrtm };
  if (Object.hasOwn(special, f.name)) return new DenseOperator(special[f.name](matrix));
  if (f.name === "isqrt") {
    const { rcond } = lu(matrix);
    if (rcond < 2 ** -52) throw singular(A, "its LU factors show", 1 / rcond);
    return call.run("inv", new DenseOperator(sqrtm(matrix)));
  }
  return new DenseOperator(funm(matrix, complexOf(A, f)));
}

/** The function for any eigenvalues, as the algorithms take it. */
function complexOf(
  A: LinearOperator,
  f: SpectralFunction,
): (re: number, im: number) => readonly [number, number] {
  return (re, im) => {
    if (im === 0) {
      const value = f.real(re);
      if (!Number.isNaN(value)) return [value, 0];
    }
    // Plus zero: −0 lies on the other side of a branch cut.
    if (f.complex !== undefined) return f.complex(re, im + 0);
    if (im === 0) return [NaN, NaN];
    throw new RangeError(
      `Cannot find ${f.name} of ${A.describe()}: it has complex eigenvalues, and the function is given for real ones only`,
    );
  };
}

/** f at Ritz values; of a PSD operator those that rounding has made negative are zero. */
function rounded(A: LinearOperator, f: SpectralFunction): (x: number) => number {
  if (!A.is("PSD")) return (x) => f.real(x);
  // ‖A·v‖/‖v‖ is no more than the largest eigenvalue.
  const v = randomVector(A.cols * unitOf(A.field), new Random(0)), size = norm2(A.apply(v)) / norm2(v);
  return (x) => f.real(x < 0 && x > -1e-12 * size ? 0 : x);
}

/** f(A)·b by Krylov spaces, when it is applied. */
function krylov(
  A: LinearOperator,
  f: SpectralFunction,
  name: string,
  one: (A: LinearOperator, b: Float64Array) => FunctionResult,
): LinearOperator {
  const apply = (B: LinearOperator, b: Float64Array): Vector => {
    const { x, field, converged, residual, iterations, reason } = one(B, b);
    if (!converged) {
      throw new ConvergenceError(
        `Cannot apply ${f.name} of ${A.describe()}: ${name} did not converge; the last steps changed the result by ${
          residual.toExponential(1)
        } after ${iterations} steps (${reason}). Raise tolerance or maxIterations`,
        x,
        residual,
        iterations,
      );
    }
    if (field === A.field) return x;
    if (A.field === "complex") return inField(x, field, "complex");
    throw new RangeError(
      `Cannot apply ${f.name} of ${A.describe()}: the result is complex; make the operator complex first`,
    );
  };
  const solver = {
    solve: (b: Float64Array, count: number) => oneByOne(A, b, count, (v) => apply(A, v)),
    solveAdjoint: (b: Float64Array, count: number) => oneByOne(A, b, count, (v) => apply(A.adjoint(), v)),
  };
  return new InverseOperator(A, solver, 50 * A.cost, `Function ${f.name}`, A.flags & SELF);
}

/** Rules for functions of operators. */
export const matrixFunctions = (): readonly AnyRule[] => [
  exactly("function"),
  general<"function">({
    of: "function",
    name: "not square",
    why: "only square operators have functions",
    applies: (A) => !A.isSquare || OTHER,
    cost: () => 0,
    run: (A, { args: [f] }) => {
      throw new RangeError(`Cannot find ${f.name} of ${A.describe()}: it is not square`);
    },
  }),
  typed("function", BlockDiagOperator, {
    name: "block diagonal block by block",
    why: "f works on every block by itself",
    applies: (A) => allSquare(A.blocks, "block"),
    parts: (A, call) => A.blocks.map((part) => call.plan("function", part, ...call.args)),
    run: (A, call) => blockDiag(...A.blocks.map((part) => call.run("function", part, ...call.args))),
  }),
  typed("function", KronSumOperator, {
    name: "exponential of a Kronecker sum",
    why: "exp(A⊗I + I⊗B) = exp A⊗exp B",
    applies: (_, { args: [f] }) => f.name === "exp" || "the function is not exp",
    parts: (A, call) => A.terms.map((part) => call.plan("function", part, ...call.args)),
    run: (A, call) => kron(...A.terms.map((part) => call.run("function", part, ...call.args))),
  }),
  typed("function", KroneckerOperator, {
    name: "power of a Kronecker product",
    why: "(A⊗B)^p = A^p⊗B^p for PSD factors",
    applies: (A, { args: [f] }) => {
      if (!f.multiplicative) return "the function of a product is not the product of the functions";
      return A.factors.every((part) => part.is("PSD")) || "not all factors are annotated PSD";
    },
    parts: (A, call) => A.factors.map((part) => call.plan("function", part, ...call.args)),
    run: (A, call) => kron(...A.factors.map((part) => call.run("function", part, ...call.args))),
  }),
  typed("function", Flipped, {
    name: "transpose",
    why: "f(Aᵀ) = f(A)ᵀ",
    applies: (A) => !A.conjugated || A.field === "real" || "f of an adjoint need not be the adjoint of f",
    parts: (A, call) => [call.plan("function", A.of, ...call.args)],
    run: (A, call) => call.run("function", A.of, ...call.args).transpose(),
  }),
  typed("function", CirculantOperator, {
    name: "circulant by Fourier transforms",
    why: "a circulant of f of the eigenvalues",
    cost: (A) => A.cost,
    run: (A, { args: [f] }) => {
      const spectrum = A.is("SelfAdjoint")
        ? { values: inField(A.eigenvalues, "complex", "real"), field: "real" as Field }
        : { values: A.eigenvalues, field: "complex" as Field };
      const made = valuesOf(A, f, spectrum), values = inField(made.values, made.field, "complex");
      // Of a real operator the result is real if f is.
      const stays = A.field === "complex" ||
        (made.field === "real" || spectrum.field === "complex") && isReal(f, A.eigenvalues);
      return circulantOf(A, values, stays ? A.field : "complex");
    },
  }),
  general<"function">({
    of: "function",
    name: "eigenvectors of the parts",
    why: "V·f(Λ)·V⁻¹, where V is a Kronecker product of the eigenvectors of small parts",
    applies: (A, call) => {
      const parts = spectralParts(A);
      if (typeof parts === "string") return OTHER;
      const large = parts.map((part) => isSmall(part, call)).find((answer) => answer !== true);
      return large === undefined || `of a part, ${large}`;
    },
    cost: (A) => A.rows,
    parts: (A, call) => partsOf(A).map((part) => call.plan("eig", part)),
    run: (A, call) => {
      const [f] = call.args, rest = call as unknown as Call<FunctionName>, spectrum = spectrumOf(A, rest);
      const changed = valuesOf(A, f, spectrum);
      const real = spectrum.field === "complex" && isReal(f, spectrum.values);
      return fromSpectrum(
        A,
        spectrum.vectors,
        isNormal(spectrum),
        changed,
        rest,
        real || changed.field === "real",
      );
    },
  }),
  general<"function">({
    of: "function",
    name: "dense",
    why: "small: by eigenvectors if self-adjoint; exp by Padé, log and sqrt by Schur's form",
    applies: isSmall,
    cost: (A) => 25 * A.rows ** 3,
    run: (A, call) => dense(A, call.args[0], call),
  }),
  general<"function">({
    of: "function",
    name: "Lanczos",
    why: "large and self-adjoint: f is evaluated at Ritz values whenever it is applied",
    applies: (A) => A.is("SelfAdjoint") || "it is not annotated SelfAdjoint",
    cost: () => 0,
    run: (A, call) => {
      const { tolerance, maxIterations, seed, signal, onProgress } = call.options, [f] = call.args;
      const options = { tolerance, maxIterations, seed, signal, onProgress };
      return krylov(A, f, "Lanczos", (B, b) => lanczosFunction(B, rounded(B, f), b, options));
    },
  }),
  general<"function">({
    of: "function",
    name: "Arnoldi",
    why: "large: f of a small Hessenberg matrix whenever it is applied",
    applies: () => true,
    cost: () => 0,
    run: (A, call) => {
      const { tolerance, maxIterations, seed, signal, onProgress } = call.options, [f] = call.args;
      const options = { tolerance, maxIterations, seed, signal, onProgress };
      const known = f.name === "exp" || f.name === "log" || f.name === "sqrt" ? f.name : complexOf(A, f);
      return krylov(A, f, "Arnoldi", (B, b) => arnoldiFunction(B, known, b, options));
    },
  }),
];
