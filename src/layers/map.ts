/**
 * Linear maps on the kernels whose weights are trained.
 *
 * @module
 */

import type { Operator } from "../operator/operator.ts";
import { Executable } from "../program/executable.ts";
import { Program } from "../program/program.ts";
import { isWeighted, type Step } from "../program/step.ts";
import { type Parameter, parameter } from "./layer.ts";

/** A program, what is trained of it, and how the two are connected. */
export interface Wiring {
  /** The program; its weights belong to it alone and are changed in place. */
  readonly program: Program;
  /** What is trained. */
  readonly parameters: readonly Parameter[];
  /** Where the kernels write the gradient of each array of weights of the program. */
  readonly gradients: readonly Float32Array[];
  /** Makes the weights from the parameters, where they are not the same arrays. */
  write(): void;
  /** Makes the gradients of the parameters from those of the weights, where they are not the same arrays. */
  fold(): void;
}

/** How {@link wire} takes an operator. */
export interface WireOptions {
  /** Numbers, from 0, of the operator's arrays of weights that stay as they are. */
  readonly fixed?: readonly number[];
  /** Whether weight decay is for its weights; false. */
  readonly decay?: boolean;
}

/** A program whose weighted steps have weights of their own: copies, in the order of the steps. */
export function ownProgram(program: Program): Program {
  const steps = program.steps.map((step): Step =>
    isWeighted(step) ? { ...step, weights: new Float32Array(step.weights) } : step
  );
  return new Program(steps, program.widths, program.output);
}

/**
 * All weights of a program as parameters. An array that occurs several times is one parameter; weights that were made
 * from real ones to work on complex vectors are trained as those.
 */
export function wire(source: Program, { fixed = [], decay = false }: WireOptions = {}): Wiring {
  const program = ownProgram(source), parameters: Parameter[] = [], gradients: Float32Array[] = [];
  const known = new Map<Float32Array, Parameter>(), writes: (() => void)[] = [], folds: (() => void)[] = [];
  let number = 0;
  source.steps.forEach((step, i) => {
    if (!isWeighted(step)) return;
    const own = program.steps[i], given = step.original ?? step.weights, k = number++;
    if (!isWeighted(own)) return;
    if (fixed.includes(k)) return void gradients.push(new Float32Array(given.length));
    const first = known.get(given), plain = step.original === undefined;
    const value = own.weights as Float32Array<ArrayBuffer>;
    const one = first ??
      parameter(`weights ${k}`, plain ? value : new Float32Array(given), step.kind !== "bias" && decay);
    if (first === undefined) {
      known.set(given, one);
      parameters.push(one);
      gradients.push(one.gradient);
    } else {
      const more = new Float32Array(given.length);
      gradients.push(more);
      folds.push(() => {
        for (let j = 0; j < more.length; j++) one.gradient[j] += more[j];
      });
    }
    if (!plain) {
      // Real weights on complex vectors: each number twice, or with a zero behind it.
      const twice = step.field === "real";
      writes.push(() => {
        one.value.forEach((v, j) => {
          value[2 * j] = v;
          if (twice) value[2 * j + 1] = v;
        });
      });
    } else if (one.value !== value) writes.push(() => value.set(one.value));
  });
  const all = (list: (() => void)[]) => (): void => list.forEach((one) => one());
  return { program, parameters, gradients, write: all(writes), fold: all(folds) };
}

/** A wiring on the kernels. */
export class TrainedMap {
  /** The connection between parameters and program. */
  readonly wiring: Wiring;
  #executable: Executable | undefined;
  #stale = true;

  /** Nothing is compiled before it is first applied. */
  constructor(wiring: Wiring) {
    this.wiring = wiring;
  }

  /**
   * The executable, with the weights of now: for those who read and write vectors in its memory.
   */
  get executable(): Executable {
    const { wiring } = this;
    if (this.#stale) {
      wiring.write();
      if (this.#executable === undefined) this.#executable = new Executable(wiring.program);
      else this.#executable.renew();
      this.#stale = false;
    }
    return this.#executable!;
  }

  /** To be called after parameters changed. */
  changed(): void {
    this.#stale = true;
  }

  /** Applies it to so many vectors. */
  apply(x: Float32Array, rows: number, out?: Float32Array): Float32Array {
    out ??= new Float32Array(rows * this.wiring.program.outputWidth);
    this.executable.apply(x, out, rows);
    return out;
  }

  /** The cotangent of the input; writes the gradients of the parameters. */
  back(x: Float32Array, g: Float32Array, rows: number, out?: Float32Array): Float32Array {
    out ??= new Float32Array(rows * this.wiring.program.inputWidth);
    this.executable.gradient(x, g, out, this.wiring.gradients, rows);
    this.wiring.fold();
    return out;
  }
}

/** The wiring of any operator: see {@link wire}. */
export function wireOperator(operator: Operator, options?: WireOptions): Wiring {
  return wire(operator.program, options);
}
