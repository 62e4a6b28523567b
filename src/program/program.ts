/**
 * Programs: straight lists of steps, how they are built, joined and transposed.
 *
 * @module
 */

import { explain } from "./explain.ts";
import { type Field, floats, inputsOf, isWeighted, type Pattern, type Step } from "./step.ts";

/** A straight list of steps. Value 0 is the input, step i makes value i + 1, `output` is the result. */
export class Program {
  /** The steps, in order. */
  readonly steps: readonly Step[];
  /** Width of each value in floats, the input first. */
  readonly widths: readonly number[];
  /** Which value is the result. */
  readonly output: number;

  /** Use {@link ProgramBuilder}. */
  constructor(steps: readonly Step[], widths: readonly number[], output: number) {
    this.steps = steps;
    this.widths = widths;
    this.output = output;
  }

  /** Floats in an input vector. */
  get inputWidth(): number {
    return this.widths[0];
  }

  /** Floats in an output vector. */
  get outputWidth(): number {
    return this.widths[this.output];
  }

  /** The weights of the steps that have any, in the order of the steps. */
  get weights(): Float32Array[] {
    return this.steps.filter(isWeighted).map((step) => step.original ?? step.weights);
  }

  /** Multiply-adds of the steps, each in its own field; permutations and copies count nothing. */
  get operations(): number {
    let total = 0;
    for (const step of this.steps) {
      if (step.kind === "factor" || step.kind === "diagonal" || step.kind === "dense") {
        total += step.weights.length / floats(step.field);
      } else if (step.kind === "add") total += (step.inputs.length - 1) * this.widths[step.inputs[0]];
    }
    return total;
  }

  /**
   * Explains the program: its steps, what simplification makes of them, and the passes that run, each with its weights and
   * multiply-adds in real numbers.
   */
  explain(): string {
    return explain(this);
  }

  /**
   * The program of the transposed map, or of the adjoint (conjugate transpose): the list walked backwards, each step
   * transposed, with a sum wherever a value was read more than once. Biases are left out.
   */
  transpose(conjugate: boolean): Program {
    const builder = new ProgramBuilder(this.outputWidth);
    const cotangent = new Map<number, number>([[this.output, 0]]);
    const give = (value: number, from: number): void => {
      const known = cotangent.get(value);
      cotangent.set(value, known === undefined ? from : builder.add([known, from]));
    };
    for (let i = this.steps.length - 1; i >= 0; i--) {
      const g = cotangent.get(i + 1);
      if (g === undefined) continue;
      const step = this.steps[i];
      switch (step.kind) {
        case "factor": {
          const { a, b, c, d } = step.pattern;
          const weights = transposeFactor(step.pattern, step.field, step.weights, conjugate);
          give(step.from, builder.factor(g, { a, b: c, c: b, d }, step.field, weights));
          break;
        }
        case "diagonal": {
          const weights = conjugate && step.field === "complex" ? conjugated(step.weights) : step.weights;
          give(step.from, builder.diagonal(g, step.field, weights));
          break;
        }
        case "permutation":
          give(step.from, builder.permutation(g, step.index, step.unit, !step.scatter));
          break;
        case "dense": {
          const weights = transposeFactor(
            { a: 1, b: step.rows, c: step.columns, d: 1 },
            step.field,
            step.weights,
            conjugate,
          );
          give(step.from, builder.dense(g, step.columns, step.rows, step.field, weights));
          break;
        }
        case "window":
          give(step.from, builder.window(g, this.widths[step.from], -step.shift));
          break;
        case "add":
          for (const value of step.inputs) give(value, g);
          break;
        case "concat": {
          let at = 0;
          for (const value of step.inputs) {
            give(value, builder.window(g, this.widths[value], at));
            at += this.widths[value];
          }
          break;
        }
        case "bias":
          give(step.from, g);
          break;
      }
    }
    // Where no path leads from the input to the output the map is zero.
    const result = cotangent.get(0) ?? builder.window(0, this.inputWidth, this.outputWidth);
    return builder.build(result);
  }
}

/** Makes a program step by step; each method returns the number of the value it makes. */
export class ProgramBuilder {
  readonly #steps: Step[] = [];
  readonly #widths: number[];

  /**
   * Starts a program whose value 0 is its input.
   *
   * @param inputWidth floats in an input vector
   */
  constructor(inputWidth: number) {
    this.#widths = [inputWidth];
  }

  /** Width of a value, in floats. */
  width(value: number): number {
    return this.#widths[value];
  }

  #push(step: Step, width: number): number {
    for (const value of inputsOf(step)) {
      if (!(value >= 0 && value < this.#widths.length)) {
        throw new RangeError(`Cannot add a ${step.kind}: value ${value} is not made before it`);
      }
    }
    this.#steps.push(step);
    this.#widths.push(width);
    return this.#widths.length - 1;
  }

  #expect(kind: string, value: number, width: number): void {
    if (this.#widths[value] !== width) {
      throw new RangeError(
        `Cannot add a ${kind}: it reads ${width} floats, but the value has ${this.#widths[value]}`,
      );
    }
  }

  /** A Kronecker-sparse factor; weights [a][b][c][d]. */
  factor(
    from: number,
    pattern: Pattern,
    field: Field,
    weights: Float32Array,
    original?: Float32Array,
  ): number {
    const { a, b, c, d } = pattern, unit = floats(field);
    this.#expect("factor", from, a * c * d * unit);
    if (weights.length !== a * b * c * d * unit) {
      throw new RangeError(
        `Cannot add a factor: expected ${a * b * c * d * unit} weights, got ${weights.length}`,
      );
    }
    return this.#push({ kind: "factor", from, pattern, field, weights, original }, a * b * d * unit);
  }

  /** An entrywise product with `weights`. */
  diagonal(from: number, field: Field, weights: Float32Array, original?: Float32Array): number {
    this.#expect("diagonal", from, weights.length);
    return this.#push({ kind: "diagonal", from, field, weights, original }, weights.length);
  }

  /** A gather y[i] = x[index[i]], or with `scatter` its inverse, on elements of `unit` floats. */
  permutation(from: number, index: Uint32Array, unit: 1 | 2, scatter = false): number {
    this.#expect("permutation", from, index.length * unit);
    return this.#push({ kind: "permutation", from, index, unit, scatter }, index.length * unit);
  }

  /** A dense block, row-major. */
  dense(
    from: number,
    rows: number,
    columns: number,
    field: Field,
    weights: Float32Array,
    original?: Float32Array,
  ): number {
    const unit = floats(field);
    this.#expect("dense block", from, columns * unit);
    if (weights.length !== rows * columns * unit) {
      throw new RangeError(
        `Cannot add a dense block: expected ${rows * columns * unit} weights, got ${weights.length}`,
      );
    }
    return this.#push({ kind: "dense", from, rows, columns, field, weights, original }, rows * unit);
  }

  /** y[i] = x[i + shift] where that exists, 0 elsewhere, `width` floats. The identity adds no step. */
  window(from: number, width: number, shift: number): number {
    if (shift === 0 && width === this.#widths[from]) return from;
    return this.#push({ kind: "window", from, width, shift }, width);
  }

  /** The sum of values. */
  add(inputs: readonly number[]): number {
    for (const value of inputs) this.#expect("sum", value, this.#widths[inputs[0]]);
    return inputs.length === 1 ? inputs[0] : this.#push({ kind: "add", inputs }, this.#widths[inputs[0]]);
  }

  /** Values one after another. */
  concat(inputs: readonly number[]): number {
    if (inputs.length === 1) return inputs[0];
    return this.#push(
      { kind: "concat", inputs },
      inputs.reduce((sum, value) => sum + this.#widths[value], 0),
    );
  }

  /** y = x + weights. */
  bias(from: number, field: Field, weights: Float32Array, original?: Float32Array): number {
    this.#expect("bias", from, weights.length);
    return this.#push({ kind: "bias", from, field, weights, original }, weights.length);
  }

  /** Any step, given as such. */
  step(step: Step): number {
    switch (step.kind) {
      case "factor":
        return this.factor(step.from, step.pattern, step.field, step.weights, step.original);
      case "diagonal":
        return this.diagonal(step.from, step.field, step.weights, step.original);
      case "permutation":
        return this.permutation(step.from, step.index, step.unit, step.scatter);
      case "dense":
        return this.dense(step.from, step.rows, step.columns, step.field, step.weights, step.original);
      case "window":
        return this.window(step.from, step.width, step.shift);
      case "add":
        return this.add(step.inputs);
      case "concat":
        return this.concat(step.inputs);
      case "bias":
        return this.bias(step.from, step.field, step.weights, step.original);
    }
  }

  /** Appends all steps of a program to `from`. */
  append(from: number, program: Program): number {
    this.#expect("program", from, program.inputWidth);
    const value = [from];
    for (const step of program.steps) {
      value.push(this.step(
        step.kind === "add" || step.kind === "concat"
          ? { ...step, inputs: step.inputs.map((v) => value[v]) }
          : { ...step, from: value[step.from] },
      ));
    }
    return value[program.output];
  }

  /** The finished program. */
  build(output: number): Program {
    return new Program(this.#steps, this.#widths, output);
  }
}

/** Complex conjugates of interleaved numbers. */
export function conjugated(weights: Float32Array): Float32Array {
  return weights.map((w, i) => i & 1 ? -w : w);
}

/** Weights [a][c][b][d] of the transposed (or adjoint) factor. */
export function transposeFactor(
  { a, b, c, d }: Pattern,
  field: Field,
  weights: Float32Array,
  conjugate: boolean,
): Float32Array {
  const unit = floats(field), size = d * unit, flip = conjugate && field === "complex";
  const result = new Float32Array(weights.length);
  for (let i = 0; i < a; i++) {
    for (let beta = 0; beta < b; beta++) {
      for (let gamma = 0; gamma < c; gamma++) {
        const from = ((i * b + beta) * c + gamma) * size, to = ((i * c + gamma) * b + beta) * size;
        for (let k = 0; k < size; k++) {
          result[to + k] = flip && k & 1 ? -weights[from + k] : weights[from + k];
        }
      }
    }
  }
  return result;
}

/**
 * A program on real vectors made to work on interleaved complex ones: every element becomes two floats. A real
 * factor (a, b, c, d) becomes the real factor (a, b, c, 2d), at half the cost of a complex one. A program that takes
 * pairs of real numbers for complex ones on its way runs twice instead, for the real and for the imaginary parts.
 */
export function promote(program: Program): Program {
  if (program.steps.some(isComplex)) return twiceOver(program);
  const builder = new ProgramBuilder(program.inputWidth * 2);
  const value = [0];
  for (const step of program.steps) value.push(promoteStep(builder, step, value));
  return builder.build(value[program.output]);
}

function isComplex(step: Step): boolean {
  return step.kind === "permutation" ? step.unit === 2 : isWeighted(step) && step.field === "complex";
}

/** A program applied to the real and to the imaginary parts; its weights occur twice. */
function twiceOver(program: Program): Program {
  const { inputWidth, outputWidth } = program;
  const builder = new ProgramBuilder(inputWidth * 2);
  const planar = builder.permutation(0, everyOther(inputWidth), 1);
  const parts = [0, inputWidth].map((at) => builder.append(builder.window(planar, inputWidth, at), program));
  return builder.build(builder.permutation(builder.concat(parts), everyOther(outputWidth), 1, true));
}

/** 0, 2, 4 … 1, 3, 5 …: where the floats of n complex numbers are found, real parts first. */
function everyOther(n: number): Uint32Array {
  return Uint32Array.from({ length: 2 * n }, (_, i) => i < n ? 2 * i : 2 * (i - n) + 1);
}

function promoteStep(builder: ProgramBuilder, step: Step, value: readonly number[]): number {
  switch (step.kind) {
    case "factor": {
      const { a, b, c, d } = step.pattern;
      return builder.factor(
        value[step.from],
        { a, b, c, d: 2 * d },
        "real",
        twice(step.weights),
        step.weights,
      );
    }
    case "diagonal":
      return builder.diagonal(value[step.from], "real", twice(step.weights), step.weights);
    case "permutation":
      return builder.permutation(value[step.from], step.index, 2, step.scatter);
    case "dense":
      return builder.dense(
        value[step.from],
        step.rows,
        step.columns,
        "complex",
        asComplex(step.weights),
        step.weights,
      );
    case "window":
      return builder.window(value[step.from], step.width * 2, step.shift * 2);
    case "add":
      return builder.add(step.inputs.map((v) => value[v]));
    case "concat":
      return builder.concat(step.inputs.map((v) => value[v]));
    case "bias":
      return builder.bias(value[step.from], "complex", asComplex(step.weights), step.weights);
  }
}

/** Each element twice. */
function twice(weights: Float32Array): Float32Array {
  const result = new Float32Array(weights.length * 2);
  for (let i = 0; i < weights.length; i++) result[2 * i] = result[2 * i + 1] = weights[i];
  return result;
}

/** Real numbers as interleaved complex ones. */
export function asComplex(weights: Float32Array): Float32Array {
  const result = new Float32Array(weights.length * 2);
  for (let i = 0; i < weights.length; i++) result[2 * i] = weights[i];
  return result;
}
