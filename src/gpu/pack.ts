/**
 * From steps to the lists of weights that kernels read.
 *
 * @module
 */

import type { Pattern } from "../program/step.ts";
import { type GroupOp, groupVectors, type Tile } from "./wgsl/ops.ts";
import { BLOCK_NUMBERS, type BlockForm } from "./forms.ts";
import { NEGATIVE, ZERO } from "./weights.ts";

/** The places of numbers in [block][number of the block], each of one or two floats. */
export interface BlockIndex {
  /** Where the first number of a block is. */
  readonly first: (block: number) => number;
  /** From a number of a block to the next one. */
  readonly step: number;
}

/** Numbers as the real parts of pairs: weights of real factors on complex vectors occur twice. */
export interface Numbers {
  /** Floats that a kernel reads for each number. */
  readonly floats: 1 | 2;
  /** Floats that each number takes where it comes from. */
  readonly step: 1 | 2;
}

/**
 * A factor of any pattern, [c][result] for each tile.
 *
 * @param pattern the pattern in the whole row, in points
 * @param local the pattern in a tile
 * @param start where the weights begin among the sources
 */
export function packFactor(
  pattern: Pattern,
  local: Pattern,
  tile: Tile,
  start: number,
  { floats, step }: Numbers,
): Uint32Array {
  const { b, c, d } = pattern, outputs = local.a * local.b * local.d;
  const index = new Uint32Array(tile.count * c * outputs * floats);
  let to = 0;
  for (let t = 0; t < tile.count; t++) {
    for (let gamma = 0; gamma < c; gamma++) {
      for (let o = 0; o < outputs; o++) {
        const point = tile.at(o, t), delta = point % d, beta = Math.floor(point / d) % b;
        const block = Math.floor(point / (b * d));
        const from = start + (((block * b + beta) * c + gamma) * d + delta) * step;
        for (let part = 0; part < floats; part++) index[to++] = from + part;
      }
    }
  }
  return index;
}

/** The adjoint of a factor, [b][result]: its weights with indices exchanged, conjugated if they are complex. */
export function packAdjoint({ a, b, c, d }: Pattern, start: number, { floats, step }: Numbers): Uint32Array {
  const outputs = a * c * d, index = new Uint32Array(b * outputs * floats);
  let to = 0;
  for (let beta = 0; beta < b; beta++) {
    for (let o = 0; o < outputs; o++) {
      const delta = o % d, gamma = Math.floor(o / d) % c, block = Math.floor(o / (c * d));
      const from = start + (((block * b + beta) * c + gamma) * d + delta) * step;
      for (let part = 0; part < floats; part++) index[to++] = (from + part | (part ? NEGATIVE : 0)) >>> 0;
    }
  }
  return index;
}

/** The numbers of a diagonal or bias; `conjugate` changes the sign of imaginary parts. */
export function packPoints(
  count: number,
  start: number,
  { floats, step }: Numbers,
  conjugate = false,
): Uint32Array {
  return Uint32Array.from({ length: count * floats }, (_, k) => {
    const part = k % floats;
    return (start + Math.floor(k / floats) * step + part | (conjugate && part ? NEGATIVE : 0)) >>> 0;
  });
}

/**
 * The weights of a group: for each tile, vectors of four so that threads side by side read side by side.
 *
 * @param levels for each level its stride in the row, and where its numbers are
 */
export function packGroup(
  op: Pick<GroupOp, "inputs" | "bits" | "stride" | "levels">,
  tile: Tile,
  levels: readonly { stride: number; form: BlockForm; floats: 1 | 2; at: BlockIndex }[],
): Uint32Array {
  const groups = op.inputs >> op.bits, vectors = groupVectors(op.levels, op.bits), size = 2 ** op.bits;
  const index = new Uint32Array(tile.count * vectors * groups * 4).fill(ZERO);
  const from = new Float64Array(groups);
  for (let t = 0; t < tile.count; t++) {
    let k = 0;
    // Number after number for all threads: thread after thread would write at distances that are powers of two, all in the
    // same lines of the cache.
    levels.forEach(({ stride, form, floats, at }, number) => {
      const bit = 1 << op.levels[number].bit;
      for (let j = 0; j < size; j++) {
        if (j & bit) continue;
        for (let q = 0; q < groups; q++) {
          const low = q % op.stride, p = (q - low) * size + low;
          const point = tile.at(p + j * op.stride, t), delta = point % stride;
          from[q] = at.first((point - delta - (point - delta) % (2 * stride)) / 2 + delta);
        }
        for (let e = 0; e < BLOCK_NUMBERS[form]; e++) {
          for (let part = 0; part < floats; part++, k++) {
            const first = ((t * vectors + (k >> 2)) * groups) * 4 + (k & 3), more = e * at.step + part;
            for (let q = 0; q < groups; q++) index[first + 4 * q] = from[q] + more;
          }
        }
      }
    });
  }
  return index;
}
