/**
 * Functions of one number that operators are put into.
 *
 * @module
 */
import type { SpectralFunction } from "./rules/functions.ts";

/** The exponential. */
export const exponential: SpectralFunction = {
  name: "exp",
  real: Math.exp,
  complex: (re, im) => [Math.exp(re) * Math.cos(im), Math.exp(re) * Math.sin(im)],
};

/** The principal logarithm; complex for negative numbers. */
export const logarithm: SpectralFunction = {
  name: "log",
  real: (x) => Math.log(x),
  complex: (re, im) => [Math.log(Math.hypot(re, im)), Math.atan2(im, re)],
};

/** x^p, the principal value where it is complex; "sqrt" and "isqrt" by name. */
export function powerOf(p: number): SpectralFunction {
  const name = p === 0.5 ? "sqrt" : p === -0.5 ? "isqrt" : `the power ${p}`;
  return {
    name,
    multiplicative: true,
    real: (x) => x ** p,
    complex: (re, im) => {
      const size = Math.hypot(re, im);
      if (size === 0) return [0 ** p, 0];
      const angle = p * Math.atan2(im, re), length = size ** p;
      return [length * Math.cos(angle), length * Math.sin(angle)];
    },
  };
}

/** What `applyFunction` takes: a function of real numbers, or of complex ones too. */
export type ScalarFunction = ((x: number) => number) | SpectralFunction;

/** Gives a function a name. */
export function named(f: ScalarFunction): SpectralFunction {
  if (typeof f !== "function") {
    if (typeof f?.real === "function") return f;
    throw new TypeError(
      "Cannot apply a function to an operator: expected a function of a number or { name, real, complex }",
    );
  }
  return { name: f.name === "" ? "the function" : f.name, real: f };
}
