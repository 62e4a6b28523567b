/**
 * What the kinds of operators in files have in common: each is a {@link Form}, one entry of the table in `index.ts`,
 * and writes and reads itself with the help of a {@link Writer} and a {@link Reader}.
 *
 * @module
 */

import type { Operator } from "../../operator/operator.ts";
import { type Field, floats } from "../../program/step.ts";
import { quote } from "../bytes.ts";
import type { Dtype, SafetensorsFile, Tensor, TensorData } from "../safetensors.ts";

/** An operator's JSON in the metadata of a file. */
export type Node = Record<string, unknown>;

/** One kind of operator in files. */
export interface Form {
  /** Its name in files. */
  readonly type: string;
  /** Whether an operator is of this kind. */
  is(operator: Operator): boolean;
  /** What the JSON of an operator of this kind says besides its type; tensors go to the writer. */
  write(operator: Operator, writer: Writer): Node;
  /** The operator, from what the JSON says and the reader's tensors. */
  read(node: Node, reader: Reader): Operator;
}

/** Makes a {@link Form} of a class, so that `write` gets an operator of that class. */
export function form<T extends Operator>(
  type: string,
  of: abstract new (...args: never[]) => T,
  write: (operator: T, writer: Writer) => Node,
  read: (node: Node, reader: Reader) => Operator,
): Form {
  return {
    type,
    is: (operator) => operator instanceof of,
    write: (operator, writer) => write(operator as T, writer),
    read,
  };
}

/** Limits of what is saved and loaded, far above all use, so that no small file asks for much work. */
const DEEPEST = 64, MOST_OPERATORS = 4096;
/** Butterflies of one column have no weights: their rows. */
export const LONGEST_COLUMN = 4096;
/** Windows have no tensors to be measured by: the rows and columns of all of them together. */
const MOST_IN_WINDOWS = 2 ** 24;
/** The floats that an operator, or all of a checkpoint, may take in memory for nothing. */
export const MOST_FLOATS = 2 ** 27;
/** Those that it may take for each float of its tensors. */
const MOST_PER_FLOAT = 16;
/** What sparse matrices need, of whose factors each has about as many numbers as there are entries. */
const MADE_PER_FLOAT = 64;

/** Floats of one operator: those of its tensors, about those of the program that it will have, and the copies in it. */
interface Size {
  tensors: number;
  program: number;
  copies: number;
}

/** Counts what an operator will ask for while its tree is walked; common to reading and writing. */
abstract class Walk {
  #count = 0;
  #depth = 0;
  #windows = 0;
  #whole: Size = { tensors: 0, program: 0, copies: 0 };
  readonly #open: Size[] = [];
  readonly #sizes = new WeakMap<Operator, Size>();

  /** Refuses what is counted: the limits are the same for files that are read and written. */
  abstract refuse(why: string): RangeError;

  /** Walks one operator, which may lead to others by {@link Walk.walk}. */
  protected walk<T>(depth: number, visit: () => T, operatorOf: (result: T) => Operator): T {
    if ((this.#depth += depth) > DEEPEST) throw this.refuse(`it is nested more than ${DEEPEST} deep`);
    if (++this.#count > MOST_OPERATORS) throw this.refuse(`it has more than ${MOST_OPERATORS} operators`);
    const size: Size = { tensors: 0, program: 0, copies: 0 };
    this.#open.push(size);
    const result = visit(), operator = operatorOf(result), { rows, cols, field } = operator;
    this.#open.pop();
    this.#depth -= depth;
    size.program += (rows + cols) * floats(field);
    this.#sizes.set(operator, size);
    const outer = this.#open.at(-1);
    if (outer) this.add(outer, size);
    else this.#whole = size;
    return result;
  }

  /** Counts the floats of a tensor. */
  protected count(length: number): void {
    this.add(this.#open[this.#open.length - 1], { tensors: length, program: length, copies: 0 });
  }

  private add(size: Size, more: Size): void {
    size.tensors += more.tensors;
    size.program += more.program;
    size.copies += more.copies;
    if (!(size.copies <= MOST_FLOATS + MOST_PER_FLOAT * size.tensors)) {
      throw this.refuse(
        `it repeats its ${size.tensors} numbers to some ${size.program}, more than is allowed`,
      );
    }
  }

  /** Counts floats that the operator at work has in its program besides those of its tensors. */
  more(program: number): void {
    this.#open[this.#open.length - 1].program += program;
  }

  /**
   * Says that the program of the operator at work has copies of that of another one, which was walked before: so many
   * more than the one that is counted already. To be called before the operator is made.
   */
  copies(of: Operator, more: number): void {
    const copies = (this.#sizes.get(of)?.program ?? 0) * more;
    this.add(this.#open[this.#open.length - 1], { tensors: 0, program: copies, copies });
  }

  /**
   * Counts floats that are made of the tensors of the operator at work when it is made, those beyond what may be made of
   * each float of a tensor. To be called before.
   */
  makes(program: number): void {
    const size = this.#open[this.#open.length - 1];
    const copies = Math.max(0, program - MADE_PER_FLOAT * size.tensors);
    this.add(size, { tensors: 0, program, copies });
  }

  /** Copies in the operator that was walked. */
  get copied(): number {
    return this.#whole.copies;
  }

  /** Counts the rows and columns of a window. */
  window(rows: number, cols: number): void {
    this.#windows += rows + cols;
    if (this.#windows > MOST_IN_WINDOWS) {
      throw this.refuse(`its windows have more than ${MOST_IN_WINDOWS} rows and columns`);
    }
  }
}

/** Collects the tensors of an operator that is saved. */
export class Writer extends Walk {
  /** The tensors so far, by name. */
  readonly tensors: [string, Tensor][] = [];
  readonly #forms: readonly Form[];
  #prefix = "";

  /** A writer that knows some forms, of which the first that fits is taken. */
  constructor(forms: readonly Form[]) {
    super();
    this.#forms = forms;
  }

  refuse(why: string): RangeError {
    return new RangeError(`Cannot save operator: ${why}`);
  }

  /**
   * The JSON of an operator, inside another one.
   *
   * @param name what goes before the names of its tensors, if there are others beside it
   * @param depth how many levels of nesting it counts for
   */
  save(operator: Operator, name?: string | number, depth = 1): Node {
    const found = this.#forms.find((form) => form.is(operator));
    if (found === undefined) {
      const name: unknown = operator?.constructor?.name;
      const what = typeof operator === "object" && operator !== null && "program" in operator
        ? `an operator of class ${quote(String(name))}`
        : "no operator";
      throw new TypeError(`Cannot save operator: it is, or contains, ${what}, which has no form in files`);
    }
    const before = this.#prefix;
    if (name !== undefined) this.#prefix += `${name}.`;
    const node = this.walk(
      depth,
      () => ({ type: found.type, ...found.write(operator, this) }),
      () => operator,
    );
    this.#prefix = before;
    return node;
  }

  /** Adds a tensor of numbers of a field. */
  numbers(name: string, field: Field, shape: number[], data: Float32Array): void {
    this.tensor(name, { dtype: field === "complex" ? "C64" : "F32", shape, data });
  }

  /** Adds a tensor of the operator at work. */
  tensor(name: string, tensor: Tensor): void {
    this.count(tensor.data.length);
    this.tensors.push([this.#prefix + name, tensor]);
  }
}

/** Numbers of a tensor. */
export interface Numbers {
  /** Real or complex. */
  readonly field: Field;
  /** Sizes. */
  readonly shape: number[];
  /** The floats. */
  readonly data: Float32Array;
}

/** Gives an operator that is loaded its tensors, all of them checked. */
export class Reader extends Walk {
  readonly #forms: ReadonlyMap<unknown, Form>;
  readonly #file: SafetensorsFile;
  readonly #label: string;
  #prefix = "";

  /** A reader of a file, which messages call `label`. */
  constructor(forms: readonly Form[], file: SafetensorsFile, label: string) {
    super();
    this.#forms = new Map(forms.map((form) => [form.type, form]));
    this.#file = file;
    this.#label = label;
  }

  refuse(why: string): RangeError {
    return new RangeError(`Cannot read ${this.#label}: ${why}`);
  }

  /** The operator of some JSON, inside another one; the parameters are those of {@link Writer.save}. */
  load(node: unknown, name?: string | number, depth = 1): Operator {
    const before = this.#prefix;
    if (name !== undefined) this.#prefix += `${name}.`;
    const operator = this.walk(depth, () => {
      if (!isNode(node)) throw this.refuse(`an operator is not a JSON object`);
      const form = this.#forms.get(node.type);
      if (form === undefined) throw this.refuse(`it has an operator of the unknown type ${show(node.type)}`);
      return form.read(node, this);
    }, (operator) => operator);
    this.#prefix = before;
    return operator;
  }

  /** A tensor's name in the file, for messages. */
  named(name: string): string {
    return quote(this.#prefix + name);
  }

  /** A tensor of numbers, with so many sizes, or at least so many. */
  numbers(name: string, dimensions: number, { orMore = false } = {}): Numbers {
    const { dtype, shape, data } = this.#tensor(name);
    if (!(data instanceof Float32Array)) {
      throw new TypeError(
        `Cannot read ${this.#label}: tensor ${this.named(name)} is ${dtype}, expected F32 or C64`,
      );
    }
    if (orMore ? shape.length < dimensions : shape.length !== dimensions) {
      throw this.refuse(
        `tensor ${this.named(name)} has the shape [${shape.slice(0, 8)}], expected ${dimensions} sizes` +
          (orMore ? " or more" : ""),
      );
    }
    return { field: dtype === "C64" ? "complex" : "real", shape, data };
  }

  /** The elements of a tensor of one certain type, and its shape. */
  elements<T extends TensorData>(
    name: string,
    dtype: Dtype,
    type: abstract new (...args: never[]) => T,
    shape: readonly (number | undefined)[],
  ): T {
    const tensor = this.#tensor(name), { data } = tensor;
    if (!(data instanceof type)) {
      throw new TypeError(
        `Cannot read ${this.#label}: tensor ${this.named(name)} is ${tensor.dtype}, expected ${dtype}`,
      );
    }
    if (
      shape.length !== tensor.shape.length || shape.some((s, i) => s !== undefined && s !== tensor.shape[i])
    ) {
      throw this.refuse(
        `tensor ${this.named(name)} has the shape [${tensor.shape.slice(0, 8)}], expected [${
          shape.map((size) => size ?? "n")
        }]`,
      );
    }
    return data;
  }

  #tensor(name: string): Tensor {
    const tensor = this.#file.tensors.get(this.#prefix + name);
    if (tensor === undefined) throw this.refuse(`its tensor ${this.named(name)} is missing`);
    this.count(tensor.data.length);
    return tensor;
  }

  /** A size that the JSON gives. */
  size(node: Node, key: string): number {
    const value = node[key];
    // The limit of all operators; it also keeps the arithmetic on sizes exact.
    if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 2 ** 30) return value;
    throw this.refuse(`${key} of a ${node.type} is ${show(value)}, expected a whole number from 1 to 2³⁰`);
  }

  /** True or false, as the JSON says. */
  truth(node: Node, key: string): boolean {
    const value = node[key];
    if (typeof value === "boolean") return value;
    throw this.refuse(`${key} of a ${node.type} is ${show(value)}, expected true or false`);
  }

  /** The field that the JSON gives. */
  field(node: Node): Field {
    const { field, type } = node;
    if (field === "real" || field === "complex") return field;
    throw this.refuse(`a ${type}'s field is ${show(field)}, expected "real" or "complex"`);
  }

  /** What the operator's own checks refuse is a fault of the file. */
  make<T extends Operator>(make: () => T): T {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
      throw this.refuse(error.message.replace(/^C/, "c"));
    }
  }
}

/** Whether a value is a JSON object. */
export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value of the JSON, for messages. */
export function show(value: unknown): string {
  return value === undefined ? "missing" : quote(JSON.stringify(value));
}
