/**
 * Steps down a gradient.
 *
 * @module
 */

import { Adam, type AdamOptions, cosineRate } from "../learn/adam.ts";
import type { Parameter } from "./layer.ts";

/** What changes parameters, and remembers something between its steps. */
export interface Optimizer {
  /** What it is, so that a checkpoint of one is not given to another. */
  readonly name: string;
  /** Changes the values in place, by their gradients. */
  step(parameters: readonly Parameter[], rate: number): void;
  /** What it remembers for so many parameters, in order, by name; {@link Optimizer.restore} takes copies of them. */
  memory(parameters: readonly Parameter[]): { readonly name: string; readonly value: Float64Array }[];
  /** Takes up again what it remembered. */
  restore(parameters: readonly Parameter[], values: readonly Float64Array[]): void;
}

/** How weights shrink. */
export interface DecayOptions {
  /**
   * What parameters that decay are multiplied with at each step is 1 − rate · decay; 0. Structured weights, biases and
   * scales do not decay.
   */
  readonly decay?: number;
}

function shrink({ value, decay }: Parameter, amount: number): void {
  if (!decay || amount === 0) return;
  for (let i = 0; i < value.length; i++) value[i] *= 1 - amount;
}

/** Adam (Kingma and Ba 2015), with weight decay apart from the gradient (Loshchilov and Hutter 2019). */
export function adam({ decay = 0, ...options }: AdamOptions & DecayOptions = {}): Optimizer {
  const states = new WeakMap<Float32Array, Adam>();
  const of = ({ value }: Parameter): Adam => {
    const known = states.get(value) ?? new Adam(value.length, options);
    states.set(value, known);
    return known;
  };
  return {
    name: "adam",
    step(parameters, rate): void {
      for (const one of parameters) {
        shrink(one, rate * decay);
        of(one).step(one.value, one.gradient, rate);
      }
    },
    memory(parameters) {
      return parameters.flatMap((one) => {
        const { steps, mean, square } = of(one).state;
        return [
          { name: `${one.name} steps`, value: Float64Array.of(steps) },
          { name: `${one.name} mean`, value: mean },
          { name: `${one.name} square`, value: square },
        ];
      });
    },
    restore(parameters, values): void {
      parameters.forEach(({ value }, i) => {
        const [[steps], mean, square] = values.slice(3 * i, 3 * i + 3);
        states.set(value, Adam.resume({ steps, mean, square }, options));
      });
    },
  };
}

/** Gradient descent with momentum: v ← momentum·v + gradient, value ← value − rate·v. */
export function sgd(
  { momentum = 0.9, decay = 0 }: DecayOptions & { readonly momentum?: number } = {},
): Optimizer {
  const states = new WeakMap<Float32Array, Float64Array>();
  const of = ({ value }: Parameter): Float64Array => {
    const known = states.get(value) ?? new Float64Array(value.length);
    states.set(value, known);
    return known;
  };
  return {
    name: "sgd",
    step(parameters, rate): void {
      for (const one of parameters) {
        shrink(one, rate * decay);
        const { value, gradient } = one, velocity = of(one);
        for (let i = 0; i < value.length; i++) {
          velocity[i] = momentum * velocity[i] + gradient[i];
          value[i] -= rate * velocity[i];
        }
      }
    },
    memory(parameters) {
      return parameters.map((one) => ({ name: `${one.name} velocity`, value: of(one) }));
    },
    restore(parameters, values): void {
      parameters.forEach(({ value }, i) => states.set(value, values[i].slice()));
    },
  };
}

/** A learning rate that rises over the first steps, and falls by half a cosine to `floor` · peak. */
export function warmCosine(
  peak: number,
  { warm = 0, floor = 0 } = {},
): (step: number, steps: number) => number {
  return (step, steps) =>
    step < warm
      ? peak * (step + 1) / (warm + 1)
      : cosineRate(step - warm, Math.max(1, steps - warm), peak, floor * peak);
}
