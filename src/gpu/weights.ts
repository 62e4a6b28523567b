/**
 * Weights in the order in which kernels read them: a list of where each comes from, so that the same list packs
 * numbers on the processor, and weights that are trained on the device.
 *
 * @module
 */

/** In a list: no weight, but zero. */
export const ZERO = 0x7fffffff;
/** In a list: the weight with the opposite sign. */
export const NEGATIVE = 0x80000000;

/** Weights of a kernel. */
export interface Weights {
  /** Arrays that hold them, taken one after another. */
  readonly sources: readonly Float32Array[];
  /** For each packed number where it is found, a multiple of four long. */
  readonly index: Uint32Array;
}

/** Collects the weights of a kernel. */
export class WeightList {
  readonly #sources: Float32Array[] = [];
  readonly #starts: number[] = [];
  #sourced = 0;
  readonly #parts: Uint32Array[] = [];
  #length = 0;

  /** Numbers so far, a multiple of four. */
  get length(): number {
    return this.#length;
  }

  /** Adds an array that weights come from; returns where it begins. */
  source(values: Float32Array): number {
    const known = this.#sources.indexOf(values);
    if (known >= 0) return this.#starts[known];
    this.#sources.push(values);
    this.#starts.push(this.#sourced);
    this.#sourced += values.length;
    return this.#starts[this.#starts.length - 1];
  }

  /** Adds packed numbers, filled up to a multiple of four; returns where they begin. */
  add(index: Uint32Array): number {
    const at = this.#length, padded = new Uint32Array(Math.ceil(index.length / 4) * 4).fill(ZERO);
    padded.set(index);
    this.#parts.push(padded);
    this.#length += padded.length;
    return at;
  }

  /** The finished list; undefined if there are no weights. */
  build(): Weights | undefined {
    if (this.#length === 0) return undefined;
    const index = new Uint32Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      index.set(part, at);
      at += part.length;
    }
    return { sources: this.#sources, index };
  }
}

/** The packed numbers. */
export function packed({ sources, index }: Weights): Float32Array<ArrayBuffer> {
  const all = new Float32Array(sources.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const source of sources) {
    all.set(source, at);
    at += source.length;
  }
  // A loop: `from` with a function takes twenty times as long, and there are millions.
  const result = new Float32Array(index.length);
  for (let k = 0; k < index.length; k++) {
    const code = index[k], from = code & ZERO;
    if (from !== ZERO) result[k] = code >= NEGATIVE ? -all[from] : all[from];
  }
  return result;
}

/** float32 rounded to the nearest binary16 (ties to even), two in a word. */
export function halves(values: Float32Array): Uint32Array<ArrayBuffer> {
  const result = new Uint32Array(Math.ceil(values.length / 2));
  const word = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < values.length; i++) result[i >> 1] |= toHalf(values[i], word[i]) << (i & 1 ? 16 : 0);
  return result;
}

function toHalf(value: number, bits: number): number {
  const sign = bits >>> 16 & 0x8000, size = Math.abs(value);
  if (!(size < 65520)) return sign | (Number.isNaN(value) ? 0x7e00 : 0x7c00);
  // Below 2⁻¹⁴ halves are multiples of 2⁻²⁴; above, the last eleven bits of the fraction decide.
  const step = size < 2 ** -14 ? 2 ** -24 : 2 ** (Math.floor(Math.log2(size)) - 10);
  const count = roundEven(size / step);
  if (size < 2 ** -14) return sign | count;
  return sign | ((Math.log2(step) + 24) << 10) + count;
}

function roundEven(value: number): number {
  const below = Math.floor(value), over = value - below;
  return over > 0.5 || (over === 0.5 && below % 2 === 1) ? below + 1 : below;
}

/** The number that a half stands for. */
export function fromHalf(bits: number): number {
  const exponent = bits >> 10 & 31, fraction = bits & 1023, sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}
