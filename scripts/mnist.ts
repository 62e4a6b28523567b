/**
 * A small network trained on handwritten digits, so that there is a dense matrix that was learned. The files are those of
 * MNIST; they are read where they lie and no part of the project.
 */
import { readImages, type Vectors } from "../examples/vector_codec.ts";
import { type Operator, Random } from "../src/mod.ts";

/** A network 784 → hidden → 10: relu between, the largest output is the digit. */
export interface Network {
  readonly inputs: number;
  readonly hidden: number;
  /** hidden × inputs. */
  readonly first: Float32Array;
  readonly bias: Float32Array;
  /** 10 × hidden. */
  readonly second: Float32Array;
}

/** Images with what they show. */
export interface Digits {
  readonly images: Vectors;
  readonly labels: Uint8Array;
}

/** What is made of the content of a gzip file; errors name it. */
async function unzipped<T>(path: string, use: (bytes: Uint8Array) => T): Promise<T> {
  const file = await Deno.readFile(path);
  try {
    const stream = new Blob([file]).stream().pipeThrough(new DecompressionStream("gzip"));
    return use(new Uint8Array(await new Response(stream).arrayBuffer()));
  } catch (error) {
    throw new RangeError(`Cannot read ${path}: ${(error as Error).message}`);
  }
}

/** The labels of so many images. */
function readLabels(bytes: Uint8Array, images: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8 || view.getUint32(0) !== 0x801) {
    throw new RangeError("the file does not begin as idx1-ubyte files do");
  }
  const count = view.getUint32(4), labels = bytes.subarray(8);
  if (labels.length !== count || count !== images) {
    throw new RangeError(
      `expected labels of ${images} images, got ${labels.length} in a file that says it has ${count}`,
    );
  }
  const bad = labels.findIndex((label) => label > 9);
  if (bad >= 0) throw new RangeError(`label ${bad} is ${labels[bad]}, expected 0 to 9`);
  return labels;
}

/**
 * The test images of MNIST from a folder, brightness from 0 to 1, or undefined where they are not.
 *
 * @throws {RangeError} when a file holds something else; the message names it
 */
export async function readDigits(folder: string): Promise<Digits | undefined> {
  try {
    const images = await unzipped(`${folder}/t10k-images-idx3-ubyte.gz`, readImages);
    for (let i = 0; i < images.data.length; i++) images.data[i] /= 255;
    const labels = await unzipped(
      `${folder}/t10k-labels-idx1-ubyte.gz`,
      (bytes) => readLabels(bytes, images.data.length / images.n),
    );
    return { images, labels };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Trains on the images from `from` to `to` by stochastic gradients, one image at a time; seeded. */
export function train(
  { images: { n, data }, labels }: Digits,
  from: number,
  to: number,
  hidden = 256,
): Network {
  const random = new Random(1), epochs = 6;
  const first = Float32Array.from({ length: hidden * n }, () => random.normal() * Math.sqrt(1 / n));
  const second = Float32Array.from({ length: 10 * hidden }, () => random.normal() * Math.sqrt(2 / hidden));
  const bias = new Float32Array(hidden), columns = transposed(first, hidden, n);
  const h = new Float32Array(hidden), back = new Float32Array(hidden), p = new Float64Array(10);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = random.permutation(to - from), rate = 0.02 * (1 - epoch / epochs);
    for (const which of order) {
      const at = from + which;
      h.set(bias);
      for (let k = 0; k < n; k++) {
        const x = data[at * n + k];
        if (x !== 0) { for (let i = 0; i < hidden; i++) h[i] += x * columns[k * hidden + i]; }
      }
      let sum = 0;
      for (let i = 0; i < hidden; i++) h[i] = Math.max(0, h[i]);
      for (let d = 0; d < 10; d++) {
        let y = 0;
        for (let i = 0; i < hidden; i++) y += second[d * hidden + i] * h[i];
        sum += p[d] = Math.exp(Math.min(60, y));
      }
      back.fill(0);
      for (let d = 0; d < 10; d++) {
        const slope = p[d] / sum - (labels[at] === d ? 1 : 0);
        for (let i = 0; i < hidden; i++) {
          back[i] += slope * second[d * hidden + i];
          second[d * hidden + i] -= rate * slope * h[i];
        }
      }
      for (let i = 0; i < hidden; i++) {
        back[i] = h[i] > 0 ? -rate * back[i] : 0;
        bias[i] += back[i];
      }
      for (let k = 0; k < n; k++) {
        const x = data[at * n + k];
        if (x !== 0) { for (let i = 0; i < hidden; i++) columns[k * hidden + i] += x * back[i]; }
      }
    }
  }
  return { inputs: n, hidden, first: transposed(columns, n, hidden), bias, second };
}

function transposed(matrix: Float32Array, rows: number, cols: number): Float32Array {
  const turned = new Float32Array(matrix.length);
  for (let i = 0; i < rows; i++) for (let k = 0; k < cols; k++) turned[k * rows + i] = matrix[i * cols + k];
  return turned;
}

/** Which part of the images from `from` to `to` a network tells, with an operator in the place of its first matrix. */
export function accuracy(
  { hidden, bias, second }: Network,
  first: Operator,
  { images: { n, data }, labels }: Digits,
  from: number,
  to: number,
): number {
  const sums = first.apply(data.subarray(from * n, to * n));
  let right = 0;
  for (let at = 0; at < to - from; at++) {
    let best = 0, most = -Infinity;
    for (let d = 0; d < 10; d++) {
      let y = 0;
      for (let i = 0; i < hidden; i++) {
        y += second[d * hidden + i] * Math.max(0, sums[at * hidden + i] + bias[i]);
      }
      if (y > most) [best, most] = [d, y];
    }
    if (best === labels[from + at]) right++;
  }
  return right / (to - from);
}
