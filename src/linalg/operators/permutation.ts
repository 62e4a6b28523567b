/**
 * Permutations.
 *
 * @module
 */
import { checkPermutation } from "../../operator/permutation.ts";
import { SELF, UNITARY } from "../annotations.ts";
import { LinearOperator } from "../operator.ts";
import { unitOf } from "../scalar.ts";
import type { Field, Vector } from "../types.ts";

/** A permutation: y[i] = x[index[i]]. */
export class PermutationOperator extends LinearOperator {
  /** What it is. */
  readonly kind = "Permutation";
  /** Where each output comes from. Not to be changed. */
  readonly index: Uint32Array;

  /** Keeps the given array; use {@link permutation}. */
  constructor(index: Uint32Array, field: Field) {
    super(index.length, index.length, field, UNITARY | (index.every((j, i) => index[j] === i) ? SELF : 0));
    this.index = index;
  }

  /** Multiply-adds to apply it to one vector. */
  get cost(): number {
    return 0;
  }

  /** How many numbers describe it. */
  override get parameters(): number {
    return this.rows;
  }

  /** The determinant: 1 for an even number of transpositions, −1 for an odd one. */
  get sign(): 1 | -1 {
    return signOf(this.cycles(), this.rows);
  }

  /** How long its cycles are. */
  cycles(): number[] {
    const seen = new Uint8Array(this.rows), lengths: number[] = [];
    for (let start = 0; start < this.rows; start++) {
      let length = 0;
      for (let i = start; !seen[i]; i = this.index[i]) {
        seen[i] = 1;
        length++;
      }
      if (length > 0) lengths.push(length);
    }
    return lengths;
  }

  /** Writes A·x for `count` vectors. */
  forward(x: Float64Array, out: Vector, count: number): void {
    const { index } = this, n = index.length;
    for (let k = 0; k < count; k++) {
      const at = k * n;
      if (unitOf(this.field) === 1) { for (let i = 0; i < n; i++) out[at + i] = x[at + index[i]]; }
      else {
        for (let i = 0; i < n; i++) {
          out[2 * (at + i)] = x[2 * (at + index[i])];
          out[2 * (at + i) + 1] = x[2 * (at + index[i]) + 1];
        }
      }
    }
  }

  /** Its transpose, conjugated if asked. */
  flip(): LinearOperator {
    const inverse = new Uint32Array(this.rows);
    this.index.forEach((j, i) => inverse[j] = i);
    return new PermutationOperator(inverse, this.field);
  }
}

/** The sign of a permutation of n with cycles of these lengths: each of even length is an odd permutation. */
function signOf(cycles: readonly number[], n: number): 1 | -1 {
  return (n - cycles.length) % 2 === 0 ? 1 : -1;
}

/**
 * The permutation y[i] = x[index[i]].
 *
 * @throws {RangeError} naming the index that is out of range or repeated
 */
export function permutation(index: ArrayLike<number>, field: Field = "real"): PermutationOperator {
  checkPermutation("a permutation", index);
  return new PermutationOperator(Uint32Array.from(index), field);
}
