/**
 * Determinants by structure.
 *
 * @module
 */
import { lu } from "../algorithms/lu.ts";
import { logdetEstimate } from "../algorithms/quadrature.ts";
import { Conjugated, Flipped } from "../operator.ts";
import { ProductOperator, ScaledOperator, SumOperator } from "../operators/composite.ts";
import { TriangularOperator } from "../operators/dense.ts";
import { FactorOperator } from "../operators/factor.ts";
import { CirculantOperator, FourierOperator } from "../operators/fourier.ts";
import { InverseOperator } from "../operators/inverse.ts";
import { BlockDiagOperator, KroneckerOperator } from "../operators/kronecker.ts";
import { PermutationOperator } from "../operators/permutation.ts";
import { DiagonalOperator, IdentityOperator, ZeroOperator } from "../operators/simple.ts";
import { HouseholderOperator, TridiagonalOperator } from "../operators/tridiagonal.ts";
import { inField, joinFields } from "../scalar.ts";
import type { Field, Vector } from "../types.ts";
import type { FunctionName, LogDet } from "./functions.ts";
import { blockDeterminant } from "./blocks.ts";
import { distinct } from "./inverse.ts";
import { capacitance, type Update, updateOf } from "./low_rank.ts";
import { type AnyRule, type Call, isSmall, OTHER } from "./rule_set.ts";
import { exactly, partsOf } from "./solvers.ts";
import { spectralParts, spectrumOf } from "./spectrum.ts";
import { factorTridiagonal } from "./thomas.ts";
import { allSquare, general, typed } from "./typed.ts";

/** Multiplies numbers one by one, in logarithms. */
export class Determinant {
  #re = 1;
  #im = 0;
  #log = 0;
  #variance = 0;

  /** Multiplies by (re + i·im)^count. */
  times(re: number, im = 0, count = 1): this {
    const size = Math.hypot(re, im);
    this.#log += size === 0 ? -Infinity : count * Math.log(size);
    if (size === 0) [this.#re, this.#im] = [0, 0];
    else this.#turn(re / size, im / size, count);
    return this;
  }

  /** Multiplies by a determinant to a power. */
  by(
    { sign, logabs, standardError = 0 }: { sign: Vector; logabs: number; standardError?: number },
    count = 1,
  ): this {
    this.#log += count * logabs;
    this.#variance += (count * standardError) ** 2;
    this.#turn(sign[0], sign[1] ?? 0, count);
    return this;
  }

  #turn(re: number, im: number, count: number): void {
    if (re === 0 && im === 0) {
      [this.#re, this.#im] = [0, 0];
      return;
    }
    let [a, b] = [re, im];
    if (im === 0) [a, b] = [count % 2 === 0 ? 1 : re, 0];
    else if (count !== 1) {
      // By squaring, so that i² is −1; the inverse of a number of size 1 is its conjugate.
      let [x, y] = [re, count < 0 ? -im : im];
      [a, b] = [1, 0];
      for (let left = Math.abs(count); left > 0; left = Math.floor(left / 2)) {
        if (left % 2 === 1) [a, b] = [a * x - b * y, a * y + b * x];
        [x, y] = [x * x - y * y, 2 * x * y];
      }
    }
    [this.#re, this.#im] = [this.#re * a - this.#im * b, this.#re * b + this.#im * a];
  }

  /** The result in a field, its sign of size 1. */
  result(field: Field): LogDet {
    const size = Math.hypot(this.#re, this.#im) || 1, real = field === "real";
    const sign = real
      ? Float64Array.of(this.#re === 0 ? 0 : Math.sign(this.#re))
      : Float64Array.of(this.#re / size, this.#im / size);
    return { sign, logabs: this.#log, standardError: Math.sqrt(this.#variance) };
  }
}

/** The product of numbers. */
export function productOf(values: Vector, from: Field, field: Field): LogDet {
  const numbers = inField(values, from, "complex"), all = new Determinant();
  for (let i = 0; i < numbers.length; i += 2) all.times(numbers[i], numbers[i + 1]);
  return all.result(field);
}

function conjugated(result: LogDet): LogDet {
  return { ...result, sign: result.sign.map((v, i) => i === 1 ? 0 - v : v) };
}

/**
 * How often each of 1, −1, −i, i is an eigenvalue of the unitary transform of n points with the sign −1 (McClellan and Parks
 * 1972).
 */
export function fourierMultiplicities(
  n: number,
): [one: number, minus: number, minusI: number, plusI: number] {
  return [
    Math.floor(n / 4) + 1,
    Math.floor((n + 2) / 4),
    Math.floor((n + 1) / 4),
    Math.floor((n + 3) / 4) - 1,
  ];
}

/** Rules for `slogdet`. */
export const determinants = (): readonly AnyRule[] => [
  exactly("slogdet"),
  general<"slogdet">({
    of: "slogdet",
    name: "not square",
    why: "only square operators have a determinant",
    applies: (A) => !A.isSquare || OTHER,
    cost: () => 0,
    run: (A) => {
      throw new RangeError(`Cannot find the determinant of ${A.describe()}: it is not square`);
    },
  }),
  typed("slogdet", IdentityOperator, {
    name: "identity",
    why: "it is 1",
    run: (A) => new Determinant().result(A.field),
  }),
  typed("slogdet", ZeroOperator, {
    name: "zero",
    why: "it is 0",
    run: (A) => new Determinant().times(0).result(A.field),
  }),
  typed("slogdet", ScaledOperator, {
    name: "multiple",
    why: "det(cA) = cⁿ·det A",
    parts: (A, call) => [call.plan("slogdet", A.of)],
    run: (A, call) =>
      new Determinant().times(...A.factor, A.rows).by(call.run("slogdet", A.of)).result(A.field),
  }),
  typed("slogdet", DiagonalOperator, {
    name: "diagonal",
    why: "the product of its entries",
    cost: (A) => A.rows,
    run: (A) => productOf(A.values, A.field, A.field),
  }),
  typed("slogdet", PermutationOperator, {
    name: "sign of a permutation",
    why: "−1 for each cycle of even length",
    cost: (A) => A.rows,
    run: (A) => new Determinant().times(A.sign).result(A.field),
  }),
  typed("slogdet", ProductOperator, {
    name: "product of determinants",
    why: "det AB = det A·det B",
    applies: (A) => allSquare(A.factors, "factor"),
    parts: (A, call) => distinct(A.factors).map((part) => call.plan("slogdet", part)),
    run: (A, call) =>
      A.factors.reduce((all, part) => all.by(call.run("slogdet", part)), new Determinant()).result(A.field),
  }),
  typed("slogdet", KroneckerOperator, {
    name: "Kronecker product factor by factor",
    why: "det(A⊗B) = det(A)^rows(B)·det(B)^rows(A)",
    applies: (A) => allSquare(A.factors, "factor"),
    parts: (A, call) => distinct(A.factors).map((part) => call.plan("slogdet", part)),
    run: (A, call) =>
      A.factors.reduce(
        (all, part) => all.by(call.run("slogdet", part), A.rows / part.rows),
        new Determinant(),
      )
        .result(A.field),
  }),
  typed("slogdet", BlockDiagOperator, {
    name: "block diagonal block by block",
    why: "the product of the determinants of the blocks",
    applies: (A) => allSquare(A.blocks, "block"),
    parts: (A, call) => distinct(A.blocks).map((part) => call.plan("slogdet", part)),
    run: (A, call) =>
      A.blocks.reduce((all, part) => all.by(call.run("slogdet", part)), new Determinant()).result(A.field),
  }),
  typed("slogdet", Flipped, {
    name: "adjoint",
    why: "the determinant of the adjoint is the conjugate, that of the transpose the same",
    parts: (A, call) => [call.plan("slogdet", A.of)],
    run: (A, call) => A.conjugated ? conjugated(call.run("slogdet", A.of)) : call.run("slogdet", A.of),
  }),
  typed("slogdet", Conjugated, {
    name: "conjugate",
    why: "the conjugate of the determinant",
    parts: (A, call) => [call.plan("slogdet", A.of)],
    run: (A, call) => conjugated(call.run("slogdet", A.of)),
  }),
  typed("slogdet", InverseOperator, {
    name: "inverse",
    why: "det A⁻¹ = 1/det A",
    applies: (A) => A.kind === "Inverse" || OTHER,
    parts: (A, call) => [call.plan("slogdet", A.of)],
    run: (A, call) => new Determinant().by(call.run("slogdet", A.of), -1).result(A.field),
  }),
  typed("slogdet", TriangularOperator, {
    name: "triangular",
    why: "the product of its diagonal",
    cost: (A) => A.rows,
    run: (A) => productOf(A.diagonal, A.field, A.field),
  }),
  typed("slogdet", TridiagonalOperator, {
    name: "tridiagonal elimination",
    why: "Thomas' algorithm with pivoting: O(n)",
    cost: (A) => 8 * A.rows,
    run: (A) => {
      const { u0, swapped } = factorTridiagonal(A), all = new Determinant();
      for (let i = 0; i < u0.length; i += 2) all.times(u0[i], u0[i + 1]);
      for (const swap of swapped) if (swap) all.times(-1);
      return all.result(A.field);
    },
  }),
  typed("slogdet", HouseholderOperator, {
    name: "reflection",
    why: "det(I − βvvᴴ) = 1 − β‖v‖²",
    cost: () => 1,
    run: (A) => new Determinant().times(1 - A.beta[0] * A.squared, 0 - A.beta[1] * A.squared).result(A.field),
  }),
  typed("slogdet", FactorOperator, {
    name: "factor block by block",
    why: "the product of the determinants of the small blocks",
    applies: (A) => A.pattern.b === A.pattern.c || `its blocks are ${A.pattern.b}×${A.pattern.c}, not square`,
    cost: ({ pattern: { a, b, d } }) => a * d * b ** 3 / 3,
    // In rows and in columns the same permutation collects the blocks: it changes no sign.
    run: blockDeterminant,
  }),
  typed("slogdet", CirculantOperator, {
    name: "circulant by Fourier transforms",
    why: "the product of its eigenvalues, the transform of its first column",
    cost: (A) => A.rows,
    run: (A) => productOf(A.eigenvalues, "complex", A.field),
  }),
  typed("slogdet", FourierOperator, {
    name: "Fourier transform",
    why: "its eigenvalues are 1, −1, i and −i, as often as is known",
    cost: () => 1,
    run: (A) => {
      const [, minus, minusI, plusI] = fourierMultiplicities(A.rows);
      const all = new Determinant().times(A.factor * Math.sqrt(A.rows), 0, A.rows).times(-1, 0, minus);
      // (−i)^a·i^b = i^(b − a), turned round for the other sign.
      const turns = (((plusI - minusI) * (A.sign === -1 ? 1 : -1)) % 4 + 4) % 4;
      for (let i = 0; i < turns; i++) all.times(0, 1);
      return all.result("complex");
    },
  }),
  typed("slogdet", SumOperator, {
    name: "determinant lemma",
    why: "det(A + UCVᴴ) = det A·det(I + CVᴴA⁻¹U), which is small",
    applies: (A) => {
      const update = updateOf(A);
      return typeof update === "string" ? update : true;
    },
    cost: (A) => {
      const { rank, base } = updateOf(A) as Update;
      return rank * (base.cost + A.rows * rank) + rank ** 3;
    },
    parts: (A, call) => {
      const { base } = updateOf(A) as Update;
      return [call.plan("slogdet", base), call.plan("inv", base)];
    },
    run: (A, call) => {
      const update = updateOf(A) as Update,
        inverse = call.run("inv", update.base),
        field = joinFields([A, inverse]);
      const small = lu(capacitance(update, inverse, field));
      return new Determinant().by(call.run("slogdet", update.base)).by(small.logdet).result(A.field);
    },
  }),
  general<"slogdet">({
    of: "slogdet",
    name: "eigenvalues of the parts",
    why: "the product of the eigenvalues, which are sums or products of those of small parts",
    applies: (A, call) => {
      const parts = spectralParts(A);
      if (typeof parts === "string") return OTHER;
      const large = parts.map((part) => isSmall(part, call)).find((answer) => answer !== true);
      return large === undefined || `of a part, ${large}`;
    },
    cost: (A) => A.rows,
    parts: (A, call) => partsOf(A).map((part) => call.plan("eig", part)),
    run: (A, call) => {
      const { values, field } = spectrumOf(A, call as unknown as Call<FunctionName>);
      // What the inverse calls singular has no determinant either: such eigenvalues are rounding.
      const pairs = inField(values, field, "complex"),
        size = (i: number): number => Math.hypot(pairs[i], pairs[i + 1]);
      let largest = 0;
      for (let i = 0; i < pairs.length; i += 2) largest = Math.max(largest, size(i));
      for (let i = 0; i < pairs.length; i += 2) {
        if (size(i) <= 2 ** -50 * largest) return new Determinant().times(0).result(A.field);
      }
      return productOf(pairs, "complex", A.field);
    },
  }),
  general<"slogdet">({
    of: "slogdet",
    name: "dense LU",
    why: "small, and without a structure that helps",
    applies: isSmall,
    cost: (A) => A.rows ** 3 / 3 + A.rows * A.cost,
    run: (A) => {
      const { sign, logabs } = lu(A.toDense()).logdet;
      return { sign, logabs, standardError: 0 };
    },
  }),
  general<"slogdet">({
    of: "slogdet",
    name: "stochastic Lanczos quadrature",
    why:
      "large and positive definite: tr log A is estimated from random vectors, with a standard error; the sign is 1",
    applies: (A) =>
      A.is("PSD") ||
      (A.is("Unitary")
          ? "it is unitary, so that its determinant has modulus 1, but which sign or phase cannot be estimated"
          : "it is not annotated PSD, and the sign of a determinant cannot be estimated") +
        "; raise dense.below",
    cost: (A, call) => (call.options.samples ?? 30) * (call.options.steps ?? 100) * A.cost,
    run: (A, call) => {
      const { samples, steps, seed, signal, onProgress, tolerance } = call.options;
      const { value, standardError, bias } = logdetEstimate(A, {
        samples,
        steps,
        seed,
        signal,
        onProgress,
        tolerance,
      });
      const sign = Float64Array.of(...A.field === "real" ? [1] : [1, 0]);
      // What the quadrature is off by adds to what the samples scatter.
      return { sign, logabs: value, standardError: Math.hypot(standardError, bias * value) };
    },
  }),
];
