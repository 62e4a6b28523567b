/**
 * Composition by functions that simplify as they build.
 *
 * @module
 */
import { kindOf } from "../operator/check.ts";
import { UNITARY } from "./annotations.ts";
import { LinearOperator } from "./operator.ts";
import {
  areAdjoint,
  LowRankOperator,
  ProductOperator,
  ScaledOperator,
  SumOperator,
} from "./operators/composite.ts";
import { DenseOperator } from "./operators/dense.ts";
import { BlockDiagOperator, KroneckerOperator, KronSumOperator } from "./operators/kronecker.ts";
import { ConcatenatedOperator, SlicedOperator } from "./operators/parts.ts";
import { PermutationOperator } from "./operators/permutation.ts";
import { DiagonalOperator, identity, IdentityOperator, zero, ZeroOperator } from "./operators/simple.ts";
import { complexify, conjugate, inField, joinFields, pair, type Scalar, unitOf } from "./scalar.ts";
import type { Field, Vector } from "./types.ts";

function check(what: string, operators: readonly LinearOperator[]): void {
  if (operators.length === 0) throw new RangeError(`Cannot make ${what} of no operators`);
  operators.forEach((part, i) => {
    if (!(part instanceof LinearOperator)) {
      throw new TypeError(
        `Cannot make ${what}: argument ${i + 1} is not a linear operator but ${
          kindOf(part)
        } (see dense and operatorFrom)`,
      );
    }
  });
}

const shape = ({ rows, cols }: LinearOperator): string => `${rows}×${cols}`;

/** The same map on vectors of a wider field, where that matters. */
function widened(A: LinearOperator, field: Field): LinearOperator {
  if (A.field === field) return A;
  if (A instanceof IdentityOperator) return identity(A.rows, field);
  if (A instanceof ZeroOperator) return zero(A.rows, A.cols, field);
  if (A instanceof DiagonalOperator) return new DiagonalOperator(complexify(A.values), field);
  if (A instanceof PermutationOperator) return new PermutationOperator(A.index, field);
  // A product of one real factor that works on complex vectors.
  return new ProductOperator([A, identity(A.cols, field)]);
}

/**
 * The product A·B·C, the last applied first. Products of products are flattened, identities dropped, multiples pulled to
 * the front, neighbouring diagonals and permutations merged, (A⊗B)·(C⊗D) = AC⊗BD and block diagonals alike where the
 * sizes meet, and a unitary operator next to its adjoint disappears.
 *
 * @throws {RangeError} when there is none, or shapes do not meet
 */
export function product(...operators: LinearOperator[]): LinearOperator {
  check("a product", operators);
  for (let i = 1; i < operators.length; i++) {
    const [left, right] = [operators[i - 1], operators[i]];
    if (left.cols === right.rows) continue;
    throw new RangeError(
      `Cannot make a product: factor ${i} is ${shape(left)} and factor ${i + 1} is ${
        shape(right)
      }; the columns of one ` +
        `are not the rows of the next`,
    );
  }
  const field = joinFields(operators), rows = operators[0].rows, cols = operators[operators.length - 1].cols;
  let re = 1, im = 0;
  const stack: LinearOperator[] = [];
  const push = (part: LinearOperator): void => {
    if (part instanceof ProductOperator && isPlain(part)) return part.factors.forEach(push);
    if (part instanceof ScaledOperator) {
      [re, im] = [re * part.factor[0] - im * part.factor[1], re * part.factor[1] + im * part.factor[0]];
      return push(part.of);
    }
    if (part instanceof IdentityOperator) return;
    const before = stack[stack.length - 1];
    const merged = before && merge(before, part);
    if (merged === undefined) return void stack.push(part);
    stack.pop();
    push(merged);
  };
  operators.forEach(push);
  if (stack.some((part) => part instanceof ZeroOperator)) return zero(rows, cols, field);
  if (stack.length === 0) return scale([re, im], identity(rows, field));
  const made = stack.length === 1 ? stack[0] : new ProductOperator(stack);
  return scale([re, im], widened(made, field));
}

/** Whether a composite has no annotations but those of its parts, so that nothing is lost when it is flattened. */
function isPlain(A: ProductOperator | SumOperator | KroneckerOperator): boolean {
  if (A instanceof ProductOperator) return new ProductOperator(A.factors).flags === A.flags;
  if (A instanceof SumOperator) return new SumOperator(A.terms).flags === A.flags;
  return new KroneckerOperator(A.factors).flags === A.flags;
}

/** The product of two neighbours as one operator that is no dearer, if there is one. */
function merge(A: LinearOperator, B: LinearOperator): LinearOperator | undefined {
  if (A.flags & UNITARY && areAdjoint(A, B)) return identity(A.rows, joinFields([A, B]));
  if (A instanceof DiagonalOperator && B instanceof DiagonalOperator) {
    const field = joinFields([A, B]);
    return new DiagonalOperator(
      times(inField(A.values, A.field, field), inField(B.values, B.field, field), field),
      field,
    );
  }
  if (A instanceof PermutationOperator && B instanceof PermutationOperator) {
    return new PermutationOperator(A.index.map((i) => B.index[i]), joinFields([A, B]));
  }
  if (A instanceof KroneckerOperator && B instanceof KroneckerOperator) {
    const meets = A.factors.length === B.factors.length &&
      A.factors.every((part, i) => part.cols === B.factors[i].rows);
    if (meets) return kron(...A.factors.map((part, i) => product(part, B.factors[i])));
  }
  if (A instanceof BlockDiagOperator && B instanceof BlockDiagOperator) {
    const meets = A.blocks.length === B.blocks.length &&
      A.blocks.every((part, i) => part.cols === B.blocks[i].rows);
    if (meets) return blockDiag(...A.blocks.map((part, i) => product(part, B.blocks[i])));
  }
  return undefined;
}

/** Entrywise products. */
function times(a: Vector, b: Vector, field: Field): Vector {
  if (field === "real") return a.map((v, i) => v * b[i]);
  return a.map((v, i) => i % 2 === 0 ? v * b[i] - a[i + 1] * b[i + 1] : a[i - 1] * b[i] + v * b[i - 1]);
}

/**
 * The sum A + B + C. Sums are flattened, zeros dropped, multiples of one operator added up, diagonals (identities among
 * them) merged into one.
 *
 * @throws {RangeError} when there is none, or shapes differ
 */
export function sum(...operators: LinearOperator[]): LinearOperator {
  check("a sum", operators);
  const { rows, cols } = operators[0], field = joinFields(operators);
  operators.forEach((part, i) => {
    if (part.rows === rows && part.cols === cols) return;
    throw new RangeError(`Cannot make a sum: term 1 is ${rows}×${cols} and term ${i + 1} is ${shape(part)}`);
  });
  // How often each operator occurs; identities count as one.
  const terms = new Map<LinearOperator | "identity", [number, number]>();
  let entries: Vector | undefined;
  const add = (part: LinearOperator, re: number, im: number): void => {
    if (part instanceof SumOperator && isPlain(part)) return part.terms.forEach((term) => add(term, re, im));
    if (part instanceof ScaledOperator) {
      const [a, b] = part.factor;
      return add(part.of, re * a - im * b, re * b + im * a);
    }
    if (part instanceof ZeroOperator) return;
    if (part instanceof DiagonalOperator) {
      const values = times(inField(part.values, part.field, "complex"), repeat(re, im, rows), "complex");
      entries = entries === undefined ? values : entries.map((v, i) => v + values[i]);
      return;
    }
    const key = part instanceof IdentityOperator ? "identity" : part, known = terms.get(key);
    terms.set(key, known === undefined ? [re, im] : [known[0] + re, known[1] + im]);
  };
  operators.forEach((part) => add(part, 1, 0));
  const shift = terms.get("identity");
  if (entries !== undefined && shift !== undefined) {
    const values = repeat(...shift, rows);
    entries = entries.map((v, i) => v + values[i]);
    terms.delete("identity");
  }
  const made = [...terms].filter(([, [re, im]]) => re !== 0 || im !== 0)
    .map(([part, factor]) => scale(factor, part === "identity" ? identity(rows, field) : part));
  if (entries !== undefined) made.push(new DiagonalOperator(inField(entries, "complex", field), field));
  if (made.length === 0) return zero(rows, cols, field);
  return made.length === 1 ? widened(made[0], field) : new SumOperator(made);
}

/** n copies of a complex number. */
function repeat(re: number, im: number, n: number): Vector {
  return Float64Array.from({ length: 2 * n }, (_, i) => i % 2 === 0 ? re : im);
}

/**
 * The Kronecker product A⊗B⊗C, entries A[i,j]·B[k,l] in row i·B.rows + k and column j·B.cols + l. Products of products
 * are flattened, identities merged, multiples pulled to the front.
 *
 * @throws {RangeError} when there is none
 */
export function kron(...operators: LinearOperator[]): LinearOperator {
  check("a Kronecker product", operators);
  const field = joinFields(operators), parts: LinearOperator[] = [];
  let re = 1, im = 0;
  const push = (part: LinearOperator): void => {
    if (part instanceof KroneckerOperator && isPlain(part)) return part.factors.forEach(push);
    if (part instanceof ScaledOperator) {
      [re, im] = [re * part.factor[0] - im * part.factor[1], re * part.factor[1] + im * part.factor[0]];
      return push(part.of);
    }
    const last = parts[parts.length - 1];
    if (part instanceof IdentityOperator && part.rows === 1) return;
    if (last instanceof IdentityOperator && part instanceof IdentityOperator) {
      parts[parts.length - 1] = identity(last.rows * part.rows, joinFields([last, part]));
    } else if (last instanceof DiagonalOperator && part instanceof DiagonalOperator) {
      parts[parts.length - 1] = outer(last, part);
    } else parts.push(part);
  };
  operators.forEach(push);
  if (parts.length === 0) return scale([re, im], identity(1, field));
  if (parts.some((part) => part instanceof ZeroOperator)) {
    const size = (of: (part: LinearOperator) => number): number =>
      parts.reduce((all, part) => all * of(part), 1);
    return zero(size((part) => part.rows), size((part) => part.cols), field);
  }
  return scale([re, im], parts.length === 1 ? widened(parts[0], field) : new KroneckerOperator(parts));
}

/** The Kronecker product of two diagonals. */
function outer(A: DiagonalOperator, B: DiagonalOperator): DiagonalOperator {
  const field = joinFields([A, B]), unit = unitOf(field);
  const a = inField(A.values, A.field, field), b = inField(B.values, B.field, field);
  const left = Float64Array.from({ length: A.rows * B.rows * unit }, (_, k) => {
    const i = Math.floor(k / unit);
    return a[Math.floor(i / B.rows) * unit + k % unit];
  });
  const right = left.map((_, k) => b[Math.floor(k / unit) % B.rows * unit + k % unit]);
  return new DiagonalOperator(times(left, right, field), field);
}

/**
 * The Kronecker sum A⊗I + I⊗B, and so on for more: Laplacians of grids.
 *
 * @throws {RangeError} when there is none, or one is not square
 */
export function kronSum(...operators: LinearOperator[]): LinearOperator {
  check("a Kronecker sum", operators);
  operators.forEach((part, i) => {
    if (!part.isSquare) {
      throw new RangeError(`Cannot make a Kronecker sum: term ${i + 1} is ${shape(part)}, not square`);
    }
  });
  const flat = operators.flatMap((part) => part instanceof KronSumOperator ? part.terms : [part]);
  return flat.length === 1 ? flat[0] : new KronSumOperator(flat);
}

/**
 * Operators as the blocks of a block-diagonal one; identities, diagonals and permutations become one.
 *
 * @throws {RangeError} when there is none
 */
export function blockDiag(...operators: LinearOperator[]): LinearOperator {
  check("a block diagonal", operators);
  const flat = operators.flatMap((part) => part instanceof BlockDiagOperator ? part.blocks : [part]);
  if (flat.length === 1) return flat[0];
  const field = joinFields(flat), total = flat.reduce((all, part) => all + part.rows, 0);
  if (flat.every((part) => part instanceof IdentityOperator)) return identity(total, field);
  if (flat.every((part) => part instanceof DiagonalOperator)) {
    const values = new Float64Array(total * unitOf(field));
    let at = 0;
    for (const part of flat as DiagonalOperator[]) {
      const own = inField(part.values, part.field, field);
      values.set(own, at);
      at += own.length;
    }
    return new DiagonalOperator(values, field);
  }
  if (flat.every((part) => part instanceof PermutationOperator)) {
    const index: number[] = [];
    for (const part of flat as PermutationOperator[]) {
      const at = index.length;
      for (const i of part.index) index.push(at + i);
    }
    return new PermutationOperator(Uint32Array.from(index), field);
  }
  return new BlockDiagOperator(flat);
}

/**
 * Operators on top of each other (axis 0, columns must agree) or side by side (axis 1, rows must agree).
 *
 * @throws {RangeError} when there is none, shapes do not meet, or the axis is neither 0 nor 1
 */
export function concat(operators: readonly LinearOperator[], axis: 0 | 1 = 0): LinearOperator {
  check("a concatenation", operators);
  if (axis !== 0 && axis !== 1) {
    throw new RangeError(
      `Cannot concatenate operators: axis must be 0 (on top of each other) or 1 (side by side), got ${
        String(axis)
      }`,
    );
  }
  operators.forEach((part, i) => {
    const first = operators[0], [size, name] = axis === 0 ? [first.cols, "columns"] : [first.rows, "rows"];
    if ((axis === 0 ? part.cols : part.rows) === size) return;
    throw new RangeError(
      `Cannot concatenate operators along axis ${axis}: part 1 is ${shape(first)} and part ${i + 1} is ${
        shape(part)
      }; ` +
        `their ${name} differ`,
    );
  });
  const flat = operators.flatMap((part) =>
    part instanceof ConcatenatedOperator && part.axis === axis ? part.parts : [part]
  );
  return flat.length === 1 ? flat[0] : new ConcatenatedOperator(flat, axis);
}

/** Rows or columns to take: indices, or from `start` to before `end` in steps. */
export type Selection = ArrayLike<number> | {
  readonly start?: number;
  readonly end?: number;
  readonly step?: number;
};

/**
 * Some rows and columns of an operator; all of them where a selection is absent. Indices may repeat.
 *
 * @throws {RangeError} when an index is out of range, or nothing is left
 */
export function slice(A: LinearOperator, rows?: Selection, cols?: Selection): LinearOperator {
  check("a slice", [A]);
  const rowIndex = indices("row", rows, A.rows), columnIndex = indices("column", cols, A.cols);
  const whole = (index: Uint32Array, size: number): boolean =>
    index.length === size && index.every((v, i) => v === i);
  if (whole(rowIndex, A.rows) && whole(columnIndex, A.cols)) return A;
  if (A instanceof SlicedOperator) {
    return new SlicedOperator(
      A.of,
      rowIndex.map((i) => A.rowIndex[i]),
      columnIndex.map((j) => A.columnIndex[j]),
    );
  }
  const sliced = new SlicedOperator(A, rowIndex, columnIndex);
  if (A instanceof DenseOperator) return new DenseOperator(sliced.toDense(), sliced.flags);
  const principal = rowIndex.length === columnIndex.length && rowIndex.every((v, i) => v === columnIndex[i]);
  if (principal && A instanceof DiagonalOperator && new Set(rowIndex).size === rowIndex.length) {
    const unit = unitOf(A.field);
    const values = new Float64Array(rowIndex.length * unit);
    rowIndex.forEach((i, k) => values.set(A.values.subarray(i * unit, (i + 1) * unit), k * unit));
    return new DiagonalOperator(values, A.field);
  }
  return sliced;
}

function indices(name: string, selection: Selection | undefined, size: number): Uint32Array {
  if (selection === undefined) return Uint32Array.from({ length: size }, (_, i) => i);
  let list: ArrayLike<number>;
  if ("length" in selection) list = selection;
  else {
    const { start = 0, end = size, step = 1 } = selection;
    if (
      !Number.isInteger(step) || step < 1 || !Number.isInteger(start) || !Number.isInteger(end) || end > size
    ) {
      throw new RangeError(
        `Cannot make a slice: ${name}s from ${start} to ${end} in steps of ${step} do not lie within ${size}`,
      );
    }
    list = Array.from({ length: Math.max(0, Math.ceil((end - start) / step)) }, (_, i) => start + i * step);
  }
  if (list.length === 0) throw new RangeError(`Cannot make a slice: no ${name} is left`);
  return Uint32Array.from(list as number[], (index) => {
    if (!Number.isInteger(index) || index < 0 || index >= size) {
      throw new RangeError(`Cannot make a slice: ${name} ${index} is not a whole number below ${size}`);
    }
    return index;
  });
}

/**
 * The multiple c·A, c a number or [re, im]. Multiples of multiples and of diagonals are merged.
 *
 * @throws {TypeError} when c is not a finite number
 */
export function scale(c: Scalar, A: LinearOperator): LinearOperator {
  check("a multiple", [A]);
  const [re, im] = pair("scale an operator", "the factor", c);
  if (re === 1 && im === 0) return A;
  if (A instanceof ScaledOperator) {
    const [a, b] = A.factor;
    const merged: readonly [number, number] = [re * a - im * b, re * b + im * a];
    return merged[0] === 1 && merged[1] === 0
      ? widened(A.of, A.field)
      : keep(new ScaledOperator(merged, A.of), A.field);
  }
  const field = im === 0 ? A.field : "complex";
  if (A instanceof ZeroOperator || (re === 0 && im === 0)) return zero(A.rows, A.cols, field);
  if (A instanceof DiagonalOperator) {
    const values = times(inField(A.values, A.field, "complex"), repeat(re, im, A.rows), "complex");
    return new DiagonalOperator(inField(values, "complex", field), field);
  }
  return new ScaledOperator([re, im], A);
}

/** A map that shall work on complex vectors though what it became is real. */
function keep(A: LinearOperator, field: Field): LinearOperator {
  return A.field === field ? A : widened(A, field);
}

/** c·I on n numbers. */
export function scalar(n: number, c: Scalar, field: Field = "real"): LinearOperator {
  return scale(c, identity(n, field));
}

/** −A. */
export function negate(A: LinearOperator): LinearOperator {
  return scale(-1, A);
}

/** The conjugate transpose: that of a product is the product of those in the opposite order. */
export function adjoint(A: LinearOperator): LinearOperator {
  check("an adjoint", [A]);
  return A.adjoint();
}

/** The transpose, without conjugation. */
export function transpose(A: LinearOperator): LinearOperator {
  check("a transpose", [A]);
  return A.transpose();
}

/**
 * A·A ⋯ A, k times; the identity for k = 0.
 *
 * @throws {RangeError} when A is not square, or k is no whole number from 0 to 2²⁰
 */
export function power(A: LinearOperator, k: number): LinearOperator {
  check("a power", [A]);
  if (!A.isSquare) throw new RangeError(`Cannot make a power of ${A.describe()}: it is not square`);
  if (!Number.isInteger(k) || k < 0 || k > 2 ** 20) {
    throw new RangeError(
      `Cannot make a power of ${A.describe()}: the exponent must be a whole number from 0 to 2²⁰, got ${k}`,
    );
  }
  if (k === 0) return identity(A.rows, A.field);
  if (A instanceof KroneckerOperator) return kron(...A.factors.map((part) => power(part, k)));
  if (A instanceof BlockDiagOperator) return blockDiag(...A.blocks.map((part) => power(part, k)));
  return product(...Array.from({ length: k }, () => A));
}

/** Tall factors of a low-rank operator: columns as an operator of rows × r. */
export interface LowRankParts {
  /** U, rows × r. */
  readonly left: LinearOperator;
  /** C, r × r; the identity when absent. */
  readonly core?: LinearOperator;
  /** V, cols × r; U when absent. */
  readonly right?: LinearOperator;
}

/**
 * U·C·Vᴴ of low rank.
 *
 * @throws {RangeError} when shapes do not meet
 */
export function lowRank({ left, core, right = left }: LowRankParts): LowRankOperator {
  check("a low-rank operator", core === undefined ? [left, right] : [left, right, core]);
  const middle = core ?? identity(left.cols);
  if (middle.rows !== left.cols || middle.cols !== right.cols || !middle.isSquare) {
    throw new RangeError(
      `Cannot make a low-rank operator: U is ${shape(left)}, C is ${shape(middle)}, V is ${shape(right)}; ` +
        `C must be r×r where both have r columns`,
    );
  }
  return new LowRankOperator(left, middle, right);
}

/** A + U·C·Vᴴ, which is solved by the formula of Woodbury where A is easily solved. */
export function lowRankUpdate(A: LinearOperator, parts: LowRankParts): LinearOperator {
  return sum(A, lowRank(parts));
}

/** The complex conjugate of an operator, entry by entry. */
export function conjugated(A: LinearOperator): LinearOperator {
  check("a conjugate", [A]);
  if (A.field === "real") return A;
  if (A instanceof DenseOperator) {
    return new DenseOperator({ ...A.toDense(), values: conjugate(A.values, A.field) }, A.flags);
  }
  return A.adjoint().transpose();
}
