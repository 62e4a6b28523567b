/**
 * What all that is applied to vectors asks of them.
 *
 * @module
 */

/** What takes vectors to vectors. */
export interface Shaped {
  /** Numbers in an output vector. */
  readonly rows: number;
  /** Numbers in an input vector. */
  readonly cols: number;
  /** Whether numbers are real or complex: interleaved, re and im. */
  readonly field: "real" | "complex";
  /** A short name for messages. */
  describe(): string;
}

/** What a value is, for messages: "a Float64Array", "a string", "undefined". */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  const kind = typeof value === "object" ? value.constructor?.name ?? "object" : typeof value;
  return `${/^[aeiou]/i.test(kind) ? "an" : "a"} ${kind}`;
}

/** "a 1024×1024 complex operator". */
export function describe({ rows, cols, field }: Omit<Shaped, "describe">): string {
  return `a ${rows}×${cols} ${field === "complex" ? "complex " : ""}operator`;
}

/** Begins a message. (No closure of those below, which would be made for each call.) */
function refusal(map: Shaped, why: string): string {
  return `Cannot apply ${map.describe()}: ${why}`;
}

/** Checks the input of a map, and gives how many vectors it holds. */
export function batchOf(x: Float32Array, map: Shaped): number {
  const complex = map.field === "complex", width = map.cols * (complex ? 2 : 1);
  if (!(x instanceof Float32Array)) {
    throw new TypeError(refusal(map, `the input is not a Float32Array but ${kindOf(x)}`));
  }
  if (x.length === 0) throw new RangeError(refusal(map, "the input is empty or its buffer is detached"));
  if (x.length % width === 0) return x.length / width;
  if (complex && x.length % 2 === 1) {
    throw new RangeError(
      refusal(map, `complex input needs an even number of floats (re, im), got ${x.length}`),
    );
  }
  const what = complex ? `${width} (${map.cols} complex numbers)` : `${width}`;
  throw new RangeError(refusal(map, `input length ${x.length} is not a multiple of ${what}`));
}

/** Checks where the output of a map for so many vectors is to go, or makes room for it. */
export function outputFor(out: Float32Array | undefined, batch: number, map: Shaped): Float32Array {
  const size = batch * map.rows * (map.field === "complex" ? 2 : 1);
  if (out === undefined) return new Float32Array(size);
  if (!(out instanceof Float32Array)) {
    throw new TypeError(refusal(map, `out is not a Float32Array but ${kindOf(out)}`));
  }
  if (out.length >= size) return out;
  const why = out.length === 0 ? "it is empty or its buffer is detached" : `it has ${out.length}`;
  throw new RangeError(refusal(map, `out needs ${size} floats, but ${why}`));
}
