/**
 * What low rank saves: the formula of Woodbury, the determinant lemma.
 *
 * @module
 */
import { lu } from "../algorithms/lu.ts";
import { product, sum } from "../compose.ts";
import { act, type LinearOperator } from "../operator.ts";
import { LowRankOperator, SumOperator } from "../operators/composite.ts";
import { InverseOperator } from "../operators/inverse.ts";
import { joinFields, unitOf } from "../scalar.ts";
import type { Field, Matrix, Vector } from "../types.ts";
import { type AnyRule, OTHER } from "./rule_set.ts";
import { singular } from "./singular.ts";
import { typed } from "./typed.ts";

/** A sum taken apart: what is of full rank, and what is of low rank. */
export interface Update {
  readonly base: LinearOperator;
  readonly low: readonly LowRankOperator[];
  readonly rank: number;
}

/** Base plus low rank, if a sum is that and the rank is low; if not, why. */
export function updateOf(A: SumOperator): Update | string {
  const low = A.terms.filter((term): term is LowRankOperator => term instanceof LowRankOperator);
  const rest = A.terms.filter((term) => !(term instanceof LowRankOperator));
  if (low.length === 0) return OTHER;
  if (!A.isSquare) return "it is not square";
  if (rest.length === 0) return "all terms are of low rank";
  const rank = low.reduce((total, term) => total + term.rank, 0);
  if (rank > A.rows / 2) return `the rank of the update, ${rank}, is more than half of ${A.rows}`;
  return { base: sum(...rest), low, rank };
}

/** Columns of an operator, one after another, in a field. */
export function columnsOf(A: LinearOperator, field: Field): Vector {
  const unit = unitOf(field), units = new Float64Array(A.cols * A.cols * unit);
  for (let j = 0; j < A.cols; j++) units[j * (A.cols + 1) * unit] = 1;
  return act(A, units, field);
}

/** A matrix from its columns. */
export function fromColumns(rows: number, cols: number, field: Field, columns: Vector): Matrix {
  const unit = unitOf(field), values = new Float64Array(columns.length);
  for (let j = 0; j < cols; j++) {
    for (let i = 0; i < rows; i++) {
      for (let p = 0; p < unit; p++) values[(i * cols + j) * unit + p] = columns[(j * rows + i) * unit + p];
    }
  }
  return { rows, cols, field, values };
}

/**
 * I + C·Vᴴ·A⁻¹·U as a matrix of the total rank: its determinant is that of the update over that of the base, and its
 * inverse the heart of Woodbury's formula. Written with C rather than C⁻¹, so that C may be singular.
 */
export function capacitance({ low, rank }: Update, inverse: LinearOperator, field: Field): Matrix {
  const unit = unitOf(field), columns = new Float64Array(rank * rank * unit);
  let at = 0;
  for (const { left, rank: own } of low) {
    const solved = act(inverse, columnsOf(left, field), field);
    let row = 0;
    for (const { core, right, rank: other } of low) {
      const part = act(core, act(right, solved, field, true), field);
      for (let j = 0; j < own; j++) {
        columns.set(part.subarray(j * other * unit, (j + 1) * other * unit), ((at + j) * rank + row) * unit);
      }
      row += other;
    }
    at += own;
  }
  for (let j = 0; j < rank; j++) columns[j * (rank + 1) * unit] += 1;
  return fromColumns(rank, rank, field, columns);
}

/** U of all terms side by side, C·Vᴴ of all on top of each other, applied. */
class Woodbury {
  readonly #update: Update;
  readonly #inverse: LinearOperator;
  readonly #field: Field;
  readonly #heart: ReturnType<typeof lu>;

  constructor(A: SumOperator, update: Update, inverse: LinearOperator) {
    this.#update = update;
    this.#inverse = inverse;
    this.#field = joinFields([A, inverse]);
    this.#heart = lu(capacitance(update, inverse, this.#field));
    if (this.#heart.rcond < 2 ** -52) {
      throw singular(A, "the update takes a direction to zero", 1 / this.#heart.rcond);
    }
  }

  /** x = A⁻¹b − A⁻¹U·(I + CVᴴA⁻¹U)⁻¹·CVᴴA⁻¹b. */
  solve(b: Float64Array, count: number): Vector {
    const field = this.#field,
      x = act(this.#inverse, b, field),
      unit = unitOf(field),
      { low, rank } = this.#update;
    const inner = new Float64Array(count * rank * unit);
    let at = 0;
    for (const { core, right, rank: own } of low) {
      const part = act(core, act(right, x, field, true), field);
      for (let k = 0; k < count; k++) {
        inner.set(part.subarray(k * own * unit, (k + 1) * own * unit), (k * rank + at) * unit);
      }
      at += own;
    }
    const y = this.#heart.solve(inner, count), back = new Float64Array(x.length);
    at = 0;
    for (const { left, rank: own } of low) {
      const part = new Float64Array(count * own * unit);
      for (let k = 0; k < count; k++) {
        part.set(y.subarray((k * rank + at) * unit, (k * rank + at + own) * unit), k * own * unit);
      }
      const made = act(left, part, field);
      for (let i = 0; i < back.length; i++) back[i] += made[i];
      at += own;
    }
    const correction = act(this.#inverse, back, field);
    for (let i = 0; i < x.length; i++) x[i] -= correction[i];
    return x;
  }
}

/** Inverses of updates of low rank. */
export const woodbury = (): readonly AnyRule[] => [
  typed("inv", SumOperator, {
    name: "Woodbury",
    why: "the inverse of an update of low rank needs that of its base and a small system",
    applies: (A) => {
      const update = updateOf(A);
      return typeof update === "string" ? update : true;
    },
    cost: (A) => {
      const { rank, base } = updateOf(A) as Update;
      return rank * (base.cost + A.rows * rank) + rank ** 3;
    },
    parts: (A, call) => [call.plan("inv", (updateOf(A) as Update).base)],
    run: (A, call) => {
      const update = updateOf(A) as Update, solver = new Woodbury(A, update, call.run("inv", update.base));
      let adjoint: Woodbury | undefined;
      const turned = (): Woodbury => {
        if (adjoint !== undefined) return adjoint;
        const flipped = A.terms.map((term) => term.adjoint());
        const other = new SumOperator(flipped), parts = updateOf(other) as Update;
        return adjoint = new Woodbury(other, parts, call.run("inv", parts.base));
      };
      return new InverseOperator(A, {
        solve: (b, count) => solver.solve(b, count),
        solveAdjoint: (b, count) => turned().solve(b, count),
      }, 2 * update.base.cost + 4 * A.rows * update.rank);
    },
  }),
];

/** Of a product, the part that is of the smallest size when it is turned around: tr(AB) = tr(BA). */
export function cyclic(factors: readonly LinearOperator[]): LinearOperator {
  const sizes = factors.map((part) => part.rows), least = sizes.indexOf(Math.min(...sizes));
  return product(...factors.slice(least), ...factors.slice(0, least));
}
