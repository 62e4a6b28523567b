/**
 * Mixing of channels at each place of an image, in place of convolutions of 1×1.
 *
 * @module
 */

import { Bft, BftLayer } from "../kaleidoscope/bft.ts";
import { checkSize } from "../operator/check.ts";
import type { Operator } from "../operator/operator.ts";
import { Random } from "../program/random.ts";
import {
  checkCotangent,
  checkInput,
  Layer,
  type Parameter,
  parameter,
  refuse,
  type Tensor,
} from "./layer.ts";
import { Linear, type LinearOfOptions, type LinearOptions } from "./linear.ts";
import { ownProgram, type Wiring } from "./map.ts";
import { isWeighted } from "../program/step.ts";
import { transposed } from "./shapes.ts";

/** How a {@link PointwiseMix} is made. */
export interface PointwiseOptions extends Omit<LinearOptions, "structure"> {
  /** "bft", a butterfly transform of channels with residuals, when absent; or any structure of a linear layer. */
  readonly structure?: "bft" | LinearOptions["structure"];
  /** Of "bft": the radix, 2, 4 or 8 in the paper; 4. */
  readonly base?: number;
}

/** The variance that the mixed part of a residual butterfly adds, of that of its input. */
const RESIDUAL_VARIANCE = 0.1;

/**
 * The same linear map of channels at each place of [channels][rows][columns], or of any places. With "bft" it is that of
 * Alizadeh et al. 2020: square butterflies with a residual from the first to the last factor, for unequal channels
 * stacked or summed, see {@link BftLayer}; with "kaleidoscope" it takes the part of channel shuffles around grouped
 * convolutions (Dao et al. 2020, section 3.1); with "dense" it is a convolution of 1×1.
 *
 * The weights of a butterfly with residual begin so small that a layer adds a tenth to the variance, as their paper's
 * own grow with the number of factors; `PointwiseMix.of(BftLayer.random(…))` begins with those. From many channels to few the
 * residuals of all parts are added up, which a normalisation should follow.
 *
 * @example
 * ```ts
 * import { PointwiseMix } from "@papillon/papillon/layers";
 * const mix = new PointwiseMix(32, 64, { base: 2, bias: false });
 * const y = mix.forward({ data: new Float32Array(32 * 16).fill(1), shape: [1, 32, 4, 4] });
 * console.assert(y.shape.join() === "1,64,4,4");
 * console.assert(mix.parameters.reduce((sum, { value }) => sum + value.length, 0) === 2 * 2 * 32 * 5);
 * ```
 */
export class PointwiseMix extends Layer {
  /** What it is. */
  readonly name: string;
  readonly #linear: Linear;
  #shape: readonly number[] | undefined;

  /**
   * A mix of channels.
   *
   * @throws {RangeError} when a size or an option does not fit
   */
  constructor(inputs: number, outputs: number, options: PointwiseOptions | OfLinear = {}) {
    super();
    this.#linear = options instanceof OfLinear ? options.linear : linearOf(inputs, outputs, options);
    this.name = `pointwise ${this.#linear.name}`;
  }

  /**
   * A mix that begins as a given real operator on vectors of channels: a {@link Bft} or {@link BftLayer}, whose flat weights
   * are trained, or any other.
   */
  static of(operator: Operator, options: LinearOfOptions = {}): PointwiseMix {
    const parts = operator instanceof Bft
      ? [operator]
      : operator instanceof BftLayer
      ? operator.parts
      : undefined;
    const linear = parts === undefined
      ? Linear.of(operator, options)
      : Linear.wired(wireBft(operator, parts), operator.describe(), options.bias);
    return new PointwiseMix(linear.inputs, linear.outputs, new OfLinear(linear));
  }

  /** The weights of the map, and the bias. */
  override get parameters(): readonly Parameter[] {
    return this.#linear.parameters;
  }

  /** The map of channels. */
  get linear(): Linear {
    return this.#linear;
  }

  /** The places stay as they are. */
  outputShape(input: readonly number[]): number[] {
    if (input[0] !== this.#linear.inputs) refuse(this, `${this.#linear.inputs} channels`, input);
    return [this.#linear.outputs, ...input.slice(1)];
  }

  /** The output. */
  forward(x: Tensor, training = false): Tensor {
    const shape = checkInput(this, x);
    if (training) this.#shape = shape;
    const { inputs, outputs } = this.#linear, [batch] = shape, places = x.data.length / (batch * inputs);
    const rows = { data: transposed(x.data, batch, inputs, places), shape: [batch * places, inputs] };
    return { data: transposed(this.#linear.forward(rows, training).data, batch, places, outputs), shape };
  }

  /** The cotangent of the input. */
  backward(g: Tensor): Tensor {
    checkCotangent(this, g, this.#shape, this.#shape);
    const { inputs, outputs } = this.#linear, [batch] = g.shape, places = g.data.length / (batch * outputs);
    const rows = { data: transposed(g.data, batch, outputs, places), shape: [batch * places, outputs] };
    const data = transposed(this.#linear.backward(rows).data, batch, places, inputs);
    return { data, shape: [batch, inputs, ...g.shape.slice(2)] };
  }

  /** To be called after weights were changed. */
  override changed(): void {
    this.#linear.changed();
  }

  /** Forgets the last input. */
  override forget(): void {
    this.#linear.forget();
  }
}

/** What the constructor is given in place of options where the map is there already. */
class OfLinear {
  readonly linear: Linear;
  constructor(linear: Linear) {
    this.linear = linear;
  }
}

function linearOf(inputs: number, outputs: number, options: PointwiseOptions): Linear {
  const { structure = "bft", base = 4, bias = true, seed = 0 } = options, what = "a pointwise mix";
  if (structure !== "bft") return new Linear(inputs, outputs, { ...options, structure });
  checkSize(what, "inputs", inputs, 2 ** 20);
  checkSize(what, "outputs", outputs, 2 ** 20);
  const random = new Random(seed), start = BftLayer.random(inputs, outputs, { base, seed });
  const levels = start.parts[0].layers.length, size = Math.min(inputs, outputs);
  // Each of size² entries is a product of `levels` weights. Those of one modulus spread least; where many are added up, the
  // residuals are too.
  const deviation = (RESIDUAL_VARIANCE / size) ** (1 / (2 * levels));
  const weights = start.weights.map((flat) => flat.map(() => random.word() & 1 ? deviation : -deviation));
  const map = new BftLayer(weights, inputs, outputs, { base });
  return Linear.wired(wireBft(map, map.parts), `bft of base ${base}`, bias);
}

/** The flat weights of butterflies as the parameters of their program. */
function wireBft(operator: Operator, parts: readonly Bft[]): Wiring {
  const program = ownProgram(operator.program);
  const targets = program.steps.filter(isWeighted).map(({ weights }) => weights);
  const gradients = targets.map(({ length }) => new Float32Array(length));
  const parameters = parts.map(({ flat }, i) => parameter(`weights ${i}`, new Float32Array(flat)));
  const each = targets.length / parts.length;
  const indices = parts.flatMap((part) => part.layers.map(({ index }) => index));
  return {
    program,
    parameters,
    gradients,
    write(): void {
      targets.forEach((weights, k) => {
        const { value } = parameters[Math.floor(k / each)], index = indices[k];
        for (let i = 0; i < index.length; i++) weights[i] = index[i] < 0 ? 0 : value[index[i]];
      });
    },
    fold(): void {
      parts.forEach((part, i) => {
        parameters[i].gradient.set(part.fold(gradients.slice(i * each, (i + 1) * each)));
      });
    },
  };
}
