/**
 * A spectrogram whose Fourier transform is trained on.
 *
 * @module
 */

import { fourierButterfly } from "../kaleidoscope/fourier.ts";
import { Butterfly } from "../operator/butterfly.ts";
import { checkPowerOfTwo, checkSize, checkWeights } from "../operator/check.ts";
import { bitReversal } from "../operator/permutation.ts";
import { type Program, ProgramBuilder } from "../program/program.ts";
import { isWeighted } from "../program/step.ts";
import { checkCotangent, checkInput, Layer, type Parameter, refuse, type Tensor } from "./layer.ts";
import { TrainedMap, wire } from "./map.ts";

/** How a {@link SpectralFrontEnd} is made. */
export interface SpectralOptions {
  /**
   * What the transform is made of: "kaleidoscope", a butterfly that begins as the identity and one that begins as the
   * Fourier transform (the default); "butterfly", only the latter; "dense", all entries of its matrix.
   */
  readonly structure?: "kaleidoscope" | "butterfly" | "dense";
  /** Points of the transform, a power of two: the smallest not below the length when absent. */
  readonly points?: number;
  /** How many frequencies are kept, from 0 on: points/2 + 1. */
  readonly bins?: number;
  /** What frames are multiplied with first: "hann" (the default), "none", or numbers, one for each sample. */
  readonly window?: "hann" | "none" | Float32Array;
  /** Whether the transform is trained; true. */
  readonly trainable?: boolean;
  /** Fixed sums of powers before the logarithm, such as mel filters: bins · filters numbers, [bins][filters]. */
  readonly filters?: Float32Array;
  /** Added to powers before the logarithm; 1e-6. */
  readonly epsilon?: number;
}

/** What the backward direction needs. */
interface Kept {
  readonly x: Float32Array;
  readonly spectrum: Float32Array;
  readonly sums: Float32Array;
}

/**
 * From frames of real samples, along the last axis, to the logarithm of the power at each frequency: a window, a complex
 * transform, |·|², sums by filters if there are any, log. The transform begins as the exact unitary Fourier transform, and is
 * trained from there (Dao et al. 2020, section 3.3).
 *
 * @example
 * ```ts
 * import { SpectralFrontEnd } from "@papillon/papillon/layers";
 * const front = new SpectralFrontEnd(64, { window: "none" });
 * const wave = Float32Array.from({ length: 64 }, (_, i) => Math.cos(2 * Math.PI * 5 * i / 64));
 * const { data, shape } = front.forward({ data: wave, shape: [1, 1, 64] });
 * console.assert(shape.join() === "1,1,33");
 * console.assert(data.indexOf(Math.max(...data)) === 5 && Math.abs(data[5] - Math.log(16)) < 1e-5);
 * ```
 */
export class SpectralFrontEnd extends Layer {
  /** What it is. */
  readonly name: string;
  readonly #length: number;
  readonly #bins: number;
  readonly #epsilon: number;
  readonly #filters: Float32Array | undefined;
  readonly #map: TrainedMap;
  #kept: Kept | undefined;
  #shape: readonly number[] | undefined;

  /**
   * A front end that begins as the Fourier transform.
   *
   * @param length samples of a frame
   * @throws {RangeError} when a size or a number of window or filters does not fit
   */
  constructor(length: number, options: SpectralOptions = {}) {
    super();
    const what = "a spectral front end", { structure = "kaleidoscope", window = "hann", filters } = options;
    const { epsilon = 1e-6, trainable = true } = options;
    checkSize(what, "length", length, 2 ** 19);
    let points = 2;
    while (points < length) points *= 2;
    if (options.points !== undefined) points = options.points;
    checkPowerOfTwo(what, "points", points);
    const { bins = points / 2 + 1 } = options;
    checkSize(what, "bins", bins, points);
    if (points < length) {
      throw new RangeError(
        `Cannot make ${what}: points must be at least the length ${length}, got ${points}`,
      );
    }
    if (!(epsilon > 0 && epsilon < Infinity)) {
      throw new RangeError(`Cannot make ${what}: epsilon must be a positive number, got ${epsilon}`);
    }
    if (filters !== undefined) {
      const most = filters.length - filters.length % bins;
      checkWeights(what, `filters for ${bins} bins`, filters, Math.max(bins, most));
      if (filters.some((v) => v < 0)) {
        throw new RangeError(`Cannot make ${what}: filters must not be negative`);
      }
    }
    const shape = windowOf(what, window, length);
    const program = structure === "dense"
      ? densely(shape, points, bins)
      : fast(shape, points, bins, structure);
    const count = program.steps.filter(isWeighted).length;
    // The window is the first array of weights of the fast forms.
    const fixed = trainable ? (structure === "dense" ? [] : [0]) : Array.from({ length: count }, (_, k) => k);
    this.#map = new TrainedMap(wire(program, { fixed }));
    this.#length = length;
    this.#bins = bins;
    this.#epsilon = epsilon;
    this.#filters = filters && new Float32Array(filters);
    this.name = `spectral front end of ${length} samples (${structure})`;
  }

  /** The weights of the transform, interleaved complex numbers (real ones of a dense transform). */
  override get parameters(): readonly Parameter[] {
    return this.#map.wiring.parameters;
  }

  /** The map to the spectrum, re, im, re, im …, on the kernels. */
  get map(): TrainedMap {
    return this.#map;
  }

  get #outputs(): number {
    return this.#filters ? this.#filters.length / this.#bins : this.#bins;
  }

  /** Frequencies, or filters, along the last axis. */
  outputShape(input: readonly number[]): number[] {
    if (input.at(-1) !== this.#length) refuse(this, `frames of ${this.#length} samples`, input);
    return [...input.slice(0, -1), this.#outputs];
  }

  /** The output. */
  forward(x: Tensor, training = false): Tensor {
    const shape = checkInput(this, x), rows = x.data.length / this.#length;
    const spectrum = this.#map.apply(x.data, rows), powers = new Float32Array(rows * this.#bins);
    for (let i = 0; i < powers.length; i++) {
      const re = spectrum[2 * i], im = spectrum[2 * i + 1];
      powers[i] = re * re + im * im;
    }
    const sums = this.#filtered(powers, rows), y = new Float32Array(sums.length);
    for (let i = 0; i < y.length; i++) y[i] = Math.log(sums[i] + this.#epsilon);
    if (training) [this.#kept, this.#shape] = [{ x: x.data, spectrum, sums }, shape];
    return { data: y, shape };
  }

  #filtered(powers: Float32Array, rows: number): Float32Array {
    const filters = this.#filters, bins = this.#bins, outputs = this.#outputs;
    if (!filters) return powers;
    const sums = new Float32Array(rows * outputs);
    for (let row = 0; row < rows; row++) {
      for (let k = 0; k < bins; k++) {
        const power = powers[row * bins + k];
        for (let f = 0; f < outputs; f++) sums[row * outputs + f] += power * filters[k * outputs + f];
      }
    }
    return sums;
  }

  /** The cotangent of the input. */
  backward(g: Tensor): Tensor {
    const { x, spectrum, sums } = checkCotangent(this, g, this.#shape, this.#kept);
    const filters = this.#filters, bins = this.#bins, outputs = this.#outputs, rows = x.length / this.#length;
    const slopes = new Float32Array(sums.length), back = new Float32Array(spectrum.length);
    for (let i = 0; i < slopes.length; i++) slopes[i] = g.data[i] / (sums[i] + this.#epsilon);
    for (let row = 0; row < rows; row++) {
      for (let k = 0; k < bins; k++) {
        let slope = 0;
        if (filters) {
          for (let f = 0; f < outputs; f++) slope += slopes[row * outputs + f] * filters[k * outputs + f];
        } else slope = slopes[row * bins + k];
        const at = 2 * (row * bins + k);
        back[at] = 2 * slope * spectrum[at];
        back[at + 1] = 2 * slope * spectrum[at + 1];
      }
    }
    return { data: this.#map.back(x, back, rows), shape: [...g.shape.slice(0, -1), this.#length] };
  }

  /** To be called after weights were changed. */
  override changed(): void {
    this.#map.changed();
  }

  /** Forgets the last input. */
  override forget(): void {
    this.#kept = undefined;
  }
}

function windowOf(what: string, window: "hann" | "none" | Float32Array, length: number): Float32Array {
  if (window instanceof Float32Array) checkWeights(what, "window", window, length);
  else if (window !== "hann" && window !== "none") {
    throw new TypeError(
      `Cannot make ${what}: window must be "hann", "none" or numbers, got ${JSON.stringify(window)}`,
    );
  }
  if (typeof window !== "string") return window;
  return Float32Array.from(
    { length },
    (_, i) => window === "none" ? 1 : 0.5 - 0.5 * Math.cos(2 * Math.PI * i / length),
  );
}

/** Window and zeros in the imaginary parts, padding, bit reversal, butterflies, the first frequencies. */
function fast(
  window: Float32Array,
  points: number,
  bins: number,
  structure: "kaleidoscope" | "butterfly",
): Program {
  if (structure !== "kaleidoscope" && structure !== "butterfly") {
    throw new TypeError(
      `Cannot make a spectral front end: structure must be "kaleidoscope", "butterfly" or "dense", got ${
        JSON.stringify(structure)
      }`,
    );
  }
  const builder = new ProgramBuilder(window.length), parts = new Float32Array(2 * window.length);
  window.forEach((v, i) => parts[2 * i] = v);
  let value = builder.factor(0, { a: window.length, b: 2, c: 1, d: 1 }, "real", parts);
  value = builder.permutation(builder.window(value, 2 * points, 0), bitReversal(points), 2);
  if (structure === "kaleidoscope") {
    const identity = Butterfly.identity(points, { field: "complex", increasing: false });
    value = builder.append(value, identity.program);
  }
  value = builder.append(value, fourierButterfly(points).program);
  return builder.build(builder.window(value, 2 * bins, 0));
}

/** The same as one matrix of real numbers. */
function densely(window: Float32Array, points: number, bins: number): Program {
  const { length } = window, values = new Float32Array(2 * bins * length), scale = 1 / Math.sqrt(points);
  for (let k = 0; k < bins; k++) {
    for (let i = 0; i < length; i++) {
      const angle = -2 * Math.PI * (k * i % points) / points;
      values[2 * k * length + i] = scale * window[i] * Math.cos(angle);
      values[(2 * k + 1) * length + i] = scale * window[i] * Math.sin(angle);
    }
  }
  const builder = new ProgramBuilder(length);
  return builder.build(builder.dense(0, 2 * bins, length, "real", values));
}
