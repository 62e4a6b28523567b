/**
 * onnxruntime-web, WebAssembly SIMD backend, one thread: a graph of one MatMul with constant weights.
 *
 * Natural call: `await session.run({ x })` on an existing input tensor; the output comes as a new tensor. The promise and
 * the copies into and out of its memory are part of the call: its user cannot avoid them. The product is written
 * y = x·Aᵀ with Aᵀ stored (faster here than A·x from n = 256 up). Real only: ONNX has no complex MatMul.
 *
 * In Deno the package resolves to its Node entry, which loads its Wasm from the package itself. The model is written here
 * as protobuf bytes, field by field (onnx.proto3), so no ONNX tools are needed.
 */
import * as ort from "onnxruntime-web";
import type { Subject } from "../lib/measure.ts";
import { denseProblem, LARGEST_DENSE, transposed } from "../lib/problem.ts";
import type { AvailablePeer, Peer } from "./peer.ts";

const FLOAT = 1;

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function varint(value: number): Uint8Array {
  const out: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) out.push(rest % 128 + 128);
  return Uint8Array.of(...out, rest);
}

/** A protobuf field that holds an integer. */
function int(field: number, value: number): Uint8Array {
  return join(varint(field * 8), varint(value));
}

/** A protobuf field that holds bytes: a string, a message or raw data. */
function bytes(field: number, value: Uint8Array | string): Uint8Array {
  const content = typeof value === "string" ? new TextEncoder().encode(value) : value;
  return join(varint(field * 8 + 2), varint(content.length), content);
}

/** ValueInfoProto: name = 1, type = 2 { tensor_type = 1 { elem_type = 1, shape = 2 { dim = 1 { dim_value = 1 }}}}. */
function valueInfo(name: string, dims: readonly number[]): Uint8Array {
  const shape = join(...dims.map((dim) => bytes(1, int(1, dim))));
  return join(bytes(1, name), bytes(2, bytes(1, join(int(1, FLOAT), bytes(2, shape)))));
}

/** A node of a graph. */
export interface Node {
  /** "MatMul", "Add", "Relu" … */
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly output: string;
}

/** A value of a graph: constant where it has numbers. */
export interface Value {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data?: Float32Array;
}

/** The bytes of an ONNX model of nodes in order, from one input to one output. */
export function onnxModel(
  nodes: readonly Node[],
  constants: readonly Required<Value>[],
  input: Value,
  output: Value,
): Uint8Array {
  // TensorProto: dims = 1, data_type = 2, name = 8, raw_data = 9 (little-endian).
  const tensors = constants.map(({ name, dims, data }) => {
    const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return join(...dims.map((dim) => int(1, dim)), int(2, FLOAT), bytes(8, name), bytes(9, raw));
  });
  // NodeProto: input = 1, output = 2, op_type = 4.
  const steps = nodes.map(({ operator, inputs, output }) =>
    join(...inputs.map((name) => bytes(1, name)), bytes(2, output), bytes(4, operator))
  );
  // GraphProto: node = 1, name = 2, initializer = 5, input = 11, output = 12.
  const graph = join(
    ...steps.map((step) => bytes(1, step)),
    bytes(2, "product"),
    ...tensors.map((tensor) => bytes(5, tensor)),
    bytes(11, valueInfo(input.name, input.dims)),
    bytes(12, valueInfo(output.name, output.dims)),
  );
  // ModelProto: ir_version = 1, graph = 7, opset_import = 8 { domain = 1, version = 2 }.
  return join(int(1, 8), bytes(7, graph), bytes(8, join(bytes(1, ""), int(2, 13))));
}

/** The bytes of an ONNX model that computes y = x·w, x of batch × n, w of n × n. */
export function matMulModel(w: Float32Array, n: number, batch: number): Uint8Array {
  return onnxModel(
    [{ operator: "MatMul", inputs: ["x", "w"], output: "y" }],
    [{ name: "w", dims: [n, n], data: w }],
    { name: "x", dims: [batch, n] },
    { name: "y", dims: [batch, n] },
  );
}

async function subject(n: number, batch: number): Promise<Subject> {
  const problem = denseProblem(n, batch, "real");
  const model = matMulModel(transposed(problem.matrix, n), n, batch);
  const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
  const x = new ort.Tensor("float32", problem.x, [batch, n]);
  let y: unknown;
  const run = async (): Promise<void> => {
    y = (await session.run({ x })).y.data;
  };
  return {
    name: "onnxruntime-web",
    group: "real dense products",
    n,
    batch,
    asynchronous: true,
    run,
    async verify(): Promise<void> {
      y = undefined;
      await run();
      problem.check("onnxruntime-web", y as Float32Array);
    },
    dispose: () => void session.release(),
  };
}

/** onnxruntime-web's WebAssembly backend. */
export const onnxruntime: Peer = {
  name: "onnxruntime-web",
  kind: "wasm",
  load(): Promise<AvailablePeer> {
    ort.env.wasm.numThreads = 1;
    return Promise.resolve({
      available: true,
      note: `${ort.env.versions.web}, wasm backend, one thread, SIMD`,
      create: async (n, batch = 1) => n <= LARGEST_DENSE ? [await subject(n, batch)] : [],
    });
  },
};
