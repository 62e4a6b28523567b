/**
 * How long hidden layers of different structure, and networks with them, take for digits; the dense network in other
 * WebAssembly runtimes as well. Everything is compared with float64 first.
 */
import { setThreadsCount } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import * as ort from "onnxruntime-web";
import { measure, type Measurement, type Subject } from "../bench/lib/measure.ts";
import { assertAccurate, denseProduct } from "../bench/lib/reference.ts";
import { onnxModel } from "../bench/peers/onnxruntime.ts";
import { Linear, type Sequential } from "../src/layers/mod.ts";

/** Digits at a time. */
export const BATCHES: readonly number[] = [1, 64];

/** A matrix and what is added to a product with it. */
interface Affine {
  readonly rows: number;
  readonly cols: number;
  readonly matrix: Float32Array;
  readonly bias: Float32Array;
}

/** The matrix of a linear layer, from unit vectors. */
function affine({ inputs: cols, outputs: rows, map, parameters }: Linear): Affine {
  const unit = new Float32Array(cols * cols), zero = new Float32Array(cols);
  for (let i = 0; i < cols; i++) unit[i * (cols + 1)] = 1;
  const bias = map.apply(zero, 1), columns = map.apply(unit, cols), matrix = new Float32Array(rows * cols);
  for (let k = 0; k < cols; k++) {
    for (let i = 0; i < rows; i++) matrix[i * cols + k] = columns[k * rows + i] - bias[i];
  }
  // Of a dense layer it is known to the bit.
  const [weights] = parameters;
  return { rows, cols, matrix: weights.value.length === matrix.length ? weights.value : matrix, bias };
}

function product({ rows, cols, matrix, bias }: Affine, x: ArrayLike<number>): Float64Array {
  return denseProduct(matrix, rows, cols, x, "real").map((v, i) => v + bias[i]);
}

/** The outputs of the hidden layer and of the network for some vectors, in float64. */
function reference(parts: readonly Affine[], x: Float32Array): { hidden: number[]; output: number[] } {
  const [first, last] = parts, hidden: number[] = [], output: number[] = [];
  for (let at = 0; at < x.length; at += first.cols) {
    const h = product(first, x.subarray(at, at + first.cols));
    hidden.push(...h);
    output.push(...product(last, h.map((v) => Math.max(0, v))));
  }
  return { hidden, output };
}

function transposed({ rows, cols, matrix }: Affine): Float32Array {
  const turned = new Float32Array(matrix.length);
  for (let i = 0; i < rows; i++) for (let k = 0; k < cols; k++) turned[k * rows + i] = matrix[i * cols + k];
  return turned;
}

/** A routine that ends in an array, to be verified. */
function subject(
  name: string,
  group: string,
  batch: number,
  [first]: readonly Affine[],
  want: readonly number[],
  run: () => Float32Array | Promise<Float32Array>,
  asynchronous = false,
): Subject {
  let y: Float32Array = new Float32Array();
  return {
    name,
    group,
    n: first.cols,
    batch,
    asynchronous,
    async verify(): Promise<void> {
      y = await run();
      // Two layers: each may have its error.
      assertAccurate(`${name}, ${group}, ${batch} at a time`, y, want, first.cols, 2);
    },
    run: asynchronous ? async () => void (y = await run()) : () => void (y = run() as Float32Array),
  };
}

/** The dense network in onnxruntime-web: new tensors in and out, as its users have them. */
async function onnxNetwork(
  parts: readonly Affine[],
  x: Float32Array,
  batch: number,
): Promise<() => Promise<Float32Array>> {
  const [first, last] = parts;
  const model = onnxModel(
    [
      { operator: "MatMul", inputs: ["x", "w1"], output: "p1" },
      { operator: "Add", inputs: ["p1", "b1"], output: "s1" },
      { operator: "Relu", inputs: ["s1"], output: "h" },
      { operator: "MatMul", inputs: ["h", "w2"], output: "p2" },
      { operator: "Add", inputs: ["p2", "b2"], output: "y" },
    ],
    parts.flatMap((part, i) => [
      { name: `w${i + 1}`, dims: [part.cols, part.rows], data: transposed(part) },
      { name: `b${i + 1}`, dims: [part.rows], data: part.bias },
    ]),
    { name: "x", dims: [batch, first.cols] },
    { name: "y", dims: [batch, last.rows] },
  );
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
  return async () => {
    const { y } = await session.run({ x: new ort.Tensor("float32", x, [batch, first.cols]) });
    return y.data as Float32Array;
  };
}

/** The dense network in TensorFlow.js on WebAssembly. */
async function tfjsNetwork(
  parts: readonly Affine[],
  x: Float32Array,
  batch: number,
): Promise<() => Float32Array> {
  setThreadsCount(1);
  if (!await tf.setBackend("wasm")) throw new Error("The wasm backend of TensorFlow.js did not start");
  const [first, last] = parts.map((part) => ({
    b: tf.tensor2d(transposed(part), [part.cols, part.rows]),
    bias: tf.tensor1d(part.bias),
  }));
  return () =>
    tf.tidy(() => {
      const a = tf.tensor2d(x, [batch, parts[0].cols]);
      const h = tf.fused.matMul({ a, ...first, activation: "relu" });
      return tf.fused.matMul({ a: h, ...last }).dataSync() as Float32Array;
    });
}

/** Times of a structure, or of another runtime, by digits at a time. */
export type Times = ReadonlyMap<number, Measurement>;

/** What {@link measureNetworks} found. */
export interface NetworkTimes {
  /** The hidden layer alone, by name of the network. */
  readonly layer: ReadonlyMap<string, Times>;
  /** All of the network; the dense one in other runtimes by their names. */
  readonly network: ReadonlyMap<string, Times>;
}

/**
 * Verifies and measures trained networks of a hidden layer, a relu and a last layer, on digits.
 *
 * @param networks by name; one is "dense"
 * @param digits at least as many as the largest batch has
 */
export async function measureNetworks(
  networks: ReadonlyMap<string, Sequential>,
  digits: Float32Array,
  quick = false,
): Promise<NetworkTimes> {
  const found = {
    layer: new Map<string, Map<number, Measurement>>(),
    network: new Map<string, Map<number, Measurement>>(),
  };
  for (const batch of BATCHES) {
    const subjects: Subject[] = [];
    for (const [name, model] of networks) {
      const linear = model.layers.filter((layer) => layer instanceof Linear), [hidden] = linear;
      const parts = linear.map(affine), x = digits.slice(0, batch * hidden.inputs);
      const want = reference(parts, x),
        frozen = model.freeze(),
        tensor = { data: x, shape: [batch, hidden.inputs] };
      const out = new Float32Array(batch * hidden.outputs);
      subjects.push(
        subject(name, "layer", batch, parts, want.hidden, () => hidden.map.apply(x, batch, out)),
        subject(name, "network", batch, parts, want.output, () => frozen.apply(tensor).data),
      );
      if (name !== "dense") continue;
      const theirs = await onnxNetwork(parts, x, batch), other = await tfjsNetwork(parts, x, batch);
      subjects.push(
        subject("onnxruntime-web", "network", batch, parts, want.output, theirs, true),
        subject("TensorFlow.js", "network", batch, parts, want.output, other),
      );
    }
    for (const one of await measure(subjects, { quick })) {
      const group = found[one.group as "layer" | "network"], times = group.get(one.name) ?? new Map();
      group.set(one.name, times.set(batch, one));
    }
  }
  return found;
}
