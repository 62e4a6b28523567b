/**
 * What `papillon build` can make: each is a {@link Construction}, one entry of the table in `table.ts`.
 *
 * @module
 */

import type { NumericArray } from "../../io/array.ts";
import { quote } from "../../io/bytes.ts";
import type { Operator } from "../../operator/operator.ts";
import { asComplex } from "../../program/program.ts";
import { Random } from "../../program/random.ts";
import { floats } from "../../program/step.ts";
import { InputError } from "../errors.ts";

/** An operator and what it should be. */
export interface Built {
  /** The operator. */
  readonly operator: Operator;
  /** Its dense matrix in float64 from the definition, row-major, in the operator's field. */
  readonly reference: () => Float64Array;
  /** What else there is to say about it. */
  readonly note?: string;
}

/** One name. */
export interface Construction {
  /** What it is called on the command line. */
  readonly name: string;
  /** What it is, in a few words. */
  readonly about: string;
  /** Points when neither --n nor a file says how many. */
  readonly size: number;
  /** Whether --normalized means something. */
  readonly normalized?: boolean;
  /** What a file holds, where it takes one; it is drawn from the seed when there is none. */
  readonly file?: string;
  /** Whether it takes no file and is always drawn from the seed. */
  readonly random?: boolean;
  /** Makes it. */
  readonly build: (request: Request) => Built;
}

/** What is asked for, with what the constructions need to check it. */
export class Request {
  /** Whether to scale it to be unitary or orthonormal. */
  readonly normalized: boolean;
  /** The array of the file, if there is one. */
  readonly data: NumericArray | undefined;
  readonly #name: string;
  readonly #n: number | undefined;
  readonly #otherwise: number;
  readonly #path: string;
  readonly #seed: number | undefined;
  #random: Random | undefined;

  /** @param given what the command line says */
  constructor({ name, size }: Construction, given: {
    n?: number;
    normalized?: boolean;
    seed?: number;
    path?: string;
    data?: NumericArray;
  } = {}) {
    this.normalized = given.normalized ?? false;
    this.data = given.data;
    this.#name = name;
    this.#n = given.n;
    this.#otherwise = size;
    this.#path = given.path ?? "";
    this.#seed = given.seed;
  }

  /** Whether a seed is given. */
  get seeded(): boolean {
    return this.#seed !== undefined;
  }

  /** Whether anything was drawn at random. */
  get drawn(): boolean {
    return this.#random !== undefined;
  }

  /** Random numbers from the seed. */
  get random(): Random {
    return this.#random ??= new Random(this.#seed ?? 0);
  }

  /** The seed itself, for what draws by itself. */
  get seed(): number {
    this.#random ??= new Random(0);
    return this.#seed ?? 0;
  }

  /** An error about what was given: "Cannot build …: …". */
  refuse(why: string): InputError {
    const from = this.data ? ` from ${quote(this.#path)}` : "";
    return new InputError(`Cannot build ${this.#name}${from}: ${why}`);
  }

  /** The points that --n asks for, or the default; at most `most`. */
  size(most = 2 ** 20): number {
    const n = this.#n ?? this.#otherwise;
    if (n > most) throw this.refuse(`--n is ${n}, at most ${most} is allowed`);
    return n;
  }

  /** The points that --n asks for, if it is given. */
  get asked(): number | undefined {
    return this.#n;
  }

  /** Refuses another size than the one that the file has. */
  agree(n: number, what = `the file has ${n} numbers`): number {
    if (this.#n !== undefined && this.#n !== n) throw this.refuse(`--n is ${this.#n}, but ${what}`);
    return n;
  }

  /** The file's array as a vector, also one written as a single row or column. */
  vector(data: NumericArray): NumericArray {
    const shape = data.shape.filter((size) => size !== 1);
    const length = data.data.length / floats(data.field);
    if (shape.length > 1 || length === 0) throw this.misshapen("a vector", data);
    return { ...data, shape: [length] };
  }

  /** The file's array as a matrix, with so many rows if that is given. */
  matrix(data: NumericArray, rows?: number): NumericArray {
    const shape = data.shape.length === 1 && rows === undefined ? [data.shape[0], 1] : data.shape;
    if (shape.length !== 2 || data.data.length === 0 || (rows !== undefined && shape[0] !== rows)) {
      throw this.misshapen(rows === undefined ? "a matrix" : `a matrix of ${rows} rows`, data);
    }
    return { ...data, shape };
  }

  /** The error for a file of another shape. */
  misshapen(expected: string, { shape }: NumericArray): InputError {
    return this.refuse(`expected ${expected}, got an array of shape [${shape.join(", ")}]`);
  }

  /** Refuses complex numbers. */
  real(data: NumericArray): NumericArray {
    if (data.field === "complex") throw this.refuse("it takes real numbers, those of the file are complex");
    return data;
  }

  /** The numbers for an operator, which works in float32. */
  single({ data }: NumericArray): Float32Array<ArrayBuffer> {
    const result = Float32Array.from(data), at = result.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) {
      throw this.refuse(`the file has the number ${data[at]}, which is not finite in float32`);
    }
    return result;
  }

  /** Real numbers as complex ones, complex ones as they are. */
  complex(data: NumericArray): NumericArray {
    if (data.field === "complex") return data;
    return { shape: data.shape, field: "complex", data: asComplex(this.single(data)) };
  }

  /** An array of independent normal numbers times a scale. */
  normal(shape: number[], field: NumericArray["field"] = "real", scale = 1): NumericArray {
    const { random } = this, length = shape.reduce((all, n) => all * n, floats(field));
    return { shape, field, data: Float32Array.from({ length }, () => scale * random.normal()) };
  }
}
