/**
 * Operators on a graphics processor.
 *
 * @module
 */

import type { Gradient, Operator } from "../operator/operator.ts";
import { Random } from "../program/random.ts";
import { floats } from "../program/step.ts";
import { arrayFrom, emptyArray, GpuArray } from "./array.ts";
import type { GpuContext, Stoppable } from "./context.ts";
import { GpuDerivative } from "./derivative.ts";
import { GpuExecutor } from "./executor.ts";
import type { Precision } from "./wgsl/kernel.ts";

/** How {@link Gpu.compile} compiles. */
export interface GpuCompileOptions extends Stoppable {
  /**
   * How weights are stored: "f32" (default), or "f16", which takes half the memory and rounds each weight to eleven bits.
   * {@link GpuOperator.error} then says what that does to a result. Numbers are float32 in any case.
   */
  readonly weights?: "f32" | "f16";
  /**
   * Bytes that a batch takes at most on its way through the device, in any step: longer ones are split. 2²⁷, or what the
   * limits of the device allow if that is less.
   */
  readonly bytes?: number;
}

/** An operator compiled for a graphics processor: see {@link Gpu.compile}. */
export class GpuOperator {
  /** What was compiled. */
  readonly operator: Operator;
  /** How its weights are stored. */
  readonly weights: "f32" | "f16";
  /**
   * With f16 weights: the relative error (2-norm) of the results for a few normal vectors against those of the operator on
   * the processor, measured when it was compiled. Undefined with f32 weights.
   */
  readonly error: number | undefined;
  readonly #context: GpuContext;
  readonly #executor: GpuExecutor;
  readonly #bytes: number;
  #derivative: Promise<GpuDerivative> | undefined;

  private constructor(
    context: GpuContext,
    operator: Operator,
    executor: GpuExecutor,
    weights: Precision,
    error: number | undefined,
    bytes: number,
  ) {
    this.#bytes = bytes;
    this.#context = context;
    this.operator = operator;
    this.#executor = executor;
    this.weights = weights;
    this.error = error;
  }

  /** Use {@link Gpu.compile}. */
  static async create(
    context: GpuContext,
    operator: Operator,
    { weights = "f32", bytes = 1 << 27, signal }: GpuCompileOptions,
  ): Promise<GpuOperator> {
    if (weights !== "f32" && weights !== "f16") {
      throw new TypeError(
        `Cannot compile ${operator.describe()} for the GPU: weights must be "f32" or "f16", got ${
          JSON.stringify(weights)
        }`,
      );
    }
    const widest = 4 * Math.max(...operator.program.widths);
    if (!(bytes >= widest)) {
      throw new RangeError(
        `Cannot compile ${operator.describe()} for the GPU: bytes must be at least those of one vector, ${widest}, got ${bytes}`,
      );
    }
    const executor = await GpuExecutor.create(context, operator.program, {
      weights,
      tuning: { bytes },
      signal,
    });
    const made = new GpuOperator(context, operator, executor, weights, undefined, bytes);
    if (weights === "f32") return made;
    const random = new Random(16), { inputWidth } = operator.program;
    const x = Float32Array.from({ length: 4 * inputWidth }, () => random.normal());
    const got = await made.apply(x, { signal }), want = operator.apply(x);
    let error = 0, size = 0;
    want.forEach((value, k) => {
      error += (got[k] - value) ** 2;
      size += value ** 2;
    });
    return new GpuOperator(
      context,
      operator,
      executor,
      weights,
      size > 0 ? Math.sqrt(error / size) : 0,
      bytes,
    );
  }

  /**
   * Applies the operator to vectors in the processor's memory: copies them to the device and the results back. Batches of
   * any length are split as the limits of the device demand.
   *
   * @param x batch · cols numbers
   * @returns batch · rows numbers
   * @throws {TypeError} when x is not a Float32Array
   * @throws {RangeError} when its length does not fit
   */
  async apply(x: Float32Array, { signal }: Stoppable = {}): Promise<Float32Array<ArrayBuffer>> {
    const batch = this.#batch("apply", "input", x, this.operator.cols);
    const { inputWidth, outputWidth } = this.operator.program;
    const out = new Float32Array(batch * outputWidth), most = this.#executor.most;
    for (let first = 0; first < batch; first += most) {
      signal?.throwIfAborted();
      const rows = Math.min(most, batch - first);
      const part = await arrayFrom(
        this.#context,
        x.subarray(first * inputWidth, (first + rows) * inputWidth),
        inputWidth,
      );
      let result: GpuArray | undefined;
      try {
        result = await this.applyTo(part, { signal });
        out.set(await result.read({ signal }), first * outputWidth);
      } finally {
        part.dispose();
        result?.dispose();
      }
    }
    return out;
  }

  /**
   * Applies the operator to vectors on the device; the result stays there. Resolves when the work is submitted, which may
   * be before it is done.
   *
   * @throws {RangeError} when the vectors have another length, or are on another device
   */
  async applyTo(x: GpuArray, { signal }: Stoppable = {}): Promise<GpuArray> {
    signal?.throwIfAborted();
    this.#check("apply", "input", x, this.operator.program.inputWidth);
    const what = `apply ${this.operator.describe()} on the GPU`, [batch] = x.shape;
    const y = await emptyArray(this.#context, batch, this.operator.program.outputWidth, what);
    try {
      await this.#executor.run(x.span, y.span, batch, { signal });
    } catch (error) {
      y.dispose();
      throw error;
    }
    return y;
  }

  /**
   * Reverse mode, as {@link Operator.gradient}: takes the cotangent g of y = this·x to the gradients of x and of all weights
   * (which are float32, also with f16 weights).
   */
  async gradient(x: Float32Array, g: Float32Array, { signal }: Stoppable = {}): Promise<Gradient> {
    const batch = this.#batch("differentiate", "input", x, this.operator.cols);
    const other = this.#batch("differentiate", "cotangent", g, this.operator.rows);
    if (other !== batch) {
      throw new RangeError(
        `Cannot differentiate ${this.operator.describe()} on the GPU: there are ${batch} vectors of input and ${other} ` +
          "of cotangents",
      );
    }
    signal?.throwIfAborted();
    const { program } = this.operator, { inputWidth, outputWidth } = program, context = this.#context;
    const derivative = await this.#differentiated(signal);
    const { flat } = derivative, what = `differentiate ${this.operator.describe()} on the GPU`;
    const input = new Float32Array(x.length), sums = new Float64Array(flat.length);
    for (let first = 0; first < batch; first += derivative.most) {
      signal?.throwIfAborted();
      const rows = Math.min(derivative.most, batch - first), arrays: GpuArray[] = [];
      const some = <T extends Float32Array>(all: T, width: number): Float32Array =>
        all.subarray(first * width, (first + rows) * width);
      try {
        arrays.push(await arrayFrom(context, some(x, inputWidth), inputWidth));
        arrays.push(await arrayFrom(context, some(g, outputWidth), outputWidth));
        arrays.push(await emptyArray(context, rows, inputWidth, what));
        arrays.push(await emptyArray(context, 1, Math.max(1, flat.length), what));
        const [ax, ag, result, gradient] = arrays;
        await derivative.run(ax.span, ag.span, result.span, gradient.span.buffer, rows, { signal });
        input.set(await result.read({ signal }), first * inputWidth);
        (await gradient.read({ signal })).subarray(0, flat.length).forEach((value, k) => sums[k] += value);
      } finally {
        for (const array of arrays) array.dispose();
      }
    }
    const weights = flat.starts.map((start, k) =>
      Float32Array.from(sums.subarray(start, start + flat.lengths[k]))
    );
    return { input, weights };
  }

  /** Says in which kernels it runs, and on what. */
  explain(): string {
    const { kernels, most, weightError } = this.#executor, context = this.#context;
    const stored = this.weights === "f32"
      ? "f32 weights"
      : `f16 weights, off by ${weightError.toExponential(1)}, results by ${
        (this.error ?? 0).toExponential(1)
      }`;
    return [
      `on ${context.name}${context.software ? " (software)" : ""}: ${kernels.length} ${
        kernels.length === 1 ? "kernel" : "kernels"
      }, ${stored}, up to ${most} vectors at once`,
      ...kernels.map(({ label, weights }) =>
        `  ${label}${weights ? `: ${weights.index.length} weights` : ""}`
      ),
    ].join("\n");
  }

  /** Gives its memory on the device back. */
  dispose(): void {
    this.#executor.dispose();
    this.#derivative?.then((derivative) => derivative.dispose(), () => {});
    this.#derivative = undefined;
  }

  async #differentiated(signal?: AbortSignal): Promise<GpuDerivative> {
    const made = this.#derivative ??= GpuDerivative.create(this.#context, this.operator.program, {
      tuning: { bytes: this.#bytes },
      signal,
    });
    try {
      return await made;
    } catch (error) {
      if (this.#derivative === made) this.#derivative = undefined;
      throw error;
    }
  }

  #batch(verb: string, name: string, x: Float32Array, count: number): number {
    const what = `Cannot ${verb} ${this.operator.describe()} on the GPU`;
    if (!(x instanceof Float32Array)) throw new TypeError(`${what}: the ${name} is not a Float32Array`);
    const width = count * floats(this.operator.field);
    if (x.length === 0) throw new RangeError(`${what}: the ${name} is empty`);
    if (x.length % width !== 0) {
      throw new RangeError(`${what}: ${name} length ${x.length} is not a multiple of ${width}`);
    }
    return x.length / width;
  }

  #check(verb: string, name: string, x: GpuArray, width: number): void {
    const what = `Cannot ${verb} ${this.operator.describe()} on the GPU`;
    if (!(x instanceof GpuArray)) throw new TypeError(`${what}: the ${name} is not a GpuArray`);
    if (x.context !== this.#context) {
      throw new RangeError(`${what}: the ${name} is on another device (${x.context.name})`);
    }
    if (x.shape[1] !== width) {
      throw new RangeError(`${what}: the ${name} has vectors of ${x.shape[1]} floats, expected ${width}`);
    }
  }
}
