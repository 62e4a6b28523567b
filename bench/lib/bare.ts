/**
 * Forward and backward in the memory of a machine, to be run again and again without the copies that `gradient` makes:
 * the forward direction by the public zero-copy interface, the backward direction below it, which has none yet. This is
 * the one file of the benchmarks that reaches so deep.
 *
 * @module
 */
import type { Block } from "../../src/kernels/arena.ts";
import type { Machine } from "../../src/kernels/machine.ts";
import type { Bases } from "../../src/kernels/record.ts";
import { differentiate } from "../../src/program/differentiate.ts";
import { Executable, sharesRows } from "../../src/program/executable.ts";
import type { Image } from "../../src/program/image.ts";
import type { Program } from "../../src/program/program.ts";

/** Blocks that stay where they are until they are given back together. */
class Memory {
  readonly machine: Machine;
  readonly #blocks: Block[] = [];

  constructor(machine: Machine) {
    this.machine = machine;
  }

  reserve(bytes: number): number {
    const block = this.machine.arena.allocate(bytes, true);
    this.#blocks.push(block);
    return block.address;
  }

  /** Writes a compiled program, linked to its operands, and returns what runs it on `batch` vectors. */
  load(image: Image, batch: number, operands: Omit<Bases, "program" | "scratch">): () => void {
    const program = this.reserve(image.bytes);
    const scratch = this.reserve(image.scratch);
    image.write(this.machine, program);
    image.link(this.machine, { ...operands, program, scratch });
    const { run } = this.machine;
    const { tile, instructions: { length } } = image;
    const code = program + image.code;
    return () => run(code, length, batch, tile, 1);
  }

  /** A view of some floats; good until memory grows, so fetched anew each time. */
  floats(address: number, length: number): Float32Array<ArrayBuffer> {
    return this.machine.f32.subarray(address >> 2, (address >> 2) + length);
  }

  free(): void {
    for (const block of this.#blocks.splice(0)) this.machine.arena.free(block);
  }
}

/** A program in place, forward and backward. */
export interface Training {
  /** Forward. */
  readonly run: () => void;
  readonly input: () => Float32Array;
  readonly output: () => Float32Array;
  /** Backward alone; like all backward runs it computes the values in between again. */
  readonly back: () => void;
  readonly cotangent: () => Float32Array;
  readonly inputGradient: () => Float32Array;
  /** The gradients of the weights, in the order of `program.weights`. */
  readonly weightGradients: () => Float32Array[];
  readonly free: () => void;
}

/** The forward direction, and the gradients of the input and of all weights, for `batch` vectors. */
export function bareTraining(machine: Machine, program: Program, batch: number): Training {
  const memory = new Memory(machine), forward = new Executable(program, machine);
  forward.reserve(batch);
  const { image, collect } = differentiate(program, sharesRows(batch));
  const [width, height] = [batch * program.inputWidth, batch * program.outputWidth];
  const cotangent = memory.reserve(height * 4);
  const result = memory.reserve(width * 4);
  const gradient = memory.reserve(image.gradient);
  // The input stays where the forward direction has it: pinned blocks do not move.
  const input = forward.input.byteOffset;
  const backward = memory.load(image, batch, { input, output: result, cotangent, gradient });
  const { cleared } = image;
  return {
    run: () => forward.run(batch),
    input: () => forward.input,
    output: () => forward.output,
    back(): void {
      for (const { start, end } of cleared) {
        machine.f32.fill(0, (gradient + start) >> 2, (gradient + end) >> 2);
      }
      backward();
    },
    cotangent: () => memory.floats(cotangent, height),
    inputGradient: () => memory.floats(result, width),
    weightGradients(): Float32Array[] {
      const gradients = program.weights.map((weights) => new Float32Array(weights.length));
      collect(machine.f32, gradient >> 2, gradients);
      return gradients;
    },
    free(): void {
      memory.free();
      forward.dispose();
    },
  };
}
