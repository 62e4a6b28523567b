/**
 * Compiled operators: loaded from a file, and applied.
 *
 * @module
 */

import { Field, FIELDS } from "../kernels/record.ts";
import { batchOf, describe, outputFor } from "../kernels/vectors.ts";
import { type Compiled, readCompiled } from "./file.ts";
import { type CompiledMachine, sharedMachine } from "./machine.ts";

/** Bytes of input and of output that one call to the kernels takes, if it is more than one vector. */
const CHUNK_BYTES = 1 << 16;

/** See {@link loadCompiled}. */
export interface LoadOptions {
  /** What messages call the file. */
  readonly name?: string;
  /** Where to run; the shared machine unless told. */
  readonly machine?: CompiledMachine;
}

/**
 * An operator that was compiled beforehand: it can be applied, and nothing else.
 *
 * Vectors are `Float32Array`s; complex numbers lie interleaved (re, im, re, im …). A batch is vectors one after
 * another.
 */
export class CompiledOperator {
  /** Numbers in an output vector. */
  readonly rows: number;
  /** Numbers in an input vector. */
  readonly cols: number;
  /** Whether vectors are real or complex. */
  readonly field: "real" | "complex";
  /** Where it runs. */
  readonly machine: CompiledMachine;
  readonly #parts: Compiled;
  readonly #chunk: number;
  #epoch = -1;
  #code = 0;
  #input = 0;
  #output = 0;

  /** Use {@link loadCompiled}. */
  constructor(parts: Compiled, machine: CompiledMachine) {
    const { rows, cols, field } = this.#parts = parts;
    this.rows = rows;
    this.cols = cols;
    this.field = field;
    this.machine = machine;
    this.#chunk = Math.max(1, Math.floor(CHUNK_BYTES / (8 * Math.max(rows, cols))));
  }

  /**
   * Applies the map to a vector or a batch of vectors.
   *
   * @param x batch · cols numbers
   * @param out where to write batch · rows numbers. It may be `x` itself.
   * @returns `out`, or a new array
   * @throws {TypeError} when `x` or `out` is not a Float32Array
   * @throws {RangeError} when a length does not fit; nothing is written then
   */
  apply(x: Float32Array, out?: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer>;
  /** The same, for any kind of Float32Array as `out`. */
  apply<T extends Float32Array>(x: Float32Array, out: T): T;
  apply(x: Float32Array, out?: Float32Array): Float32Array {
    const batch = batchOf(x, this), y = outputFor(out, batch, this), { machine } = this;
    if (this.#epoch !== machine.epoch) this.#place();
    const width = x.length / batch, height = this.rows * width / this.cols, chunk = this.#chunk;
    // Parts of the result must not overwrite input that is still to be read.
    if (batch > chunk && x.buffer === y.buffer) x = x.slice();
    for (let row = 0; row < batch; row += chunk) {
      const rows = Math.min(chunk, batch - row), { f32 } = machine, { code, tile } = this.#parts;
      f32.set(batch > chunk ? x.subarray(row * width, (row + rows) * width) : x, this.#input);
      machine.run(this.#code, code.length / FIELDS, rows, tile, 1);
      y.set(f32.subarray(this.#output, this.#output + rows * height), row * height);
    }
    return y;
  }

  /** A short name for messages: "a 1024×1024 complex operator". */
  describe(): string {
    return describe(this);
  }

  /** Writes it to memory, with room for a chunk of vectors. */
  #place(): void {
    const { machine } = this, { code, data, scratch } = this.#parts;
    const unit = this.field === "complex" ? 8 : 4;
    const sizes = [
      4 * data.length,
      4 * code.length,
      scratch,
      ...[this.cols, this.rows].map((n) => n * unit * this.#chunk),
    ];
    // Each begins at a multiple of 64, a line of the cache.
    const starts = sizes.map((_, k) => sizes.slice(0, k).reduce((sum, size) => sum + (size + 63 & ~63), 0));
    const total = starts[4] + (sizes[4] + 63 & ~63), base = machine.allocate(total);
    const [program, at, scratchAt, input, output] = starts.map((start) => base + start);
    const spaces = [scratchAt, input, output], { i32 } = machine;
    i32.set(data, program >>> 2);
    i32.set(code, at >>> 2);
    for (let r = at >>> 2; r < (at >>> 2) + code.length; r += FIELDS) {
      for (const [advance, address, row] of OPERANDS) {
        const space = i32[r + advance];
        i32[r + address] += spaces[space];
        i32[r + advance] = space && i32[r + row];
      }
      i32[r + Field.weights] += program;
      i32[r + Field.table] += program;
    }
    this.#epoch = machine.epoch;
    this.#code = at;
    this.#input = input >>> 2;
    this.#output = output >>> 2;
  }
}

/** Where a record has its space, which becomes the bytes to move on by; its address; and its bytes from row to row. */
const OPERANDS = [
  [Field.srcAdvance, Field.src, Field.srcRow],
  [Field.dstAdvance, Field.dst, Field.dstRow],
] as const;

/**
 * The operator in the bytes of a file that `saveCompiled` or `papillon compile` made. The file is untrusted input: every
 * record in it is checked, so that none reaches beyond the operator's own numbers. `bytes` is free afterwards.
 *
 * @throws {TypeError} where `bytes` is no Uint8Array
 * @throws {RangeError} where the file is none of a compiled operator, or not in order: a sentence that begins "Cannot
 * read"
 *
 * @example
 * ```ts
 * import { loadCompiled } from "@papillon/papillon/core";
 * import { dct2, saveCompiled } from "@papillon/papillon";
 * const file = saveCompiled(dct2(8)); // somewhere, some time ago
 * const map = loadCompiled(file);
 * console.assert(Math.abs(map.apply(new Float32Array(8).fill(1))[0] - 16) < 1e-5);
 * ```
 */
export function loadCompiled(bytes: Uint8Array, { name, machine }: LoadOptions = {}): CompiledOperator {
  const label = name === undefined ? "the file" : JSON.stringify(name);
  if (Object.prototype.toString.call(bytes) !== "[object Uint8Array]") {
    throw new TypeError(`Cannot read ${label}: expected a Uint8Array`);
  }
  return new CompiledOperator(readCompiled(bytes, label), machine ?? sharedMachine());
}
