/**
 * Numbers that are not finite, and where they begin.
 *
 * @module
 */

import type { Layer, Tensor } from "./layer.ts";
import type { Sequential } from "./sequential.ts";

/** The index of the first number that is not finite, or −1. */
export function firstBad(values: Float32Array): number {
  // One sum tells in most cases that there is none.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] - values[i];
  return sum === 0 ? -1 : values.findIndex((v) => !Number.isFinite(v));
}

/** The norm of the gradients of all parameters together. */
export function gradientNorm(layer: Layer): number {
  let sum = 0;
  for (const { gradient } of layer.parameters) {
    for (let i = 0; i < gradient.length; i++) sum += gradient[i] * gradient[i];
  }
  return Math.sqrt(sum);
}

/** Multiplies numbers in place. */
export function scale(values: Float32Array, factor: number): void {
  for (let i = 0; i < values.length; i++) values[i] *= factor;
}

/** The first layer, in the order of application, with numbers that are not finite. */
export function findBad(model: Sequential, x: Tensor): { layer: number; what: string } {
  const { layers } = model;
  if (firstBad(x.data) >= 0) return { layer: 0, what: "the input" };
  for (const [layer, one] of layers.entries()) {
    const where = `layer ${layer}, ${one.name}`;
    for (const { name, value } of [...one.parameters, ...one.state]) {
      if (firstBad(value) >= 0) return { layer, what: `${name} of ${where}` };
    }
    x = one.forward(x, true);
    if (firstBad(x.data) >= 0) return { layer, what: `the output of ${where}` };
  }
  for (const [layer, one] of layers.entries()) {
    for (const { name, gradient } of one.parameters) {
      if (firstBad(gradient) >= 0) {
        return { layer, what: `the gradient of ${name} of layer ${layer}, ${one.name}` };
      }
    }
  }
  return { layer: layers.length, what: "the loss, or the norm of the gradient" };
}
