/**
 * What operators and algorithms have in common.
 *
 * @module
 */

/** Vectors in float64; complex interleaved (re, im). A block of vectors is one after another: length = count·cols·(complex?2:1). */
export type Vector = Float64Array<ArrayBuffer>;
/** Whether numbers are real or complex. */
export type Field = "real" | "complex";
/** What algorithms need of a linear map. */
export interface LinearMap {
  /** Numbers in an output vector. */
  readonly rows: number;
  /** Numbers in an input vector. */
  readonly cols: number;
  /** The field of vectors and of the map. */
  readonly field: Field;
  /** A·x for `x.length / (cols·unit)` vectors. */
  apply(x: Float64Array, out?: Vector): Vector;
  /** Aᴴ·y. */
  applyAdjoint(y: Float64Array, out?: Vector): Vector;
}
/** A dense matrix, row-major. */
export interface Matrix {
  /** Rows. */
  readonly rows: number;
  /** Columns. */
  readonly cols: number;
  /** Whether entries are real or complex. */
  readonly field: Field;
  /** rows·cols entries, interleaved if complex. */
  readonly values: Vector;
}
