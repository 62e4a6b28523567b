/**
 * Diagonals and traces.
 *
 * @module
 */
import { hutchPlusPlus } from "../algorithms/trace.ts";
import { product } from "../compose.ts";
import { Conjugated, Flipped, type LinearOperator } from "../operator.ts";
import { LowRankOperator, ProductOperator, ScaledOperator, SumOperator } from "../operators/composite.ts";
import { DenseOperator } from "../operators/dense.ts";
import { FactorOperator } from "../operators/factor.ts";
import { CirculantOperator, FourierOperator, ToeplitzOperator } from "../operators/fourier.ts";
import { BlockDiagOperator, KroneckerOperator, KronSumOperator } from "../operators/kronecker.ts";
import { PermutationOperator } from "../operators/permutation.ts";
import { DiagonalOperator, IdentityOperator, ZeroOperator } from "../operators/simple.ts";
import { SparseOperator } from "../operators/sparse.ts";
import { HouseholderOperator, TridiagonalOperator } from "../operators/tridiagonal.ts";
import { conjugate, inField, unitOf } from "../scalar.ts";
import type { Vector } from "../types.ts";
import { fourierMultiplicities } from "./determinant.ts";
import type { Estimate } from "./functions.ts";
import { columnsOf, cyclic } from "./low_rank.ts";
import { type AnyRule, isSmall, OTHER } from "./rule_set.ts";
import { exactly } from "./solvers.ts";
import { allSquare, general, typed } from "./typed.ts";

/** An exact number. */
function exact(value: number, imaginary = 0): Estimate {
  return { value, imaginary, standardError: 0 };
}

/** The diagonal of an operator that has its entries at hand. */
function entriesOf(A: LinearOperator): Vector | undefined {
  const unit = unitOf(A.field), n = A.rows;
  const each = (entry: (i: number) => readonly [number, number?]): Vector => {
    const result = new Float64Array(n * unit);
    for (let i = 0; i < n; i++) {
      const [re, im = 0] = entry(i);
      result[i * unit] = re;
      if (unit === 2) result[2 * i + 1] = im;
    }
    return result;
  };
  const at = (
    values: Vector,
    i: number,
  ): [number, number] => [values[i * unit], unit === 2 ? values[2 * i + 1] : 0];
  if (A instanceof IdentityOperator) return each(() => [1]);
  if (A instanceof ZeroOperator) return each(() => [0]);
  if (A instanceof DiagonalOperator) return A.values.slice();
  if (A instanceof DenseOperator) return each((i) => at(A.values, i * (n + 1)));
  if (A instanceof TridiagonalOperator) return A.diagonal.slice();
  if (A instanceof CirculantOperator || A instanceof ToeplitzOperator) return each(() => at(A.column, 0));
  if (A instanceof PermutationOperator) return each((i) => [A.index[i] === i ? 1 : 0]);
  if (A instanceof HouseholderOperator) {
    return each((i) => {
      const [re, im] = at(A.vector, i), size = re * re + im * im;
      return [1 - A.beta[0] * size, 0 - A.beta[1] * size];
    });
  }
  if (A instanceof SparseOperator) {
    return each((i) => {
      let re = 0, im = 0;
      for (let e = A.starts[i]; e < A.starts[i + 1]; e++) {
        if (A.columns[e] !== i) continue;
        const [x, y] = at(A.values, e);
        re += x;
        im += y;
      }
      return [re, im];
    });
  }
  if (A instanceof FactorOperator && A.pattern.b === A.pattern.c) {
    const { b, d } = A.pattern;
    return each((k) => {
      const beta = Math.floor(k / d) % b, block = Math.floor(k / (b * d));
      return at(A.values, ((block * b + beta) * b + beta) * d + k % d);
    });
  }
  return undefined;
}

function total(values: Vector, complex: boolean): Estimate {
  let re = 0, im = 0;
  for (let i = 0; i < values.length; i += complex ? 2 : 1) {
    re += values[i];
    if (complex) im += values[i + 1];
  }
  return exact(re, im);
}

/** c·e. */
function times(e: Estimate, re: number, im = 0): Estimate {
  return {
    value: e.value * re - e.imaginary * im,
    imaginary: e.value * im + e.imaginary * re,
    standardError: e.standardError * Math.hypot(re, im),
  };
}

function plus(a: Estimate, b: Estimate): Estimate {
  return {
    value: a.value + b.value,
    imaginary: a.imaginary + b.imaginary,
    standardError: Math.hypot(a.standardError, b.standardError),
  };
}

/** The factors of a product, those of low rank taken apart. */
function opened(A: ProductOperator): LinearOperator[] {
  return A.factors.flatMap((part) =>
    part instanceof LowRankOperator && part.rank < part.rows
      ? [part.left, part.core, part.right.adjoint()]
      : [part]
  );
}

const square = (of: "trace" | "diag"): AnyRule =>
  general<"trace" | "diag">({
    of,
    name: "not square",
    why: "only square operators have one",
    applies: (A) => !A.isSquare || OTHER,
    cost: () => 0,
    run: (A) => {
      throw new RangeError(
        `Cannot find the ${of === "trace" ? "trace" : "diagonal"} of ${A.describe()}: it is not square`,
      );
    },
  });

/** Rules for `trace`. */
export const traces = (): readonly AnyRule[] => [
  exactly("trace"),
  square("trace"),
  general<"trace">({
    of: "trace",
    name: "entries",
    why: "the entries of the diagonal are at hand",
    applies: (A) => entriesOf(A) !== undefined || OTHER,
    cost: (A) => A.rows,
    run: (A) => total(entriesOf(A)!, A.field === "complex"),
  }),
  typed("trace", ScaledOperator, {
    name: "multiple",
    why: "tr(cA) = c·tr A",
    parts: (A, call) => [call.plan("trace", A.of)],
    run: (A, call) => times(call.run("trace", A.of), ...A.factor),
  }),
  typed("trace", SumOperator, {
    name: "sum of traces",
    why: "the trace is linear",
    parts: (A, call) => A.terms.map((part) => call.plan("trace", part)),
    run: (A, call) => A.terms.map((part) => call.run("trace", part)).reduce(plus),
  }),
  typed("trace", KroneckerOperator, {
    name: "Kronecker product factor by factor",
    why: "tr(A⊗B) = tr A·tr B",
    applies: (A) => allSquare(A.factors, "factor"),
    parts: (A, call) => A.factors.map((part) => call.plan("trace", part)),
    run: (A, call) =>
      A.factors.map((part) => call.run("trace", part)).reduce((a, b) => ({
        ...times(a, b.value, b.imaginary),
        standardError: Math.hypot(
          a.standardError * Math.hypot(b.value, b.imaginary),
          b.standardError * Math.hypot(a.value, a.imaginary),
        ),
      })),
  }),
  typed("trace", KronSumOperator, {
    name: "Kronecker sum term by term",
    why: "tr(A⊗I + I⊗B) = tr A·n_B + n_A·tr B",
    parts: (A, call) => A.terms.map((part) => call.plan("trace", part)),
    run: (A, call) => A.terms.map((part) => times(call.run("trace", part), A.rows / part.rows)).reduce(plus),
  }),
  typed("trace", BlockDiagOperator, {
    name: "block diagonal block by block",
    why: "the sum of the traces of the blocks",
    applies: (A) => allSquare(A.blocks, "block"),
    parts: (A, call) => A.blocks.map((part) => call.plan("trace", part)),
    run: (A, call) => A.blocks.map((part) => call.run("trace", part)).reduce(plus),
  }),
  typed("trace", Flipped, {
    name: "adjoint",
    why: "the trace of the adjoint is the conjugate, that of the transpose the same",
    parts: (A, call) => [call.plan("trace", A.of)],
    run: (A, call) => {
      const of = call.run("trace", A.of);
      return A.conjugated ? { ...of, imaginary: 0 - of.imaginary } : of;
    },
  }),
  typed("trace", Conjugated, {
    name: "conjugate",
    why: "the conjugate of the trace",
    parts: (A, call) => [call.plan("trace", A.of)],
    run: (A, call) => {
      const of = call.run("trace", A.of);
      return { ...of, imaginary: 0 - of.imaginary };
    },
  }),
  typed("trace", FourierOperator, {
    name: "Fourier transform",
    why: "its eigenvalues are 1, −1, i and −i, as often as is known",
    run: (A) => {
      const [one, minus, minusI, plusI] = fourierMultiplicities(A.rows), size = A.factor * Math.sqrt(A.rows);
      return exact(size * (one - minus), size * (plusI - minusI) * (A.sign === -1 ? 1 : -1));
    },
  }),
  typed("trace", LowRankOperator, {
    name: "cyclic trace",
    why: "tr(UCVᴴ) = tr(CVᴴU), which is small",
    applies: (A) => A.rank < A.rows || `its rank, ${A.rank}, is not below ${A.rows}`,
    parts: (A, call) => [call.plan("trace", product(A.core, A.right.adjoint(), A.left))],
    run: (A, call) => call.run("trace", product(A.core, A.right.adjoint(), A.left)),
  }),
  typed("trace", ProductOperator, {
    name: "cyclic trace",
    why: "tr(AB) = tr(BA), with the smallest size in the middle",
    applies: (A) => {
      const least = Math.min(...opened(A).map((part) => part.rows));
      return least < A.rows || `no size within the product is below ${A.rows}`;
    },
    parts: (A, call) => [call.plan("trace", cyclic(opened(A)))],
    run: (A, call) => call.run("trace", cyclic(opened(A))),
  }),
  general<"trace">({
    of: "trace",
    name: "all unit vectors",
    why: "small: exact, by as many products as there are columns",
    applies: isSmall,
    cost: (A) => A.rows * A.cost,
    run: (A, call) => total(call.run("diag", A), A.field === "complex"),
  }),
  general<"trace">({
    of: "trace",
    name: "Hutch++",
    why: "large: estimated from random vectors, with a standard error",
    applies: () => true,
    cost: (A, call) => (call.options.samples ?? 30) * A.cost,
    run: (A, call) => {
      const { samples, seed, signal, onProgress } = call.options;
      const { value, imaginary, standardError } = hutchPlusPlus(A, { samples, seed, signal, onProgress });
      return { value, imaginary, standardError };
    },
  }),
];

/** Rules for `diag`. */
export const diagonals = (): readonly AnyRule[] => [
  exactly("diag"),
  square("diag"),
  general<"diag">({
    of: "diag",
    name: "entries",
    why: "the entries of the diagonal are at hand",
    applies: (A) => entriesOf(A) !== undefined || OTHER,
    cost: (A) => A.rows,
    run: (A) => entriesOf(A)!,
  }),
  typed("diag", ScaledOperator, {
    name: "multiple",
    why: "that of cA is c times that of A",
    parts: (A, call) => [call.plan("diag", A.of)],
    run: (A, call) => {
      const values = inField(call.run("diag", A.of), A.of.field, "complex"), [re, im] = A.factor;
      for (let i = 0; i < values.length; i += 2) {
        [values[i], values[i + 1]] = [
          values[i] * re - values[i + 1] * im,
          values[i] * im + values[i + 1] * re,
        ];
      }
      return inField(values, "complex", A.field);
    },
  }),
  typed("diag", SumOperator, {
    name: "sum of diagonals",
    why: "the diagonal is linear",
    parts: (A, call) => A.terms.map((part) => call.plan("diag", part)),
    run: (A, call) =>
      A.terms.map((part) => inField(call.run("diag", part), part.field, A.field))
        .reduce((a, b) => a.map((v, i) => v + b[i])),
  }),
  typed("diag", KroneckerOperator, {
    name: "Kronecker product factor by factor",
    why: "all products of entries",
    applies: (A) => allSquare(A.factors, "factor"),
    cost: (A) => A.rows,
    parts: (A, call) => A.factors.map((part) => call.plan("diag", part)),
    run: (A, call) => outer(A, A.factors, call.run, (a, b, c, d) => [a * c - b * d, a * d + b * c]),
  }),
  typed("diag", KronSumOperator, {
    name: "Kronecker sum term by term",
    why: "all sums of entries",
    cost: (A) => A.rows,
    parts: (A, call) => A.terms.map((part) => call.plan("diag", part)),
    run: (A, call) => outer(A, A.terms, call.run, (a, b, c, d) => [a + c, b + d]),
  }),
  typed("diag", BlockDiagOperator, {
    name: "block diagonal block by block",
    why: "the diagonals of the blocks one after another",
    applies: (A) => allSquare(A.blocks, "block"),
    parts: (A, call) => A.blocks.map((part) => call.plan("diag", part)),
    run: (A, call) => {
      const result = new Float64Array(A.rows * unitOf(A.field));
      let at = 0;
      for (const part of A.blocks) {
        const own = inField(call.run("diag", part), part.field, A.field);
        result.set(own, at);
        at += own.length;
      }
      return result;
    },
  }),
  typed("diag", Flipped, {
    name: "adjoint",
    why: "that of the adjoint is the conjugate, that of the transpose the same",
    parts: (A, call) => [call.plan("diag", A.of)],
    run: (A, call) => A.conjugated ? conjugate(call.run("diag", A.of), A.field) : call.run("diag", A.of),
  }),
  typed("diag", LowRankOperator, {
    name: "rows of the factors",
    why: "entry i is the product of row i of UC and row i of V",
    cost: (A) => A.rows * A.rank * 2,
    run: (A) => {
      const { field, rank, rows } = A, unit = unitOf(field);
      const left = columnsOf(product(A.left, A.core), field), right = columnsOf(A.right, field);
      const result = new Float64Array(rows * unit);
      for (let k = 0; k < rank; k++) {
        for (let i = 0; i < rows; i++) {
          const at = (k * rows + i) * unit;
          if (unit === 1) result[i] += left[at] * right[at];
          else {
            result[2 * i] += left[at] * right[at] + left[at + 1] * right[at + 1];
            result[2 * i + 1] += left[at + 1] * right[at] - left[at] * right[at + 1];
          }
        }
      }
      return result;
    },
  }),
  general<"diag">({
    of: "diag",
    name: "all unit vectors",
    why: "exact, by as many products as there are columns",
    applies: () => true,
    cost: (A) => A.rows * A.cost,
    run: (A, call) => {
      const unit = unitOf(A.field), n = A.rows, result = new Float64Array(n * unit);
      const some = Math.max(1, Math.min(n, Math.floor(2 ** 20 / n)));
      for (let first = 0; first < n; first += some) {
        call.options.signal?.throwIfAborted();
        const count = Math.min(some, n - first), units = new Float64Array(count * n * unit);
        for (let k = 0; k < count; k++) units[(k * n + first + k) * unit] = 1;
        const columns = A.apply(units);
        for (let k = 0; k < count; k++) {
          for (let p = 0; p < unit; p++) {
            result[(first + k) * unit + p] = columns[(k * n + first + k) * unit + p];
          }
        }
      }
      return result;
    },
  }),
];

/** Entries of all combinations of the entries of parts. */
function outer(
  A: LinearOperator,
  parts: readonly LinearOperator[],
  run: (name: "diag", part: LinearOperator) => Vector,
  combine: (a: number, b: number, c: number, d: number) => readonly [number, number],
): Vector {
  const lists = parts.map((part) => inField(run("diag", part), part.field, "complex"));
  const values = lists.reduce((list, next) => {
    const result = new Float64Array(list.length * next.length / 2);
    for (let i = 0, at = 0; i < list.length; i += 2) {
      for (let j = 0; j < next.length; j += 2, at += 2) {
        [result[at], result[at + 1]] = combine(list[i], list[i + 1], next[j], next[j + 1]);
      }
    }
    return result;
  });
  return inField(values, "complex", A.field);
}
