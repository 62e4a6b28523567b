/**
 * Vectors in 1, 2, 4 or 8 bits a coordinate, and how well they are found again:
 *
 *     deno run -A examples/vector_codec.ts [VECTORS] [--iterations N]
 *
 * VECTORS is a matrix in .npy or .csv, one vector a row, or images in the format of MNIST (-idx3-ubyte, also .gz); without
 * it vectors are made up, from a seed. The last 100 are searched for among the others, at most 4000: of the ten nearest, how
 * many are among the ten that the codes give. Codes are made of the vectors as they are, after a random rotation, and after
 * one that is learned from 1000 of them. (Learning makes the error smaller. It need not help the search, where errors that
 * look like chance do less harm.)
 *
 * @module
 */

import { gaussianStep, learnRotation, type Operator, Random, readArray, rotation } from "@papillon/papillon";

/** Vectors of n coordinates, one after another. */
export interface Vectors {
  readonly n: number;
  readonly data: Float32Array<ArrayBuffer>;
}

/** What {@link encode} makes of vectors. */
export interface Codes {
  readonly bits: number;
  /** The bytes of a vector. */
  readonly width: number;
  /** The numbers of the levels, 8/bits in a byte, the first one lowest. */
  readonly bytes: Uint8Array;
  /** For each vector its squared length, and what the inner product with its levels has to be multiplied by. */
  readonly scales: Float32Array;
}

/** Quantises vectors: each coordinate to the best levels for Gaussian numbers of the size of the vector. */
export function encode({ n, data }: Vectors, bits: number): Codes {
  const count = data.length / n, width = Math.ceil(n * bits / 8), half = 2 ** (bits - 1);
  const bytes = new Uint8Array(count * width), scales = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) {
    const x = data.subarray(i * n, (i + 1) * n);
    const square = x.reduce((sum, value) => sum + value * value, 0);
    const unit = gaussianStep(bits) * Math.sqrt(square / n) || 1;
    let along = 0;
    for (let k = 0; k < n; k++) {
      const level = Math.max(-half, Math.min(half - 1, Math.floor(x[k] / unit)));
      bytes[i * width + (k * bits >> 3)] |= (level + half) << (k * bits & 7);
      along += x[k] * (level + 0.5);
    }
    // So that the inner product of a vector with itself comes out as it is (Gao and Long 2024, RaBitQ).
    scales.set([square, along > 0 ? square / along : 0], 2 * i);
  }
  return { bits, width, bytes, scales };
}

/** Squared distances of a query, which is not quantised, from the vectors of the codes. */
export function distances(codes: Codes, query: Float32Array): Float64Array {
  const { bits, width, bytes, scales } = codes, n = query.length, perByte = 8 / bits;
  // For each byte of a code and each of its values, what it adds to the inner product.
  const table = new Float32Array(width * 256), middle = 2 ** (bits - 1) - 0.5, mask = 2 ** bits - 1;
  for (let at = 0; at < width; at++) {
    for (let value = 0; value < 256; value++) {
      let sum = 0;
      for (let part = 0; part < perByte && at * perByte + part < n; part++) {
        sum += query[at * perByte + part] * ((value >> part * bits & mask) - middle);
      }
      table[at * 256 + value] = sum;
    }
  }
  const square = query.reduce((sum, value) => sum + value * value, 0);
  return Float64Array.from({ length: scales.length / 2 }, (_, i) => {
    let inner = 0;
    for (let at = 0; at < width; at++) inner += table[at * 256 + bytes[i * width + at]];
    return square + scales[2 * i] - 2 * scales[2 * i + 1] * inner;
  });
}

/** Squared distances of a query from vectors. */
export function exactDistances({ n, data }: Vectors, query: Float32Array): Float64Array {
  return Float64Array.from({ length: data.length / n }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < n; k++) sum += (data[i * n + k] - query[k]) ** 2;
    return sum;
  });
}

/** The numbers of the smallest entries. */
export function nearest(values: ArrayLike<number>, count: number): number[] {
  return Array.from(values, (_, i) => i).sort((a, b) => values[a] - values[b]).slice(0, count);
}

/** Of the ten nearest to each query, which part is among the ten that the codes say. */
export function recall(base: Vectors, queries: Vectors, bits: number, turn: Operator | undefined): number {
  const turned = ({ n, data }: Vectors): Vectors => ({ n, data: turn ? turn.apply(data) : data });
  const codes = encode(turned(base), bits), { n } = base, asked = turned(queries).data;
  let found = 0, all = 0;
  for (let at = 0; at < queries.data.length; at += n) {
    const right = new Set(nearest(exactDistances(base, queries.data.subarray(at, at + n)), 10));
    for (const i of nearest(distances(codes, asked.subarray(at, at + n)), 10)) if (right.has(i)) found++;
    all += right.size;
  }
  return found / all;
}

/** Images in the format of MNIST: a magic number, the sizes in big-endian order, and bytes. */
export function readImages(bytes: Uint8Array): Vectors {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 16 || view.getUint32(0) !== 0x803) {
    throw new RangeError("Cannot read images: the file does not begin as idx3-ubyte files do");
  }
  const [count, rows, columns] = [4, 8, 12].map((at) => view.getUint32(at)), n = rows * columns;
  if (bytes.length !== 16 + count * n) {
    throw new RangeError(
      `Cannot read images: ${count} of ${rows}×${columns} need ${16 + count * n} bytes, got ${bytes.length}`,
    );
  }
  return { n, data: Float32Array.from(bytes.subarray(16)) };
}

/** Made-up vectors: points in groups, with fewer and fewer of them in each further direction, some coordinates large. */
export function madeUp(n = 96, count = 2100, seed = 1): Vectors {
  const random = new Random(seed), centres = Float32Array.from({ length: 20 * n }, () => random.normal());
  const size = Float32Array.from({ length: n }, (_, k) => k % 16 === 0 ? 8 : 1 / (1 + k / 8));
  const data = new Float32Array(count * n);
  for (let i = 0; i < count; i++) {
    const centre = random.integer(20) * n;
    for (let k = 0; k < n; k++) data[i * n + k] = size[k] * (0.5 * centres[centre + k] + random.normal());
  }
  return { n, data };
}

async function read(path: string): Promise<Vectors> {
  const bytes = Deno.readFileSync(path);
  if (!path.includes("idx3-ubyte")) {
    const { shape, data } = readArray(path, bytes);
    return { n: shape[shape.length - 1], data: Float32Array.from(data as Float32Array) };
  }
  if (!path.endsWith(".gz")) return readImages(bytes);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return readImages(new Uint8Array(await new Response(stream).arrayBuffer()));
}

/** The vectors to search in and those to search for, all less the mean of the former. */
export function split({ n, data }: Vectors, queries = 100, most = 4000): { base: Vectors; queries: Vectors } {
  const all = data.length / n, count = Math.min(most, all - queries);
  if (count < queries) {
    throw new RangeError(`Cannot search: expected at least ${2 * queries} vectors, got ${all}`);
  }
  const mean = new Float64Array(n);
  for (let i = 0; i < count * n; i++) mean[i % n] += data[i] / count;
  const less = (from: number, to: number): Vectors => ({
    n,
    data: data.slice(from * n, to * n).map((value, i) => value - mean[i % n]),
  });
  return { base: less(0, count), queries: less(all - queries, all) };
}

if (import.meta.main) {
  const args = [...Deno.args], at = args.indexOf("--iterations");
  const iterations = at < 0 ? 150 : Number(args.splice(at, 2)[1]);
  if (args.length > 1 || !(Number.isInteger(iterations) && iterations > 0)) {
    console.error("Usage: deno run -A examples/vector_codec.ts [VECTORS] [--iterations N]");
    Deno.exit(2);
  }
  if (args.length === 0) console.log("No file of vectors is given: these are made up.");
  const { base, queries } = split(args.length === 0 ? madeUp() : await read(args[0]));
  const { n } = base, count = base.data.length / n;
  console.log(
    `${count} vectors of ${n} numbers, ${queries.data.length / n} queries: recall of the ten nearest`,
  );
  console.log(
    "bits  bytes a vector  as they are  random rotation  learned rotation  error of the samples, random to learned",
  );
  const random = rotation(n, { seed: 1 });
  for (const bits of [1, 2, 4, 8]) {
    const samples = base.data.subarray(0, 1000 * n);
    const { operator, before, after } = await learnRotation(samples, n, { bits, iterations, seed: 1 });
    const cells = [undefined, random, operator].map((turn) => recall(base, queries, bits, turn).toFixed(3));
    const errors = [before, after].map((error) => `${(100 * error).toPrecision(3)}%`).join(" to ");
    cells.unshift(`${bits}`, `${Math.ceil(n * bits / 8) + 8}`);
    console.log(cells.map((cell, i) => cell.padStart([4, 16, 13, 17, 18][i])).join("") + `  ${errors}`);
  }
  console.log(`  32${String(4 * n).padStart(16)}        1.000`);
}
