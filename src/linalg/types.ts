/** Vectors in float64; complex interleaved (re, im). A block of vectors is one after another: length = count·cols·(complex?2:1). */
export type Vector = Float64Array<ArrayBuffer>;
export type Field = "real" | "complex";
/** What algorithms need of a linear map. */
export interface LinearMap {
  readonly rows: number;
  readonly cols: number;
  readonly field: Field;
  /** A·x for `x.length / (cols·unit)` vectors. */
  apply(x: Float64Array, out?: Vector): Vector;
  /** Aᴴ·y. */
  applyAdjoint(y: Float64Array, out?: Vector): Vector;
}
/** A dense matrix, row-major. */
export interface Matrix {
  readonly rows: number;
  readonly cols: number;
  readonly field: Field;
  readonly values: Vector;
}
