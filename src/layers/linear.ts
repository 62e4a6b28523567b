/**
 * Linear layers of any structure.
 *
 * @module
 */

import { Operator } from "../operator/operator.ts";
import { ProgramBuilder } from "../program/program.ts";
import {
  checkCotangent,
  checkInput,
  Layer,
  type Parameter,
  parameter,
  refuse,
  type Tensor,
} from "./layer.ts";
import { TrainedMap, wire, type WireOptions, type Wiring } from "./map.ts";
import { type StructureOptions, wireStructure } from "./structures.ts";

/** How a {@link Linear} is made. */
export interface LinearOptions extends StructureOptions {
  /** Whether a vector is added, at first of zeros; true. */
  readonly bias?: boolean;
}

/** How {@link Linear.of} takes an operator. */
export interface LinearOfOptions extends WireOptions {
  /** Whether a vector is added besides, at first of zeros; false. */
  readonly bias?: boolean;
}

/**
 * y = W·x + b along the last axis, on papillon's kernels, where W has a structure: see {@link LinearStructure}. Butterflies
 * begin as products of rotations and reflections, dense weights normal.
 *
 * @example
 * ```ts
 * import { Linear } from "@papillon/papillon/layers";
 * const layer = new Linear(1024, 1024, { structure: "butterfly", seed: 1 });
 * console.assert(layer.parameterCount === 2 * 1024 * 10 + 1024); // and not 1024² + 1024
 * const x = { data: new Float32Array(8 * 1024).fill(1), shape: [8, 1024] };
 * const y = layer.forward(x, true), gx = layer.backward(y); // the gradient of ½·‖y‖²
 * console.assert(y.shape.join() === "8,1024" && gx.shape.join() === "8,1024");
 * console.assert(layer.parameters[0].gradient.some((slope) => slope !== 0));
 * ```
 */
export class Linear extends Layer {
  /** What it is, with its sizes and its structure. */
  readonly name: string;
  /** Numbers of an input vector. */
  readonly inputs: number;
  /** Numbers of an output vector. */
  readonly outputs: number;
  readonly #map: TrainedMap;
  #x: Float32Array | undefined;
  #shape: readonly number[] | undefined;

  /**
   * A layer of a structure, with random weights.
   *
   * @param inputs numbers of an input vector, any from 1 to 2²⁰
   * @param outputs numbers of an output vector
   * @throws {RangeError} when a size or an option does not fit
   * @throws {TypeError} when there is no such structure
   */
  constructor(inputs: number, outputs: number, options: LinearOptions = {}) {
    super();
    const wiring = options instanceof OfOperator ? options.wiring : wireStructure(inputs, outputs, options);
    this.inputs = inputs;
    this.outputs = outputs;
    const kind = options instanceof OfOperator ? options.describe : options.structure ?? "dense";
    this.name = `linear ${inputs}→${outputs} (${kind})`;
    this.#map = new TrainedMap(options.bias ?? true ? withBias(wiring) : wiring);
  }

  /**
   * A layer that begins as a given operator; all its weights are trained, or all but `fixed` ones. Vectors of a complex
   * operator are its floats, twice as many.
   *
   * @throws {TypeError} when it is no operator
   */
  static of(operator: Operator, { bias = false, ...options }: LinearOfOptions = {}): Linear {
    if (!(operator instanceof Operator)) throw new TypeError("Cannot make a linear layer: not an operator");
    const { inputWidth, outputWidth } = operator.program;
    const wiring = wire(operator.program, options);
    return new Linear(inputWidth, outputWidth, new OfOperator(wiring, operator.describe(), bias));
  }

  /** A layer of a wiring. */
  static wired(wiring: Wiring, describe: string, bias = false): Linear {
    const { inputWidth, outputWidth } = wiring.program;
    return new Linear(inputWidth, outputWidth, new OfOperator(wiring, describe, bias));
  }

  /** The weights of the structure, and then the bias. */
  override get parameters(): readonly Parameter[] {
    return this.#map.wiring.parameters;
  }

  /** How many numbers are trained. */
  get parameterCount(): number {
    return this.parameters.reduce((sum, { value }) => sum + value.length, 0);
  }

  /** Multiply-adds for one vector. */
  get operations(): number {
    return this.#map.wiring.program.operations;
  }

  /** The map on the kernels, for those who apply it without copying or in their own way. */
  get map(): TrainedMap {
    return this.#map;
  }

  /** The last axis becomes that of the outputs. */
  outputShape(input: readonly number[]): number[] {
    if (input.at(-1) !== this.inputs) refuse(this, `vectors of ${this.inputs} numbers`, input);
    return [...input.slice(0, -1), this.outputs];
  }

  /** The output. */
  forward(x: Tensor, training = false): Tensor {
    const shape = checkInput(this, x);
    if (training) [this.#x, this.#shape] = [x.data, shape];
    return { data: this.#map.apply(x.data, x.data.length / this.inputs), shape };
  }

  /** The cotangent of the input. */
  backward(g: Tensor): Tensor {
    const x = checkCotangent(this, g, this.#shape, this.#x);
    const shape = [...g.shape.slice(0, -1), this.inputs];
    return { data: this.#map.back(x, g.data, x.length / this.inputs), shape };
  }

  /** To be called after weights were changed. */
  override changed(): void {
    this.#map.changed();
  }

  /** Forgets the last input. */
  override forget(): void {
    this.#x = this.#shape = undefined;
  }
}

/** What the constructor is given in place of options where the map is there already. */
class OfOperator {
  constructor(readonly wiring: Wiring, readonly describe: string, readonly bias: boolean) {}
}

/** A wiring with a bias behind it. */
function withBias(wiring: Wiring): Wiring {
  const { program } = wiring, builder = new ProgramBuilder(program.inputWidth);
  const bias = parameter("bias", new Float32Array(program.outputWidth));
  const value = builder.bias(builder.append(0, program), "real", bias.value);
  return {
    ...wiring,
    program: builder.build(value),
    parameters: [...wiring.parameters, bias],
    gradients: [...wiring.gradients, bias.gradient],
  };
}
