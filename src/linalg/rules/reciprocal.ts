/**
 * Small arithmetic that several rules share.
 *
 * @module
 */
import { CirculantOperator } from "../operators/fourier.ts";
import type { Field, Vector } from "../types.ts";

/** 1/(re + i·im), without overflow of squares. */
export function reciprocal(re: number, im: number): [number, number] {
  if (im === 0) return [1 / re, 0];
  const size = Math.hypot(re, im);
  return [re / size / size, -im / size / size];
}

/** The circulant with other eigenvalues; real where they are those of a real one. */
export function circulantOf(
  A: CirculantOperator,
  eigenvalues: Vector,
  field: Field = A.field,
): CirculantOperator {
  const { rows: n, plan } = A, column = eigenvalues.slice();
  plan.transform(column, 1);
  const unit = field === "real" ? 1 : 2;
  const made = new CirculantOperator(
    Float64Array.from({ length: n * unit }, (_, i) => column[unit === 1 ? 2 * i : i] / n),
    field,
    plan,
  );
  return made;
}
