/**
 * Operators in safetensors files: weights in tensors, the structure as JSON in the header's metadata under the
 * key "papillon".
 *
 * ```json
 * { "version": 1, "operator": { "type": "product", "operators": [
 *   { "type": "butterfly", "rows": 8, "cols": 8, "increasing": true, "bias": false },
 *   { "type": "permutation", "field": "complex" } ] } }
 * ```
 *
 * The tensors of operator number i of a product or block diagonal are named `i.` and then as if it stood alone. Real tensors are
 * F32, complex ones C64:
 *
 * Kronecker products have no form here: a small file of them could ask for any amount of memory.
 *
 * | type | tensors |
 * |---|---|
 * | butterfly | `twiddle` [stacks, blocks, log₂n, n/2, 2, 2], as in the papers' code; `bias` [rows] if it has one |
 * | permutation | `index` [n], U32: y[i] = x[index[i]] |
 * | diagonal | `diagonal` [n] |
 * | factor | `factor` [a, b, c, d] |
 * | real-view | those of its complex operator `of` |
 * | dense | `matrix` [rows, cols] |
 * | convolution | `kernel` [outputs, inputs, …, n2, n1], from one axis on |
 * | window | none; `rows`, `cols`, `shift` and `field` say all |
 * | product | those of `operators`, listed as written: the last is applied first |
 * | sum | those of `operators`, as written |
 * | corner | those of its operator `of`; `rows` and `cols` are its own |
 * | block-diagonal | those of `operators`, the first block first |
 * | transposed | those of its operator `of`; `conjugate` tells the adjoint from the transpose |
 *
 * @module
 */

import { Convolution } from "../kaleidoscope/convolution.ts";
import { BlockDiagonal, blockDiagonal } from "../operator/block_diagonal.ts";
import { Butterfly } from "../operator/butterfly.ts";
import { Corner, corner } from "../operator/corner.ts";
import { Dense } from "../operator/dense.ts";
import { Diagonal } from "../operator/diagonal.ts";
import { KroneckerFactor } from "../operator/factor.ts";
import { Operator, Transposed } from "../operator/operator.ts";
import { Permutation } from "../operator/permutation.ts";
import { Product, product } from "../operator/product.ts";
import { Sum, sum } from "../operator/sum.ts";
import { RealView } from "../operator/real_view.ts";
import type { Field } from "../program/step.ts";
import { Window } from "../operator/window.ts";
import { quote } from "./bytes.ts";
import { readSafetensors, type SafetensorsFile, type Tensor, writeSafetensors } from "./safetensors.ts";

/** The key of the header's metadata, and the version of what it holds. */
const KEY = "papillon", VERSION = 1;
/** Limits of what is saved and loaded, far above all use, so that no small file asks for much work. */
const DEEPEST = 64, MOST_OPERATORS = 4096, LONGEST_COLUMN = 4096;
/** Windows have no tensors to be measured by: the rows and columns of all of them together. */
const MOST_IN_WINDOWS = 2 ** 24;
/** How many levels of nesting a real view counts for: in a complex product its program runs twice, each time. */
const REAL_VIEW = 8;

type Node = Record<string, unknown>;

/**
 * Makes the bytes of a safetensors file that holds an operator, as it is: nothing simplified, nothing rounded.
 * The same operator gives the same bytes.
 *
 * @throws {TypeError} for an operator of a class that has no form in files
 * @throws {RangeError} for one that is nested too deeply or has too many parts
 *
 * @example
 * ```ts
 * import { Butterfly, loadOperator, saveOperator } from "@papillon/papillon";
 * const bytes = saveOperator(Butterfly.random(16, { seed: 1 }));
 * console.assert(loadOperator(bytes).cols === 16);
 * ```
 */
export function saveOperator(operator: Operator): Uint8Array {
  const tensors: [string, Tensor][] = [];
  let count = 0, windows = 0;

  const add = (name: string, field: Field, shape: number[], data: Float32Array): void => {
    tensors.push([name, { dtype: field === "complex" ? "C64" : "F32", shape, data }]);
  };
  const save = (operator: Operator, prefix: string, depth: number): Node => {
    if (depth > DEEPEST) throw new RangeError(`Cannot save operator: it is nested more than ${DEEPEST} deep`);
    if (++count > MOST_OPERATORS) {
      throw new RangeError(`Cannot save operator: it has more than ${MOST_OPERATORS} parts`);
    }
    const list = composed(operator);
    if (list) {
      const operators = list.operators.map((part, i) => save(part, `${prefix}${i}.`, depth + 1));
      return { type: list.type, operators };
    }
    if (operator instanceof Corner) {
      const { rows, cols } = operator;
      return { type: "corner", rows, cols, of: save(operator.of, prefix, depth + 1) };
    }
    if (operator instanceof Transposed) {
      return { type: "transposed", conjugate: operator.conjugate, of: save(operator.of, prefix, depth + 1) };
    }
    const { rows, cols, field } = operator;
    if (operator instanceof Butterfly) {
      const { n, stacks, blocks, increasing, bias } = operator;
      if (n === 1 && rows > LONGEST_COLUMN) {
        throw new RangeError(
          `Cannot save operator: a butterfly of one column has ${rows} rows, at most ${LONGEST_COLUMN} are allowed`,
        );
      }
      add(`${prefix}twiddle`, field, twiddleShape(n, stacks, blocks), operator.toTwiddle());
      if (bias) add(`${prefix}bias`, field, [rows], bias);
      return { type: "butterfly", rows, cols, increasing, bias: bias !== undefined };
    }
    if (operator instanceof Permutation) {
      tensors.push([`${prefix}index`, { dtype: "U32", shape: [rows], data: operator.index }]);
      return { type: "permutation", field };
    }
    if (operator instanceof Diagonal) {
      add(`${prefix}diagonal`, field, [rows], operator.values);
      return { type: "diagonal" };
    }
    if (operator instanceof KroneckerFactor) {
      const { a, b, c, d } = operator.pattern;
      add(`${prefix}factor`, field, [a, b, c, d], operator.values);
      return { type: "factor" };
    }
    if (operator instanceof RealView) {
      return { type: "real-view", of: save(operator.of, prefix, depth + REAL_VIEW) };
    }
    if (operator instanceof Dense) {
      add(`${prefix}matrix`, field, [rows, cols], operator.values);
      return { type: "dense" };
    }
    if (operator instanceof Convolution) {
      const { outputs, inputs, size, kernel } = operator;
      add(`${prefix}kernel`, field, [outputs, inputs, ...size], kernel);
      return { type: "convolution" };
    }
    if (operator instanceof Window) {
      windows += rows + cols;
      if (windows > MOST_IN_WINDOWS) {
        throw new RangeError(
          `Cannot save operator: its windows have more than ${MOST_IN_WINDOWS} rows and columns`,
        );
      }
      return { type: "window", rows, cols, shift: operator.shift, field };
    }
    const what = operator instanceof Operator
      ? `an operator of class ${quote(operator.constructor.name)}`
      : "no operator";
    throw new TypeError(`Cannot save operator: it is, or contains, ${what}, which has no form in files`);
  };

  const root = save(operator, "", 0);
  return writeSafetensors(tensors, { [KEY]: JSON.stringify({ version: VERSION, operator: root }) });
}

/**
 * The operator in the bytes of a file that {@link saveOperator} made. The file is untrusted input: every size in it
 * is checked against the tensors before anything is built. Weights are copied, `bytes` is free afterwards.
 *
 * @param name what messages call the file
 * @throws {RangeError | TypeError} where the file is malformed, holds no operator, or one with weights that are not
 * finite: a sentence that begins "Cannot read"
 */
export function loadOperator(bytes: Uint8Array, name?: string): Operator {
  const label = name === undefined ? "operator" : quote(name);
  const file = readSafetensors(bytes, name);
  const json = file.metadata[KEY];
  if (json === undefined) {
    throw new RangeError(
      `Cannot read ${label}: it is a safetensors file without an operator (no ${quote(KEY)} in its metadata)`,
    );
  }
  let root: unknown;
  try {
    root = JSON.parse(json);
  } catch {
    throw new RangeError(`Cannot read ${label}: its metadata ${quote(KEY)} is not JSON`);
  }
  const version = isNode(root) ? root.version : undefined;
  if (!isNode(root) || version !== VERSION) {
    const got = typeof version === "number" ? `version ${version}` : "no version";
    throw new RangeError(`Cannot read ${label}: it has ${got} of the operator format, expected ${VERSION}`);
  }
  return new Loader(file, label).load(root.operator, "", 0);
}

/** How operators of a list of others are made. */
const COMPOSED = { product, sum, "block-diagonal": blockDiagonal };

/** The list of operators that one is made of, and how it is called. */
function composed(
  operator: Operator,
): { type: keyof typeof COMPOSED; operators: readonly Operator[] } | undefined {
  if (operator instanceof Product) return { type: "product", operators: operator.operators };
  if (operator instanceof Sum) return { type: "sum", operators: operator.operators };
  return operator instanceof BlockDiagonal
    ? { type: "block-diagonal", operators: operator.operators }
    : undefined;
}

class Loader {
  readonly #file: SafetensorsFile;
  readonly #label: string;
  #count = 0;
  #windows = 0;

  constructor(file: SafetensorsFile, label: string) {
    this.#file = file;
    this.#label = label;
  }

  #bad(why: string): RangeError {
    return new RangeError(`Cannot read ${this.#label}: ${why}`);
  }

  load(node: unknown, prefix: string, depth: number): Operator {
    if (depth > DEEPEST) throw this.#bad(`its operators are nested more than ${DEEPEST} deep`);
    if (++this.#count > MOST_OPERATORS) throw this.#bad(`it has more than ${MOST_OPERATORS} operators`);
    if (!isNode(node)) throw this.#bad(`an operator is not a JSON object`);
    switch (node.type) {
      case "product":
      case "sum":
      case "block-diagonal": {
        const { operators, type } = node;
        if (!Array.isArray(operators)) throw this.#bad(`a ${type}'s operators are not a list`);
        const parts = operators.map((part, i) => this.load(part, `${prefix}${i}.`, depth + 1));
        return this.#make(() => COMPOSED[type](...parts));
      }
      case "corner": {
        const of = this.load(node.of, prefix, depth + 1);
        const rows = this.#size(node, "rows"), cols = this.#size(node, "cols");
        return this.#make(() => corner(of, rows, cols));
      }
      case "transposed": {
        // Not of.adjoint(): what was saved is what is loaded.
        return new Transposed(this.load(node.of, prefix, depth + 1), this.#truth(node, "conjugate"));
      }
      case "butterfly":
        return this.#butterfly(node, prefix);
      case "permutation": {
        const { field } = node;
        if (field !== "real" && field !== "complex") {
          throw this.#bad(`a permutation's field is ${show(field)}, expected "real" or "complex"`);
        }
        const index = this.#file.tensors.get(`${prefix}index`);
        if (!(index?.data instanceof Uint32Array) || index.shape.length !== 1) {
          throw this.#bad(`it has no tensor ${quote(`${prefix}index`)} that is a list of U32`);
        }
        const { data } = index;
        return this.#make(() => new Permutation(data, field));
      }
      case "diagonal": {
        const { field, data } = this.#tensor(`${prefix}diagonal`, 1);
        return this.#make(() => new Diagonal(data, field));
      }
      case "factor": {
        const { field, shape: [a, b, c, d], data } = this.#tensor(`${prefix}factor`, 4);
        return this.#make(() => new KroneckerFactor({ a, b, c, d }, data, field));
      }
      case "real-view": {
        const of = this.load(node.of, prefix, depth + REAL_VIEW);
        return this.#make(() => new RealView(of));
      }
      case "dense": {
        const { field, shape: [rows, cols], data } = this.#tensor(`${prefix}matrix`, 2);
        return this.#make(() => new Dense(rows, cols, data, field));
      }
      case "convolution": {
        const axes = this.#file.tensors.get(`${prefix}kernel`)?.shape.length ?? 0;
        const { field, shape, data } = this.#tensor(`${prefix}kernel`, Math.max(3, axes));
        const [outputs, inputs, ...size] = shape;
        return this.#make(() => new Convolution(data, { size, inputs, outputs, field }));
      }
      case "window":
        return this.#window(node);
      default:
        throw this.#bad(`it has an operator of the unknown type ${show(node.type)}`);
    }
  }

  #butterfly(node: Node, prefix: string): Operator {
    const rows = this.#size(node, "rows"), cols = this.#size(node, "cols");
    const increasing = this.#truth(node, "increasing");
    const { field, shape, data } = this.#tensor(`${prefix}twiddle`, 6);
    const n = 2 ** (32 - Math.clz32(cols - 1)), blocks = shape[1];
    const expected = twiddleShape(n, Math.ceil(rows / n), blocks);
    if (shape.some((size, i) => size !== expected[i]) || (n === 1 && rows > LONGEST_COLUMN)) {
      throw this.#bad(
        `tensor ${quote(`${prefix}twiddle`)} of shape [${shape}] does not fit a butterfly of ${rows}×${cols}`,
      );
    }
    let bias: Float32Array | undefined;
    if (this.#truth(node, "bias")) {
      const tensor = this.#tensor(`${prefix}bias`, 1);
      if (tensor.field !== field) {
        throw this.#bad(`tensor ${quote(`${prefix}bias`)} is ${tensor.field}, its butterfly is ${field}`);
      }
      bias = tensor.data;
    }
    return this.#make(() => Butterfly.fromTwiddle(cols, data, { rows, field, increasing, blocks, bias }));
  }

  #window(node: Node): Operator {
    const rows = this.#size(node, "rows"), cols = this.#size(node, "cols"), { shift, field } = node;
    this.#windows += rows + cols;
    if (this.#windows > MOST_IN_WINDOWS) {
      throw this.#bad(`its windows have more than ${MOST_IN_WINDOWS} rows and columns`);
    }
    // The operator refuses what is neither a shift nor a field.
    return this.#make(() =>
      new Window(rows, cols, { shift: shift as number ?? NaN, field: (field ?? null) as Field })
    );
  }

  #tensor(name: string, dimensions: number): { field: Field; shape: number[]; data: Float32Array } {
    const tensor = this.#file.tensors.get(name);
    if (tensor === undefined) throw this.#bad(`its tensor ${quote(name)} is missing`);
    const { dtype, shape, data } = tensor;
    if (!(data instanceof Float32Array)) {
      throw new TypeError(
        `Cannot read ${this.#label}: tensor ${quote(name)} is ${dtype}, expected F32 or C64`,
      );
    }
    if (shape.length !== dimensions) {
      throw this.#bad(
        `tensor ${quote(name)} has the shape [${shape.slice(0, 8)}], expected ${dimensions} sizes`,
      );
    }
    return { field: dtype === "C64" ? "complex" : "real", shape, data };
  }

  #size(node: Node, key: string): number {
    const value = node[key];
    // The limit of all operators; it also keeps the arithmetic on sizes exact.
    if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 2 ** 30) return value;
    throw this.#bad(`${key} of a ${node.type} is ${show(value)}, expected a whole number from 1 to 2³⁰`);
  }

  #truth(node: Node, key: string): boolean {
    const value = node[key];
    if (typeof value === "boolean") return value;
    throw this.#bad(`${key} of a ${node.type} is ${show(value)}, expected true or false`);
  }

  /** What the operator's own checks refuse is a fault of the file. */
  #make<T extends Operator>(make: () => T): T {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
      throw this.#bad(error.message.replace(/^C/, "c"));
    }
  }
}

function twiddleShape(n: number, stacks: number, blocks: number): number[] {
  return [stacks, blocks, Math.log2(n), Math.floor(n / 2), 2, 2];
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  return value === undefined ? "missing" : quote(JSON.stringify(value));
}
