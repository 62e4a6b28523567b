/**
 * Kronecker-sparse factors in float64: what butterflies and chains are products of.
 *
 * @module
 */
import { patternColumns, patternRows } from "../../operator/pattern.ts";
import type { Pattern } from "../../program/step.ts";
import { LinearOperator } from "../operator.ts";
import { unitOf } from "../scalar.ts";
import type { Field, Matrix, Vector } from "../types.ts";
import { flipped } from "./dense.ts";

/** A factor with the support I_a ⊗ 1_{b×c} ⊗ I_d: a·d blocks of b×c, interleaved. Weights lie as [a][b][c][d]. */
export class FactorOperator extends LinearOperator {
  /** What it is. */
  readonly kind = "Factor";
  /** Where its nonzeros are. */
  readonly pattern: Pattern;
  /** The weights. Not to be changed. */
  readonly values: Vector;

  /** Keeps the given array. */
  constructor(pattern: Pattern, values: Vector, field: Field) {
    super(patternRows(pattern), patternColumns(pattern), field);
    this.pattern = pattern;
    this.values = values;
  }

  /** Multiply-adds to apply it to one vector. */
  get cost(): number {
    return this.parameters;
  }

  /** How many numbers describe it. */
  override get parameters(): number {
    return this.values.length / unitOf(this.field);
  }

  /** Writes A·x for `count` vectors. */
  forward(x: Float64Array, out: Vector, count: number): void {
    applyFactor(this.pattern, this.field, this.values, x, out, count);
  }

  /** Its transpose, conjugated if asked. */
  flip(conjugated: boolean): LinearOperator {
    const { a, b, c, d } = this.pattern;
    return mapBlocks(this, { a, b: c, c: b, d }, (block) => flipped(block, conjugated));
  }
}

/** y[i,β,δ] = Σγ w[i,β,γ,δ]·x[i,γ,δ]. */
export function applyFactor(
  { a, b, c, d }: Pattern,
  field: Field,
  w: Float64Array | Float32Array,
  x: Float64Array,
  out: Float64Array,
  count: number,
): void {
  const unit = unitOf(field);
  out.fill(0);
  for (let i = 0; i < a * count; i++) {
    const block = i % a * b * c * d;
    for (let beta = 0; beta < b; beta++) {
      const to = (i * b + beta) * d;
      for (let gamma = 0; gamma < c; gamma++) {
        const at = block + (beta * c + gamma) * d, from = (i * c + gamma) * d;
        if (unit === 1) { for (let k = 0; k < d; k++) out[to + k] += w[at + k] * x[from + k]; }
        else {
          for (let k = 0; k < 2 * d; k += 2) {
            const re = x[2 * from + k], im = x[2 * from + k + 1];
            out[2 * to + k] += w[2 * at + k] * re - w[2 * at + k + 1] * im;
            out[2 * to + k + 1] += w[2 * at + k] * im + w[2 * at + k + 1] * re;
          }
        }
      }
    }
  }
}

/** Block number k = i·d + δ as a dense matrix. */
export function blockOf(factor: FactorOperator, k: number): Matrix {
  const { pattern: { b, c, d }, field, values } = factor, unit = unitOf(field);
  const i = Math.floor(k / d), delta = k % d, block = new Float64Array(b * c * unit);
  for (let e = 0; e < b * c; e++) {
    for (let part = 0; part < unit; part++) {
      block[e * unit + part] = values[((i * b * c + e) * d + delta) * unit + part];
    }
  }
  return { rows: b, cols: c, field, values: block };
}

/** The factor whose blocks are made of those of another. */
export function mapBlocks(
  factor: FactorOperator,
  pattern: Pattern,
  make: (block: Matrix, k: number) => Matrix,
): FactorOperator {
  const { b, c, d } = pattern, unit = unitOf(factor.field);
  const values = new Float64Array(pattern.a * b * c * d * unit);
  for (let k = 0; k < pattern.a * d; k++) {
    const i = Math.floor(k / d), delta = k % d, made = make(blockOf(factor, k), k).values;
    for (let e = 0; e < b * c; e++) {
      for (let part = 0; part < unit; part++) {
        values[((i * b * c + e) * d + delta) * unit + part] = made[e * unit + part];
      }
    }
  }
  return new FactorOperator(pattern, values, factor.field);
}
