/**
 * How assembly/factors.ts cuts factors of any pattern into vectors.
 *
 * @module
 */

/** A pattern (a, b, c, d): the support of a sparse factor is I_a ⊗ 1_{b×c} ⊗ I_d. */
export interface Support {
  /** How many blocks. */
  readonly a: number;
  /** Rows of a block. */
  readonly b: number;
  /** Columns of a block. */
  readonly c: number;
  /** How many copies are interleaved. */
  readonly d: number;
}

/**
 * How a factor is cut. Each block i has chunks of inputs and slots of outputs; a vector is one slot for one γ of one
 * chunk. With d ≥ 3 its lanes are neighbouring δ and the slots are the β; with d ≤ 2 its lanes are neighbouring (β, δ).
 * All sizes in numbers of the field.
 */
export interface Cut {
  /** How many slots. */
  readonly slots: number;
  /** From one slot to the next in the outputs. */
  readonly step: number;
  /** Where the last slot starts; it may overlap the one before. */
  readonly lastSlot: number;
  /** Where the last chunk starts; it may overlap the one before. */
  readonly lastChunk: number;
  /** Lanes of a vector that count. */
  readonly lanes: number;
  /** How x is read: four numbers (0), one for all lanes (1), a pair twice (2), three (3). */
  readonly mode: number;
  /** Lanes of the packed weights. */
  readonly packed: number;
}

/** Cuts a factor. */
export function cut({ a, b, c, d }: Support): Cut {
  const wide = d >= 3, lanes = Math.min(4, wide ? d : b * d);
  const slots = wide ? b : Math.ceil(b * d / 4), lastChunk = wide ? d - lanes : 0;
  return {
    slots,
    step: wide ? d : lanes,
    lastSlot: wide ? (b - 1) * d : b * d - lanes,
    lastChunk,
    lanes,
    mode: wide ? (d === 3 ? 3 : 0) : d,
    packed: a * (Math.ceil(lastChunk / 4) + 1) * slots * c * 4,
  };
}

/** The fields of a record of a factor whose numbers have so many bytes. */
export function cutFields(
  pattern: Support,
  bytes: number,
): { count: number; stride: [number, number, number, number]; extra: [number, number, number] } {
  const { slots, step, lastSlot, lastChunk, lanes, mode } = cut(pattern);
  return {
    count: pattern.a,
    stride: [slots, pattern.c, pattern.d * bytes, step * bytes],
    extra: [mode | (lanes & 3) << 2, lastSlot * bytes, lastChunk * bytes],
  };
}
