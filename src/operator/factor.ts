/**
 * Single Kronecker-sparse factors as operators.
 *
 * @module
 */

import { type Program, ProgramBuilder, transposeFactor } from "../program/program.ts";
import { type Field, floats, type Pattern } from "../program/step.ts";
import { checkField, checkSize, checkWeights } from "./check.ts";
import { Operator } from "./operator.ts";

/**
 * A factor with the support I_a ⊗ 1_{b×c} ⊗ I_d: y[i,β,δ] = Σγ w[i,β,γ,δ]·x[i,γ,δ], a·b·d rows and a·c·d columns.
 * Products of them are butterflies, Monarch matrices, fast transforms of any radix.
 *
 * @example
 * ```ts
 * import { KroneckerFactor } from "@papillon/papillon";
 * // Sums and differences of the two halves of a vector.
 * const weights = new Float32Array([1, 1, 1, 1, 1, 1, -1, -1]);
 * const map = new KroneckerFactor({ a: 1, b: 2, c: 2, d: 2 }, weights);
 * console.assert(map.apply(new Float32Array([1, 2, 3, 4])).join() === "4,6,-2,-2");
 * ```
 */
export class KroneckerFactor extends Operator {
  /** Where its nonzeros are. */
  readonly pattern: Pattern;
  /** The weights [a][b][c][d], interleaved if complex. Not to be changed. */
  readonly values: Float32Array<ArrayBuffer>;

  /**
   * A factor from its weights.
   *
   * @param values a·b·c·d weights, laid out [a][b][c][d]; copied
   * @throws {RangeError} when the pattern is not of positive integers, or the weights do not fit or are not finite
   */
  constructor(pattern: Pattern, values: Float32Array, field: Field = "real") {
    const { a, b, c, d } = pattern ?? {} as Partial<Pattern> as Pattern;
    for (const [name, size] of Object.entries({ a, b, c, d })) checkSize("a factor", name, size);
    checkField("a factor", field);
    super(a * b * d, a * c * d, field);
    checkWeights("a factor", "values", values, a * b * c * d * floats(field));
    this.pattern = { a, b, c, d };
    this.values = new Float32Array(values);
  }

  /** Its program. */
  protected build(): Program {
    const builder = new ProgramBuilder(this.cols * floats(this.field));
    return builder.build(builder.factor(0, this.pattern, this.field, this.values));
  }

  /** The factor of the conjugate transposes of its blocks. */
  override adjoint(): KroneckerFactor {
    return this.#transposed(true);
  }

  /** The factor of the transposes of its blocks. */
  override transpose(): KroneckerFactor {
    return this.#transposed(false);
  }

  #transposed(conjugate: boolean): KroneckerFactor {
    const { pattern: { a, b, c, d }, field } = this;
    const values = transposeFactor(this.pattern, field, this.values, conjugate);
    return new KroneckerFactor({ a, b: c, c: b, d }, values, field);
  }
}
