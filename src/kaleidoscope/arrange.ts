/**
 * From any list of butterfly factors, in any order of strides, to a butterfly of as few blocks as the list allows.
 *
 * @module
 */

import { Butterfly } from "../operator/butterfly.ts";
import { type Field, floats } from "../program/step.ts";

/** One factor of stride s on n points, weights [n/2s][2][2][s]; or, without a stride, a diagonal of n entries. */
export interface Sheet {
  /** The stride; undefined for a diagonal. */
  readonly stride: number | undefined;
  /** The weights in float64, interleaved if complex. */
  readonly weights: Float64Array;
}

/** The factors of a butterfly of one stack, in the order of application, in a field at least as large as its own. */
export function sheetsOf(butterfly: Butterfly, field: Field): Sheet[] {
  return butterfly.factors.map((weights, i) => ({
    stride: butterfly.stride(i),
    weights: lifted(weights, butterfly.field, field),
  }));
}

/** Numbers of a field in float64, made complex if they are not and have to be. */
export function lifted(weights: ArrayLike<number>, from: Field, to: Field): Float64Array {
  if (from === to) return Float64Array.from(weights);
  const result = new Float64Array(2 * weights.length);
  for (let i = 0; i < weights.length; i++) result[2 * i] = weights[i];
  return result;
}

/** Index of the upper left weight of 2×2 block `i`; the others follow at a distance of one, two and three strides. */
export function blockStart(i: number, stride: number): number {
  return Math.floor(i / stride) * 4 * stride + i % stride;
}

/** The first point of block `i`; the second is one stride further. */
export function blockPoint(i: number, stride: number): number {
  return Math.floor(i / stride) * 2 * stride + i % stride;
}

/** target[t] = a[i]·b[j], or is increased by it. */
function multiply(
  target: Float64Array,
  t: number,
  a: Float64Array,
  i: number,
  b: Float64Array,
  j: number,
  complex: boolean,
): void {
  if (!complex) {
    target[t] += a[i] * b[j];
    return;
  }
  const re = a[2 * i] * b[2 * j] - a[2 * i + 1] * b[2 * j + 1];
  const im = a[2 * i] * b[2 * j + 1] + a[2 * i + 1] * b[2 * j];
  target[2 * t] += re;
  target[2 * t + 1] += im;
}

/** The product of two sheets of the same stride, or of which one is a diagonal; `first` is applied first. */
function merged(first: Sheet, second: Sheet, complex: boolean): Sheet {
  const stride = first.stride ?? second.stride;
  const weights = new Float64Array(Math.max(first.weights.length, second.weights.length));
  if (stride === undefined) {
    for (let i = 0; i < weights.length / (complex ? 2 : 1); i++) {
      multiply(weights, i, second.weights, i, first.weights, i, complex);
    }
    return { stride, weights };
  }
  const blocks = weights.length / (complex ? 8 : 4);
  for (let i = 0; i < blocks; i++) {
    const at = blockStart(i, stride), low = blockPoint(i, stride);
    for (let row = 0; row < 2; row++) {
      for (let col = 0; col < 2; col++) {
        const own = at + (2 * row + col) * stride;
        if (second.stride === undefined) {
          multiply(weights, own, second.weights, low + row * stride, first.weights, own, complex);
        } else if (first.stride === undefined) {
          multiply(weights, own, second.weights, own, first.weights, low + col * stride, complex);
        } else {
          for (let k = 0; k < 2; k++) {
            const left = at + (2 * row + k) * stride, right = at + (2 * k + col) * stride;
            multiply(weights, own, second.weights, left, first.weights, right, complex);
          }
        }
      }
    }
  }
  return { stride, weights };
}

/** The diagonal that a factor is, or undefined where it is none. */
function diagonalOf({ stride, weights }: Sheet, unit: 1 | 2): Sheet | undefined {
  if (stride === undefined) return undefined;
  const values = new Float64Array(weights.length / 2);
  for (let i = 0; i < weights.length / unit / 4; i++) {
    const at = blockStart(i, stride), low = blockPoint(i, stride);
    for (let part = 0; part < unit; part++) {
      const entry = (e: number): number => weights[(at + e * stride) * unit + part];
      if (entry(1) !== 0 || entry(2) !== 0) return undefined;
      values[low * unit + part] = entry(0);
      values[(low + stride) * unit + part] = entry(3);
    }
  }
  return { stride: undefined, weights: values };
}

/**
 * Fewer sheets for the same product: diagonals (also those that are factors without entries off their diagonal) go
 * into a neighbour, and neighbours of one stride become one. What is left has strides, unless all is a diagonal.
 */
export function folded(sheets: readonly Sheet[], field: Field): Sheet[] {
  // What was merged may have become a diagonal in turn.
  const once = foldedOnce(sheets, field);
  return once.length < sheets.length ? folded(once, field) : once;
}

function foldedOnce(sheets: readonly Sheet[], field: Field): Sheet[] {
  const unit = floats(field), complex = field === "complex", result: Sheet[] = [];
  let pending: Sheet | undefined;
  for (const sheet of sheets) {
    const flat = sheet.stride === undefined ? sheet : diagonalOf(sheet, unit);
    if (flat) {
      pending = pending ? merged(pending, flat, complex) : flat;
      continue;
    }
    let next = sheet;
    if (pending) next = merged(pending, next, complex);
    pending = undefined;
    const last = result[result.length - 1];
    if (last?.stride !== next.stride) {
      result.push(next);
      continue;
    }
    // The product may be a diagonal, as of two swaps; it then goes on to what follows.
    const both = merged(result.pop()!, next, complex);
    const rest = diagonalOf(both, unit);
    if (rest) pending = rest;
    else result.push(both);
  }
  if (pending) {
    const last = result.pop();
    result.push(last ? merged(last, pending, complex) : pending);
  }
  return result;
}

/** The block of each of some strides, when blocks alternate between increasing and decreasing order. */
export function placed(strides: readonly (number | undefined)[], increasing: boolean): number[] {
  let block = 0, last: number | undefined;
  return strides.map((stride) => {
    if (stride === undefined) return block;
    const up = increasing === (block % 2 === 0);
    if (last !== undefined && (up ? stride <= last : stride >= last)) block++;
    last = stride;
    return block;
  });
}

/**
 * The butterfly that is the product of sheets on n points: the first that fits into as few blocks as possible for this
 * order of strides, identities in between.
 *
 * @param least how many blocks it has at least
 */
export function arrange(
  n: number,
  sheets: readonly Sheet[],
  field: Field,
  increasing: boolean,
  least = 1,
): Butterfly {
  const list = folded(sheets, field), at = placed(list.map((sheet) => sheet.stride), increasing);
  const blocks = Math.max(least, (at[at.length - 1] ?? 0) + 1);
  const identity = Butterfly.identity(n, { field, increasing, blocks });
  const levels = Math.log2(n);
  list.forEach((sheet, i) => {
    let { stride, weights } = sheet;
    if (stride === undefined) {
      stride = identity.stride(0);
      const one = sheetsOf(Butterfly.identity(n, { field, increasing }), field)[0];
      weights = merged(one, sheet, field === "complex").weights;
    }
    const up = increasing === (at[i] % 2 === 0), level = Math.log2(stride);
    identity.factors[at[i] * levels + (up ? level : levels - 1 - level)].set(weights);
  });
  return Butterfly.fromFactors(n, identity.factors, { field, increasing, blocks });
}
