/**
 * A program made ready to run on a machine: where it lies in memory, and how vectors go in and out.
 *
 * @module
 */

import type { Block } from "../kernels/arena.ts";
import { type Machine, machine as sharedMachine } from "../kernels/machine.ts";
import type { Bases } from "../kernels/record.ts";
import { compile } from "./compile.ts";
import { type Derivative, differentiate } from "./differentiate.ts";
import { explain } from "./explain.ts";
import type { Image } from "./image.ts";
import type { Program } from "./program.ts";

/** Bytes of input and output that one call to the kernels takes when data are copied in and out. */
const CHUNK_BYTES = 1 << 20;

/**
 * From this many vectors on a batch is worth a program of its own, whose passes share weights between rows; but only
 * while a few rows of this many floats fit into the cache together.
 */
const BATCH = 8, BATCH_WIDTH = 1024;

/**
 * Whether the backward direction of so many vectors is the one for batches (see {@link differentiate}): measured to be
 * faster from two on.
 */
export function sharesRows(rows: number): boolean {
  return rows > 1;
}

/** Numbers of the areas of memory that programs share. */
const SCRATCH = 0, INPUT = 1, OUTPUT = 2, COTANGENT = 3, GRADIENT = 4;

/** An image in memory: written when it is not there, and linked again when what it refers to has moved. */
class Resident {
  readonly image: Image;
  readonly #machine: Machine;
  #block: Block | undefined;
  #scratch = -1;
  #input = -1;
  #output = -1;
  #cotangent = -1;
  #gradient = -1;
  /** Goes up whenever the instructions are linked to other addresses. */
  links = 0;

  constructor(machine: Machine, image: Image) {
    this.#machine = machine;
    this.image = image;
  }

  /** The address of the code, linked to operands at these addresses; good until something else is allocated. */
  code(scratch: number, input: number, output: number, cotangent: number, gradient: number): number {
    const arena = this.#machine.arena;
    let block = this.#block, moved = false;
    if (block === undefined || !block.live) {
      block = arena.allocate(this.image.bytes, false);
      try {
        this.image.write(this.#machine, block.address);
      } catch (error) {
        arena.free(block);
        throw error;
      }
      this.#block = block;
      moved = true;
    }
    block.lastUse = arena.tick();
    if (
      moved || scratch !== this.#scratch || input !== this.#input || output !== this.#output ||
      cotangent !== this.#cotangent || gradient !== this.#gradient
    ) {
      const bases: Bases = { program: block.address, scratch, input, output, cotangent, gradient };
      this.image.link(this.#machine, bases);
      this.links++;
      this.#scratch = scratch;
      this.#input = input;
      this.#output = output;
      this.#cotangent = cotangent;
      this.#gradient = gradient;
    }
    return block.address + this.image.code;
  }

  /** Marks the program as used just now, so that others are evicted before it. */
  use(): void {
    this.#block!.lastUse = this.#machine.arena.tick();
  }

  /** Writes the weights again after they changed. */
  renew(): void {
    if (this.#block?.live) this.image.writeWeights(this.#machine, this.#block.address);
  }

  free(): void {
    if (this.#block) this.#machine.arena.free(this.#block);
  }
}

/** A program in memory, linked to its operands. */
interface Placed {
  readonly resident: Resident;
  readonly rows: number;
  readonly version: number;
  readonly links: number;
  readonly code: number;
  readonly count: number;
  readonly tile: number;
}

/** The backward direction of a program. */
interface Backward extends Omit<Derivative, "image"> {
  readonly resident: Resident;
}

/** One in memory, and the byte addresses of its operands. */
interface StagedBack extends Placed, Backward {
  readonly inputAt: number;
  readonly cotangentAt: number;
  readonly resultAt: number;
  readonly gradientAt: number;
}

/** One whose operands are shared areas. */
interface Staged extends Placed {
  /** Element index of the input. */
  readonly input: number;
  readonly output: Float32Array;
}

/** Whether something in memory has moved since, or the number of rows is another. */
function isStale(placed: Placed, rows: number, machine: Machine): boolean {
  return placed.rows !== rows || placed.version !== machine.arena.version ||
    placed.links !== placed.resident.links;
}

/**
 * The arrays as they are after work that may make memory grow: growing takes views of memory away from who holds them,
 * so these are made anew.
 */
function keeping<T extends Float32Array[]>(machine: Machine, arrays: T, work: () => void): T {
  const before = machine.f32.buffer;
  const places = arrays.map(({ buffer, byteOffset, length }) => ({
    inside: buffer === before,
    byteOffset,
    length,
  }));
  work();
  if (machine.f32.buffer === before) return arrays;
  return arrays.map((array, i) => {
    const { inside, byteOffset, length } = places[i];
    return inside ? machine.f32.subarray(byteOffset >>> 2, (byteOffset >>> 2) + length) : array;
  }) as T;
}

/** Input and output of a program in the memory of a machine. */
interface Own {
  readonly batch: number;
  readonly inputAt: number;
  readonly outputAt: number;
  readonly free: () => void;
  input?: Float32Array;
  output?: Float32Array;
  last?: Placed;
}

/** Edge runtimes of older compatibility dates have no registry: there, room of one's own is never given back. */
const abandoned = typeof FinalizationRegistry === "undefined"
  ? undefined
  : new FinalizationRegistry<() => void>((free) => free());

/** A view of memory: the one known, or a new one when memory was exchanged. */
function current(machine: Machine, view: Float32Array | undefined, at: number, length: number): Float32Array {
  if (view !== undefined && view.buffer === machine.f32.buffer) return view;
  return machine.f32.subarray(at >>> 2, (at >>> 2) + length);
}

/** A program on a machine. */
export class Executable {
  /** What it runs, as it was given. */
  readonly program: Program;
  /** Where it runs. */
  readonly machine: Machine;
  readonly #inputWidth: number;
  readonly #outputWidth: number;
  readonly #chunk: number;
  #forward: Resident;
  /** The forward direction for batches, made when it is first needed. */
  #batched: Resident | undefined;
  /** The backward direction for single vectors and for batches. */
  readonly #derivatives: (Backward | undefined)[] = [];
  /** What the last copying call found, good while nothing in memory has moved and the batch is the same. */
  #last: Staged | undefined;
  /** The same of the backward direction. */
  #lastBack: StagedBack | undefined;
  #own: Own | undefined;

  /**
   * Compiles a program.
   *
   * @param machine the shared machine when absent
   */
  constructor(program: Program, machine: Machine = sharedMachine()) {
    this.program = program;
    this.machine = machine;
    this.#inputWidth = program.inputWidth;
    this.#outputWidth = program.outputWidth;
    this.#forward = new Resident(machine, compile(program));
    const widest = Math.max(this.#inputWidth, this.#outputWidth, 1) * 4;
    this.#chunk = Math.max(1, Math.floor(CHUNK_BYTES / widest));
  }

  /** Instructions for one tile, for those who look inside. */
  get image(): Image {
    return this.#forward.image;
  }

  /**
   * out = program(x) for a batch of vectors one after another. `x` and `out` may overlap.
   *
   * Lengths are the caller's to check.
   */
  apply(x: Float32Array, out: Float32Array, batch: number): void {
    const rows = Math.min(batch, this.#chunk), last = this.#last;
    if (last === undefined || isStale(last, rows, this.machine)) {
      [x, out] = this.#ready([x, out], batch, rows);
    }
    if (batch === rows) return this.#copied(x, out, rows);
    // Parts of the result must not overwrite input that is still to be read.
    const inPlace = x.byteOffset === out.byteOffset && this.#outputWidth <= this.#inputWidth;
    if (x.buffer === out.buffer && !inPlace) x = x.slice();
    for (let row = 0; row < batch; row += rows) {
      const some = Math.min(rows, batch - row);
      this.#copied(
        x.subarray(row * this.#inputWidth, (row + some) * this.#inputWidth),
        out.subarray(row * this.#outputWidth, (row + some) * this.#outputWidth),
        some,
      );
    }
  }

  /** Prepares the parts of a batch; the arrays are returned as they are then. (Apart, as closures allocate.) */
  #ready(arrays: Float32Array[], batch: number, rows: number): Float32Array[] {
    return keeping(this.machine, arrays, () => {
      if (batch % rows !== 0) this.#stage(batch % rows);
      this.#last = this.#stage(rows);
    });
  }

  #copied(x: Float32Array, out: Float32Array, rows: number): void {
    const m = this.machine;
    let last = this.#last;
    // A last part of a batch has fewer rows, and fits where the others did.
    if (last === undefined || isStale(last, rows, m)) last = this.#last = this.#stage(rows);
    last.resident.use();
    m.f32.set(x, last.input);
    m.run(last.code, last.count, rows, last.tile, 1);
    out.set(last.output);
  }

  /** Puts the program and the shared areas for its operands into memory. */
  #stage(rows: number): Staged {
    const m = this.machine;
    const inputAt = m.staging(INPUT, rows * this.#inputWidth * 4);
    const outputAt = m.staging(OUTPUT, rows * this.#outputWidth * 4);
    const placed = this.#place(rows, inputAt, outputAt);
    // A view made once, so that a call makes no garbage.
    const output = m.f32.subarray(outputAt >>> 2, (outputAt >>> 2) + rows * this.#outputWidth);
    return { ...placed, input: inputAt >>> 2, output };
  }

  /** Puts the program for a number of rows into memory, linked to its operands. */
  #place(rows: number, inputAt: number, outputAt: number): Placed {
    const m = this.machine, resident = this.#for(rows), { scratch, instructions, tile } = resident.image;
    const code = resident.code(m.staging(SCRATCH, scratch), inputAt, outputAt, 0, 0);
    const { version } = m.arena, { links } = resident, count = instructions.length;
    return { resident, rows, version, links, code, count, tile };
  }

  /** The forward direction for a number of rows. */
  #for(rows: number): Resident {
    if (rows < BATCH || Math.max(...this.program.widths) > BATCH_WIDTH) return this.#forward;
    return this.#batched ??= new Resident(this.machine, compile(this.program, true));
  }

  /**
   * The input of {@link Executable.run}, in the memory of the machine: write vectors here, one after another. The view is
   * good until memory grows, so take it anew for each use rather than keep it.
   */
  get input(): Float32Array {
    const own = this.#reserved();
    return own.input = current(this.machine, own.input, own.inputAt, own.batch * this.#inputWidth);
  }

  /** The output of {@link Executable.run}, in the memory of the machine; good until memory grows. */
  get output(): Float32Array {
    const own = this.#reserved();
    return own.output = current(this.machine, own.output, own.outputAt, own.batch * this.#outputWidth);
  }

  /**
   * Makes room in the memory of the machine for `batch` vectors in {@link Executable.input} and
   * {@link Executable.output}. What was there is lost. Without this call there is room for one vector.
   */
  reserve(batch: number): void {
    if (!Number.isInteger(batch) || batch < 1) {
      throw new RangeError(`Cannot reserve room: the batch must be a whole number from 1 on, got ${batch}`);
    }
    const { arena } = this.machine;
    const input = arena.allocate(batch * this.#inputWidth * 4, true);
    let output: Block;
    try {
      output = arena.allocate(batch * this.#outputWidth * 4, true);
    } catch (error) {
      arena.free(input);
      throw error;
    }
    this.#own?.free();
    const free = (): void => {
      arena.free(input);
      arena.free(output);
      abandoned?.unregister(free);
    };
    this.#own = { batch, inputAt: input.address, outputAt: output.address, free };
    // Room that nobody can reach any more is given back when the executable is collected.
    abandoned?.register(this, free, free);
  }

  #reserved(): Own {
    if (this.#own === undefined) this.reserve(1);
    return this.#own!;
  }

  /**
   * Takes the first `batch` vectors of {@link Executable.input} to {@link Executable.output}, without copying.
   *
   * @example
   * ```ts
   * import { Butterfly } from "@papillon/papillon";
   * const run = Butterfly.random(64).compile();
   * run.input.fill(1);
   * run.run();
   * console.assert(run.output.length === 64);
   * ```
   */
  run(batch = 1): void {
    const own = this.#reserved(), m = this.machine;
    if (!(Number.isInteger(batch) && batch >= 1 && batch <= own.batch)) {
      throw new RangeError(
        `Cannot run ${batch} vectors: there is room for ${own.batch}; call reserve(${batch})`,
      );
    }
    let last = own.last;
    if (last === undefined || isStale(last, batch, m)) {
      last = own.last = this.#place(batch, own.inputAt, own.outputAt);
    }
    last.resident.use();
    m.run(last.code, last.count, batch, last.tile, 1);
  }

  /**
   * Reverse mode: the cotangent of the input, written to `gx`, and the gradients of the weights, written to arrays
   * in the order of `program.weights`, for the input `x` and the cotangent `g` of the output.
   */
  gradient(
    x: Float32Array,
    g: Float32Array,
    gx: Float32Array,
    gradients: readonly Float32Array[],
    batch: number,
  ): void {
    const { collect, gradientAt } = this.#back(x, g, gx, batch);
    collect(this.machine.f32, gradientAt >>> 2, gradients);
  }

  /** As {@link Executable.gradient}, in new arrays; those of the weights may share a buffer. */
  gradients(
    x: Float32Array,
    g: Float32Array,
    batch: number,
  ): { input: Float32Array<ArrayBuffer>; weights: Float32Array<ArrayBuffer>[] } {
    const input = new Float32Array(x.length), { take, gradientAt } = this.#back(x, g, input, batch);
    return { input, weights: take(this.machine.f32, gradientAt >>> 2) };
  }

  /** Runs the backward direction; the gradients of the weights stay in memory. */
  #back(x: Float32Array, g: Float32Array, gx: Float32Array, batch: number): StagedBack {
    const m = this.machine, chunk = Math.min(batch, this.#chunk);
    let last = this.#lastBack;
    if (last === undefined || isStale(last, chunk, m)) {
      [x, g, gx] = keeping(m, [x, g, gx], () => last = this.#stageBack(chunk));
    }
    const { gradientAt, resident: { image } } = last!, nx = this.#inputWidth, ny = this.#outputWidth;
    for (const { start, end } of image.cleared) {
      m.f32.fill(0, (gradientAt + start) >>> 2, (gradientAt + end) >>> 2);
    }
    for (let row = 0; row < batch; row += chunk) {
      const rows = Math.min(chunk, batch - row), whole = rows === batch;
      // A last part of a batch has fewer rows, and fits where the others did.
      const { code, count, tile, resident, inputAt, cotangentAt, resultAt } = last!;
      resident.use();
      m.f32.set(whole ? x : x.subarray(row * nx, (row + rows) * nx), inputAt >>> 2);
      m.f32.set(whole ? g : g.subarray(row * ny, (row + rows) * ny), cotangentAt >>> 2);
      m.run(code, count, rows, tile, row === 0 ? 1 : 0);
      gx.set(m.f32.subarray(resultAt >>> 2, (resultAt >>> 2) + rows * nx), row * nx);
    }
    return last!;
  }

  /** The backward direction for a number of rows. */
  #backward(rows: number): Backward {
    const shared = sharesRows(rows), which = shared ? 1 : 0;
    let backward = this.#derivatives[which];
    if (backward === undefined) {
      const { image, ...rest } = differentiate(this.program, shared);
      backward = this.#derivatives[which] = { resident: new Resident(this.machine, image), ...rest };
    }
    return backward;
  }

  /** Puts the backward program and the shared areas for its operands into memory. */
  #stageBack(rows: number): StagedBack {
    const m = this.machine, { resident, collect, take } = this.#backward(rows), { image } = resident;
    const nx = this.#inputWidth, ny = this.#outputWidth;
    const gradientAt = m.staging(GRADIENT, image.gradient), scratchAt = m.staging(SCRATCH, image.scratch);
    const inputAt = m.staging(INPUT, rows * nx * 4), cotangentAt = m.staging(COTANGENT, rows * ny * 4);
    const resultAt = m.staging(OUTPUT, rows * nx * 4);
    const code = resident.code(scratchAt, inputAt, resultAt, cotangentAt, gradientAt);
    const { version } = m.arena, { links } = resident, { tile, instructions: { length: count } } = image;
    const placed = { resident, rows, version, links, code, count, tile };
    return this.#lastBack = { ...placed, collect, take, inputAt, cotangentAt, resultAt, gradientAt };
  }

  /** Takes up changes made in place in the weights of the program. */
  renew(): void {
    if (this.#forward.image.fixed && this.#batched?.image.fixed !== false) {
      this.#forward.renew();
      this.#batched?.renew();
    } else {
      // The forward direction is compiled anew: the form of a pass depends on its weights.
      this.#forward.free();
      this.#forward = new Resident(this.machine, compile(this.program));
      this.#batched?.free();
      this.#batched = undefined;
      this.#last = undefined;
      if (this.#own) this.#own.last = undefined;
    }
    for (const backward of this.#derivatives) backward?.resident.renew();
  }

  /** Frees the memory now rather than when it is needed; the executable stays usable. */
  dispose(): void {
    this.#forward.free();
    this.#batched?.free();
    for (const backward of this.#derivatives) backward?.resident.free();
    this.#own?.free();
    this.#own = undefined;
  }

  /** Its steps, what simplification makes of them, and the passes that run, with weights and multiply-adds. */
  explain(): string {
    return explain(this.program);
  }
}
