/**
 * ONNX graphs, node by node (onnx.proto3 of the ONNX specification).
 *
 * @module
 */

import { bytes, integer, joined, type Parts, sizeOf } from "./protobuf.ts";

/** The version of ONNX's operators that is asked for. */
export const OPSET = 17;

/** TensorProto.DataType */
const FLOAT = 1, INT64 = 7;
/** AttributeProto.AttributeType */
const INT = 2, INTS = 7;
/** What protobuf messages may hold at most. */
const LARGEST = 2 ** 31 - 1;

/** A size of the first dimension that is not known before vectors come. */
const BATCH = "batch";

/** Makes a graph; each method returns the name of the value it makes. */
export class GraphBuilder {
  readonly #nodes: Parts[] = [];
  readonly #constants: Parts[] = [];
  readonly #known = new Map<string, string>();
  #count = 0;

  /** A node with one result. */
  node(
    type: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, number | readonly number[]>> = {},
  ): string {
    const name = `v${this.#count++}`;
    // NodeProto: input = 1, output = 2, name = 3, op_type = 4, attribute = 5.
    this.#nodes.push([
      ...inputs.flatMap((input) => bytes(1, input)),
      ...bytes(2, name),
      ...bytes(3, `${type}_${name}`),
      ...bytes(4, type),
      ...Object.entries(attributes).flatMap(([key, value]) => bytes(5, attribute(key, value))),
    ]);
    return name;
  }

  /** A node that makes the graph's result. */
  result(from: string, name: string): void {
    this.#nodes.push([
      ...bytes(1, from),
      ...bytes(2, name),
      ...bytes(3, `Identity_${name}`),
      ...bytes(4, "Identity"),
    ]);
  }

  /** A tensor of floats. */
  floats(shape: readonly number[], values: Float32Array): string {
    const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    return this.#constant(FLOAT, shape, raw);
  }

  /** A list of integers; one that is there already is used again. */
  integers(values: ArrayLike<number>): string {
    const key = values.length <= 16 ? Array.from(values).join() : undefined;
    const known = key === undefined ? undefined : this.#known.get(key);
    if (known !== undefined) return known;
    const raw = new BigInt64Array(values.length);
    for (let i = 0; i < raw.length; i++) raw[i] = BigInt(values[i]);
    const name = this.#constant(INT64, [values.length], new Uint8Array(raw.buffer));
    if (key !== undefined) this.#known.set(key, name);
    return name;
  }

  /** The tensor with a shape; −1 stands for what is left, the batch. */
  reshape(from: string, shape: readonly number[]): string {
    return this.node("Reshape", [from, this.integers([-1, ...shape])]);
  }

  /**
   * The bytes of the model.
   *
   * @throws {RangeError} when they are more than protobuf allows
   */
  model(name: string, input: readonly number[], output: readonly number[], about: string): Uint8Array {
    // GraphProto: node = 1, name = 2, initializer = 5, input = 11, output = 12.
    const graph = [
      ...this.#nodes.flatMap((node) => bytes(1, node)),
      ...bytes(2, name),
      ...this.#constants.flatMap((tensor) => bytes(5, tensor)),
      ...bytes(11, valueInfo("x", input)),
      ...bytes(12, valueInfo("y", output)),
    ];
    // ModelProto: ir_version = 1, producer_name = 2, doc_string = 6, graph = 7, opset_import = 8 (domain 1, version 2).
    const model = [
      ...integer(1, 8),
      ...bytes(2, "papillon"),
      ...bytes(6, about),
      ...bytes(7, graph),
      ...bytes(8, [...bytes(1, ""), ...integer(2, OPSET)]),
    ];
    const size = sizeOf(model);
    if (size > LARGEST) {
      throw new RangeError(
        `Cannot export to ONNX: the model would have ${size} bytes, at most ${LARGEST} are allowed; smaller blocks make it smaller`,
      );
    }
    return joined(model);
  }

  #constant(type: number, shape: readonly number[], raw: Uint8Array): string {
    const name = `c${this.#constants.length}`;
    // TensorProto: dims = 1, data_type = 2, name = 8, raw_data = 9 (little-endian).
    this.#constants.push([
      ...shape.flatMap((size) => integer(1, size)),
      ...integer(2, type),
      ...bytes(8, name),
      ...bytes(9, raw),
    ]);
    return name;
  }
}

/** AttributeProto: name = 1, i = 3, ints = 8, type = 20. */
function attribute(name: string, value: number | readonly number[]): Parts {
  const content = typeof value === "number"
    ? [...integer(3, value), ...integer(20, INT)]
    : [...value.flatMap((v) => integer(8, v)), ...integer(20, INTS)];
  return [...bytes(1, name), ...content];
}

/** ValueInfoProto: name = 1, type = 2 { tensor_type = 1 { elem_type = 1, shape = 2 { dim = 1 { value = 1, param = 2 } } } }. */
function valueInfo(name: string, sizes: readonly number[]): Parts {
  const dims = [bytes(2, BATCH), ...sizes.map((size) => integer(1, size))].flatMap((dim) => bytes(1, dim));
  return [...bytes(1, name), ...bytes(2, bytes(1, [...integer(1, FLOAT), ...bytes(2, dims)]))];
}
