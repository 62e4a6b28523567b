/** Reads the vectors of the papers' own code that lie in this folder; each file's `describe` gives its conventions. */

/** An array as the files encode it: integers over `den`, or decimals. */
export interface GoldenArray {
  shape: number[];
  complex?: boolean;
  den?: number;
  data: number[];
}

/** One golden file. */
export function golden<T>(name: string): T {
  return JSON.parse(Deno.readTextFileSync(new URL(`./${name}.json`, import.meta.url))) as T;
}

/** The values in float64, interleaved if complex. */
export function values(array: GoldenArray): Float64Array {
  return Float64Array.from(array.data, (v) => v / (array.den ?? 1));
}

/** The values in float32. */
export function floats(array: GoldenArray): Float32Array<ArrayBuffer> {
  return Float32Array.from(values(array));
}
