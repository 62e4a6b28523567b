/**
 * Inverses by structure.
 *
 * @module
 */
import { triangularSolve } from "../algorithms/triangular.ts";
import { blockDiag, kron, product, scale } from "../compose.ts";
import { Conjugated, Flipped, type LinearOperator } from "../operator.ts";
import { ProductOperator, ScaledOperator } from "../operators/composite.ts";
import { TriangularOperator } from "../operators/dense.ts";
import { FactorOperator } from "../operators/factor.ts";
import { CirculantOperator, FourierOperator } from "../operators/fourier.ts";
import { InverseOperator } from "../operators/inverse.ts";
import { BlockDiagOperator, KroneckerOperator } from "../operators/kronecker.ts";
import { DiagonalOperator, IdentityOperator, ZeroOperator } from "../operators/simple.ts";
import { HouseholderOperator, TridiagonalOperator } from "../operators/tridiagonal.ts";
import { complexify, inField, unitOf } from "../scalar.ts";
import type { Vector } from "../types.ts";
import { inverseBlocks } from "./blocks.ts";
import { circulantOf, reciprocal } from "./reciprocal.ts";
import { type AnyRule, OTHER } from "./rule_set.ts";
import { singular } from "./singular.ts";
import { factorTridiagonal, solveTridiagonal, type TridiagonalFactors } from "./thomas.ts";
import { allSquare, general, typed } from "./typed.ts";

/** Entries and pivots below this part of the largest are zero but for rounding. */
const ROUNDING = 2 ** -52;

/** A tridiagonal matrix factored, refused if it is singular. */
function factored(A: TridiagonalOperator): TridiagonalFactors {
  const factors = factorTridiagonal(A), { n, u0 } = factors;
  let largest = 0, smallest = Infinity, at = 0;
  for (let i = 0; i < n; i++) {
    const size = Math.hypot(u0[2 * i], u0[2 * i + 1]);
    largest = Math.max(largest, size);
    if (size < smallest) [smallest, at] = [size, i];
  }
  if (smallest <= ROUNDING * largest) {
    throw singular(
      A,
      `pivot ${at} is ${smallest.toExponential(1)}`,
      smallest === 0 ? Infinity : largest / smallest,
    );
  }
  return factors;
}

function solveWith(A: TridiagonalOperator, factors: TridiagonalFactors, b: Float64Array): Vector {
  const x = A.field === "real" ? complexify(b) : new Float64Array(b), width = 2 * A.rows;
  for (let at = 0; at < x.length; at += width) solveTridiagonal(factors, x.subarray(at, at + width));
  return inField(x, "complex", A.field);
}

/** Inverses that follow from the type. */
export const inverses = (): readonly AnyRule[] => [
  typed("inv", IdentityOperator, { name: "identity", why: "the identity is its own inverse", run: (A) => A }),
  general<"inv">({
    of: "inv",
    name: "unitary",
    why: "the inverse of a unitary operator is its adjoint",
    applies: (A) => A.is("Unitary") || OTHER,
    cost: () => 0,
    run: (A) => A.adjoint(),
  }),
  typed("inv", InverseOperator, {
    name: "inverse of an inverse",
    why: "it is the operator that was inverted",
    applies: (A) => A.kind === "Inverse" || OTHER,
    run: (A) => A.of,
  }),
  typed("inv", ZeroOperator, {
    name: "zero",
    why: "it has none",
    run: (A) => {
      throw singular(A, "it takes everything to zero");
    },
  }),
  typed("inv", ScaledOperator, {
    name: "multiple",
    why: "(cA)⁻¹ = c⁻¹A⁻¹",
    parts: (A, call) => [call.plan("inv", A.of)],
    run: (A, call) => {
      const factor = reciprocal(A.factor[0], A.factor[1]);
      if (!factor.every(Number.isFinite)) throw singular(A, `its factor is ${A.factor[0]}`);
      return scale(factor, call.run("inv", A.of));
    },
  }),
  typed("inv", DiagonalOperator, {
    name: "diagonal",
    why: "reciprocals of the entries",
    cost: (A) => A.rows,
    run: (A) => {
      const unit = unitOf(A.field), values = new Float64Array(A.values.length);
      let largest = 0;
      for (const v of A.values) largest = Math.max(largest, Math.abs(v));
      for (let i = 0; i < values.length; i += unit) {
        const re = A.values[i], im = unit === 2 ? A.values[i + 1] : 0;
        if (re === 0 && im === 0) throw singular(A, `entry ${i / unit} is 0`);
        values.set(reciprocal(re, im).slice(0, unit), i);
        if (!Number.isFinite(values[i])) {
          throw singular(A, `entry ${i / unit} is ${re}`, largest / Math.hypot(re, im));
        }
      }
      return new DiagonalOperator(values, A.field);
    },
  }),
  typed("inv", ProductOperator, {
    name: "product in the opposite order",
    why: "(AB)⁻¹ = B⁻¹A⁻¹",
    applies: (A) => allSquare(A.factors, "factor"),
    parts: (A, call) => A.factors.toReversed().map((part) => call.plan("inv", part)),
    run: (A, call) => product(...A.factors.toReversed().map((part) => call.run("inv", part))),
  }),
  typed("inv", KroneckerOperator, {
    name: "Kronecker product factor by factor",
    why: "(A⊗B)⁻¹ = A⁻¹⊗B⁻¹",
    applies: (A) => allSquare(A.factors, "factor"),
    parts: (A, call) => A.factors.map((part) => call.plan("inv", part)),
    run: (A, call) => kron(...A.factors.map((part) => call.run("inv", part))),
  }),
  typed("inv", BlockDiagOperator, {
    name: "block diagonal block by block",
    why: "every block is inverted by itself",
    applies: (A) => allSquare(A.blocks, "block"),
    parts: (A, call) => distinct(A.blocks).map((part) => call.plan("inv", part)),
    run: (A, call) => {
      const made = new Map(distinct(A.blocks).map((part) => [part, call.run("inv", part)]));
      return blockDiag(...A.blocks.map((part) => made.get(part)!));
    },
  }),
  typed("inv", Flipped, {
    name: "adjoint",
    why: "(Aᴴ)⁻¹ = (A⁻¹)ᴴ",
    parts: (A, call) => [call.plan("inv", A.of)],
    run: (A, call) => {
      const of = call.run("inv", A.of);
      return A.conjugated ? of.adjoint() : of.transpose();
    },
  }),
  typed("inv", Conjugated, {
    name: "conjugate",
    why: "the inverse of the conjugate is the conjugate of the inverse",
    parts: (A, call) => [call.plan("inv", A.of)],
    run: (A, call) => new Conjugated(call.run("inv", A.of)),
  }),
  typed("inv", TriangularOperator, {
    name: "substitution",
    why: "triangular systems are solved entry by entry",
    cost: (A) => A.cost,
    run: (A) => {
      const triangle = A.lower ? "lower" : "upper", unit = unitOf(A.field);
      const zero = firstZero(A.diagonal, unit);
      if (zero >= 0) throw singular(A, `entry ${zero} of the diagonal is 0`);
      return new InverseOperator(A, {
        solve: (b) => triangularSolve(A, b, { triangle }),
        solveAdjoint: (b) => triangularSolve(A, b, { triangle, adjoint: true }),
      }, A.cost);
    },
  }),
  typed("inv", TridiagonalOperator, {
    name: "tridiagonal elimination",
    why: "Thomas' algorithm with pivoting: O(n)",
    cost: (A) => 8 * A.rows,
    run: (A) => {
      const factors = factored(A), turned = A.adjoint() as TridiagonalOperator;
      let adjoint: TridiagonalFactors | undefined;
      return new InverseOperator(A, {
        solve: (b) => solveWith(A, factors, b),
        solveAdjoint: (b) => solveWith(turned, adjoint ??= factored(turned), b),
      }, 8 * A.rows);
    },
  }),
  typed("inv", HouseholderOperator, {
    name: "reflection",
    why: "(I − βvvᴴ)⁻¹ = I − γvvᴴ with γ = β/(β‖v‖² − 1)",
    cost: () => 1,
    run: (A) => {
      const [re, im] = A.beta, x = re * A.squared - 1, y = im * A.squared, size = x * x + y * y;
      if (Math.sqrt(size) <= 2 * ROUNDING) throw singular(A, "β‖v‖² = 1 projects v to zero");
      return new HouseholderOperator(A.vector, [(re * x + im * y) / size, (im * x - re * y) / size], A.field);
    },
  }),
  typed("inv", FactorOperator, {
    name: "factor block by block",
    why: "the small blocks of a butterfly or chain are inverted one by one",
    applies: (A) => A.pattern.b === A.pattern.c || `its blocks are ${A.pattern.b}×${A.pattern.c}, not square`,
    cost: ({ pattern: { a, b, d } }) => a * d * b ** 3,
    run: inverseBlocks,
  }),
  typed("inv", CirculantOperator, {
    name: "circulant by Fourier transforms",
    why: "its eigenvalues are the transform of its first column",
    cost: (A) => A.cost,
    run: (A) => circulantOf(A, reciprocals(A)),
  }),
  typed("inv", FourierOperator, {
    name: "Fourier transform",
    why: "F⁻¹ is a multiple of its adjoint",
    run: (A) => new FourierOperator(A.rows, A.sign === 1 ? -1 : 1, 1 / (A.rows * A.factor), A.plan),
  }),
];

/** The reciprocals of the eigenvalues of a circulant. */
function reciprocals(A: CirculantOperator): Vector {
  const { eigenvalues } = A, result = new Float64Array(eigenvalues.length);
  let largest = 0, smallest = Infinity, at = 0;
  for (let i = 0; i < eigenvalues.length; i += 2) {
    const size = Math.hypot(eigenvalues[i], eigenvalues[i + 1]);
    largest = Math.max(largest, size);
    if (size < smallest) [smallest, at] = [size, i / 2];
    result.set(reciprocal(eigenvalues[i], eigenvalues[i + 1]), i);
  }
  // What the transform rounds is no eigenvalue.
  if (smallest <= 4 * ROUNDING * Math.log2(2 * A.rows) * largest) {
    throw singular(
      A,
      `eigenvalue ${at} is ${smallest.toExponential(1)}`,
      smallest === 0 ? Infinity : largest / smallest,
    );
  }
  return result;
}

/** The first number that is zero, or −1. */
function firstZero(values: Vector, unit: 1 | 2): number {
  for (let i = 0; i < values.length; i += unit) {
    if (values[i] === 0 && (unit === 1 || values[i + 1] === 0)) return i / unit;
  }
  return -1;
}

/** Each of some operators once. */
export function distinct(parts: readonly LinearOperator[]): LinearOperator[] {
  return [...new Set(parts)];
}
