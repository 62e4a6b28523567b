/**
 * The image of a compiled program: what is written into the machine's memory, and how large it is.
 *
 * @module
 */

import type { Machine } from "../kernels/machine.ts";
import { type Bases, encode, FIELDS, type Instruction, Space, type View } from "../kernels/record.ts";

const RECORD_BYTES = FIELDS * 4;

/** Memory, as floats and as integers. */
export type Words = Pick<Machine, "f32" | "i32">;
/** Writes floats at an element index of the machine's memory. */
export type FillFloats = (memory: Float32Array, at: number) => void;
/** Writes indices at an element index of the machine's memory. */
export type FillIndices = (memory: Int32Array, at: number) => void;

/** A compiled program, ready to be written into memory and run. */
export interface Image {
  /** What runs for each tile. */
  readonly instructions: readonly Instruction[];
  /** Bytes of the program: tables, weights, and then the code. */
  readonly bytes: number;
  /** Byte offset of the code. */
  readonly code: number;
  /** Bytes of scratch for one tile. */
  readonly scratch: number;
  /** Rows in a tile. */
  readonly tile: number;
  /** Bytes of weight gradients. */
  readonly gradient: number;
  /** Byte ranges of the weight gradients that must be zero before a run. */
  readonly cleared: readonly { start: number; end: number }[];
  /**
   * Whether writing the weights again is enough after they changed: what runs does not depend on them. Absent: it is not, or
   * nobody knows.
   */
  readonly fixed?: boolean;
  /** Writes the weights at the address of the program. */
  writeWeights(memory: Words, address: number): void;
  /** Writes weights and tables. */
  write(memory: Words, address: number): void;
  /** Writes the instructions, with absolute addresses. */
  link(machine: Machine, bases: Bases): void;
}

const align = (bytes: number): number => Math.ceil(bytes / 16) * 16;

/** Bytes of a row of scratch. Rows a power of two apart would share the sets of a cache: one line more keeps them apart. */
function rowBytes(width: number): number {
  const bytes = align(width * 4);
  return bytes >= 256 && bytes % 256 === 0 ? bytes + 64 : bytes;
}

/** Collects the parts of an image. */
export class ImageBuilder {
  readonly #instructions: Instruction[] = [];
  readonly #floats: { at: number; fill: FillFloats }[] = [];
  readonly #indices: { at: number; fill: FillIndices }[] = [];
  readonly #tile: number;
  readonly #free = new Map<number, number[]>();
  readonly #cleared: { start: number; end: number }[] = [];
  #bytes = 0;
  #scratch = 0;
  #operands = 0;
  #gradient = 0;

  /** @param tile rows that scratch holds */
  constructor(tile: number) {
    this.#tile = tile;
  }

  /** Room for `count` floats of weights; returns their byte offset. */
  weights(count: number, fill: FillFloats): number {
    this.#floats.push({ at: this.#bytes, fill });
    return this.#reserve(count);
  }

  /** Room for `count` indices; returns their byte offset. */
  table(count: number, fill: FillIndices): number {
    this.#indices.push({ at: this.#bytes, fill });
    return this.#reserve(count);
  }

  #reserve(count: number): number {
    const at = this.#bytes;
    this.#bytes += align(count * 4);
    return at;
  }

  /**
   * Room for `count` floats of weight gradient; returns their byte offset in the gradient space. Those that the first
   * tile does not write are cleared before a run.
   */
  gradient(count: number, written: boolean): number {
    const at = this.#gradient;
    this.#gradient += align(count * 4);
    if (!written) this.#cleared.push({ start: at, end: this.#gradient });
    return at;
  }

  /** A scratch operand of `width` floats a row. */
  scratch(width: number): View {
    const row = rowBytes(width);
    const reused = this.#free.get(row)?.pop();
    if (reused !== undefined) return { space: Space.scratch, offset: reused, row };
    // Operands a multiple of 4096 bytes apart would wait for each other's stores: stagger them.
    const offset = this.#scratch + (this.#operands++ % 16) * 192;
    this.#scratch = offset + row * this.#tile;
    return { space: Space.scratch, offset, row };
  }

  /** Gives a scratch operand back for reuse; operands in other spaces are left alone. */
  release(view: View): void {
    if (view.space !== Space.scratch) return;
    const free = this.#free.get(view.row);
    if (free) free.push(view.offset);
    else this.#free.set(view.row, [view.offset]);
  }

  /** Appends an instruction. */
  emit(instruction: Instruction): void {
    this.#instructions.push(instruction);
  }

  /** The finished image. */
  build(): Image {
    const code = this.#bytes, instructions = this.#instructions;
    const floats = this.#floats, indices = this.#indices;
    const writeWeights = (memory: Words, address: number): void => {
      for (const { at, fill } of floats) fill(memory.f32, (address + at) >>> 2);
    };
    return {
      instructions,
      bytes: code + instructions.length * RECORD_BYTES,
      code,
      scratch: this.#scratch,
      tile: this.#tile,
      gradient: this.#gradient,
      cleared: this.#cleared,
      writeWeights,
      write(memory: Words, address: number): void {
        writeWeights(memory, address);
        for (const { at, fill } of indices) fill(memory.i32, (address + at) >>> 2);
      },
      link(machine: Machine, bases: Bases): void {
        instructions.forEach((instruction, i) => {
          encode(machine.i32, ((bases.program + code) >>> 2) + i * FIELDS, instruction, bases);
        });
      },
    };
  }
}
