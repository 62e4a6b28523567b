/**
 * Products with linear maps that others wrote: what comes back is looked at before it is used.
 *
 * @module
 */
import type { LinearMap, Vector } from "../types.ts";
import { shapeOf } from "./check.ts";

/**
 * A·x, in an array that is not x: a map may return its argument (the identity), which the algorithms then would
 * overwrite.
 *
 * @throws TypeError or RangeError if the map gives something else than a Float64Array of the right length.
 */
export function product(map: LinearMap, x: Float64Array, out?: Vector): Vector {
  return checked(map, "apply", map.cols, map.rows, x, map.apply(x, out));
}

/** Aᴴ·y, as {@link product}. */
export function adjointProduct(map: LinearMap, y: Float64Array): Vector {
  return checked(map, "applyAdjoint", map.rows, map.cols, y, map.applyAdjoint(y));
}

function checked(map: LinearMap, name: string, from: number, to: number, x: Float64Array, y: Vector): Vector {
  if (!(y instanceof Float64Array)) {
    throw new TypeError(`Cannot use a ${shapeOf(map)} operator: its ${name} does not return a Float64Array`);
  }
  const expected = from === 0 ? y.length : (x.length / from) * to;
  if (y.length !== expected) {
    throw new RangeError(
      `Cannot use a ${shapeOf(map)} operator: its ${name} returned ${y.length} numbers, expected ${expected}`,
    );
  }
  return y.buffer === x.buffer ? y.slice() : y;
}
