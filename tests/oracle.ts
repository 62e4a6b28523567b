/**
 * The meaning of programs in float64, step by step from the definitions in src/program/step.ts: forward, reverse mode,
 * and a bound on the rounding error of any float32 evaluation. Nothing is packed, fused or tiled here.
 */
import assert from "node:assert/strict";
import type { Program } from "../src/program/program.ts";
import { floats, inputsOf, isWeighted, type Step, type WeightedStep } from "../src/program/step.ts";

/** How numbers are taken: as they are, or as moduli, which turns results into bounds. */
type Mode = "value" | "bound";

/** The weights of a step in float64; those of a promoted step from the real ones it was made of. */
function weightsOf(step: WeightedStep, given: ArrayLike<number> | undefined): Float64Array {
  if (given === undefined) return Float64Array.from(step.weights);
  if (step.original === undefined) return Float64Array.from(given);
  const twice = step.field === "real";
  return Float64Array.from({ length: 2 * given.length }, (_, k) => twice || k % 2 === 0 ? given[k >> 1] : 0);
}

/**
 * Calls `term(out, weight, from)` for each product of a linear weighted step, in numbers of its field: number `out`
 * of the result gets weight number `weight` times number `from` of the source.
 */
function eachTerm(step: WeightedStep, term: (out: number, weight: number, from: number) => void): void {
  if (step.kind === "diagonal") {
    for (let k = 0; k < step.weights.length / floats(step.field); k++) term(k, k, k);
  } else if (step.kind === "dense") {
    for (let i = 0; i < step.rows; i++) {
      for (let j = 0; j < step.columns; j++) term(i, i * step.columns + j, j);
    }
  } else if (step.kind === "factor") {
    const { a, b, c, d } = step.pattern;
    for (let i = 0; i < a; i++) {
      for (let beta = 0; beta < b; beta++) {
        for (let gamma = 0; gamma < c; gamma++) {
          for (let delta = 0; delta < d; delta++) {
            term(
              (i * b + beta) * d + delta,
              ((i * b + beta) * c + gamma) * d + delta,
              (i * c + gamma) * d + delta,
            );
          }
        }
      }
    }
  }
}

/** y[out] += w·x, or with `conjugate` conj(w)·x; numbers of one or two floats; `bound` multiplies moduli. */
function multiplyAdd(
  mode: Mode,
  unit: 1 | 2,
  y: Float64Array,
  out: number,
  w: ArrayLike<number>,
  at: number,
  x: ArrayLike<number>,
  from: number,
  conjugate = false,
): void {
  if (unit === 1) {
    y[out] += mode === "bound" ? Math.abs(w[at] * x[from]) : w[at] * x[from];
    return;
  }
  const wr = w[2 * at],
    wi = conjugate ? -w[2 * at + 1] : w[2 * at + 1],
    xr = x[2 * from],
    xi = x[2 * from + 1];
  if (mode === "bound") {
    // Bounds hold the modulus in both parts.
    const size = Math.hypot(wr, wi) * Math.max(Math.abs(xr), Math.abs(xi));
    y[2 * out] += size;
    y[2 * out + 1] += size;
  } else {
    y[2 * out] += wr * xr - wi * xi;
    y[2 * out + 1] += wr * xi + wi * xr;
  }
}

/** Puts the modulus of each complex number in both of its parts, or takes absolute values. */
export function moduli(x: ArrayLike<number>, complex: boolean): Float64Array {
  return Float64Array.from(x, (v, k) => complex ? Math.hypot(x[k & ~1], x[k | 1]) : Math.abs(v));
}

/** All values of a program for one input vector. `weights` stand for `program.weights` where they are given. */
export function evaluate(
  program: Program,
  x: ArrayLike<number>,
  weights?: readonly ArrayLike<number>[],
  mode: Mode = "value",
): Float64Array[] {
  const values: Float64Array[] = [Float64Array.from(x)];
  let weighted = 0;
  program.steps.forEach((step, i) => {
    const y = new Float64Array(program.widths[i + 1]);
    const w = isWeighted(step) ? weightsOf(step, weights?.[weighted++]) : new Float64Array(0);
    forward(step, values, w, y, mode);
    values.push(y);
  });
  return values;
}

function forward(
  step: Step,
  values: readonly Float64Array[],
  w: Float64Array,
  y: Float64Array,
  mode: Mode,
): void {
  const x = values[inputsOf(step)[0]];
  switch (step.kind) {
    case "factor":
    case "diagonal":
    case "dense":
      return eachTerm(step, (out, at, from) => multiplyAdd(mode, floats(step.field), y, out, w, at, x, from));
    case "bias": {
      const b = mode === "bound" ? moduli(w, step.field === "complex") : w;
      y.forEach((_, k) => y[k] = x[k] + b[k]);
      return;
    }
    case "permutation":
      step.index.forEach((j, i) => {
        for (let u = 0; u < step.unit; u++) {
          if (step.scatter) y[j * step.unit + u] = x[i * step.unit + u];
          else y[i * step.unit + u] = x[j * step.unit + u];
        }
      });
      return;
    case "window":
      y.forEach((_, k) => y[k] = x[k + step.shift] ?? 0);
      return;
    case "add":
      for (const value of step.inputs) y.forEach((_, k) => y[k] += values[value][k]);
      return;
    case "concat": {
      let at = 0;
      for (const value of step.inputs) {
        y.set(values[value], at);
        at += values[value].length;
      }
    }
  }
}

/** What {@link differentiate} gives. */
export interface Differential {
  input: Float64Array;
  /** In the order of `program.weights`. */
  weights: Float64Array[];
}

/**
 * Reverse mode for one vector: given all values of {@link evaluate} and the cotangent of the output. With bounds of
 * both it gives bounds.
 */
export function differentiate(
  program: Program,
  values: readonly Float64Array[],
  g: ArrayLike<number>,
  mode: Mode = "value",
): Differential {
  const cotangents = program.widths.map((width) => new Float64Array(width));
  cotangents[program.output].set(g);
  const weighted = program.steps.filter(isWeighted);
  const gradients = weighted.map((step) => new Float64Array(step.weights.length));
  for (let i = program.steps.length - 1; i >= 0; i--) {
    const step = program.steps[i], own = cotangents[i + 1];
    const gradient = isWeighted(step) ? gradients[weighted.indexOf(step)] : new Float64Array(0);
    backward(step, values, cotangents, own, gradient, mode);
  }
  // The gradient of a promoted step belongs to the real weights it was made of.
  const weights = gradients.map((gradient, i) => {
    const step = weighted[i];
    if (step.original === undefined) return gradient;
    return Float64Array.from(
      step.original,
      (_, k) => gradient[2 * k] + (step.field === "real" ? gradient[2 * k + 1] : 0),
    );
  });
  return { input: cotangents[0], weights };
}

function backward(
  step: Step,
  values: readonly Float64Array[],
  cotangents: readonly Float64Array[],
  g: Float64Array,
  gradient: Float64Array,
  mode: Mode,
): void {
  const source = inputsOf(step)[0], x = values[source], gx = cotangents[source];
  switch (step.kind) {
    case "factor":
    case "diagonal":
    case "dense": {
      const unit = floats(step.field), w = Float64Array.from(step.weights);
      return eachTerm(step, (out, at, from) => {
        multiplyAdd(mode, unit, gx, from, w, at, g, out, true);
        multiplyAdd(mode, unit, gradient, at, x, from, g, out, true);
      });
    }
    case "bias":
      g.forEach((v, k) => gx[k] += v);
      g.forEach((v, k) => gradient[k] += v);
      return;
    case "permutation":
      step.index.forEach((j, i) => {
        for (let u = 0; u < step.unit; u++) {
          if (step.scatter) gx[i * step.unit + u] += g[j * step.unit + u];
          else gx[j * step.unit + u] += g[i * step.unit + u];
        }
      });
      return;
    case "window":
      g.forEach((v, k) => {
        if (k + step.shift >= 0 && k + step.shift < gx.length) gx[k + step.shift] += v;
      });
      return;
    case "add":
      for (const value of step.inputs) g.forEach((v, k) => cotangents[value][k] += v);
      return;
    case "concat": {
      let at = 0;
      for (const value of step.inputs) {
        const into = cotangents[value];
        for (let k = 0; k < into.length; k++) into[k] += g[at + k];
        at += into.length;
      }
    }
  }
}

/**
 * Roundings on the longest way through a program: for each step a product and as many sums as a row has terms, less
 * one; for a factor two more, since the unit-diagonal form rounds its weights and its scale. Complex products count
 * twice (√5 roundings at most, but sums count too).
 */
export function roundings(program: Program): number {
  const most = [0];
  for (const step of program.steps) {
    const before = Math.max(...inputsOf(step).map((value) => most[value]));
    let own = 0;
    if (step.kind === "factor") own = step.pattern.c + 2;
    else if (step.kind === "dense") own = step.columns;
    else if (step.kind === "add") own = step.inputs.length;
    else if (isWeighted(step)) own = 1;
    const complex = isWeighted(step) && step.field === "complex";
    most.push(before + own * (complex ? 2 : 1));
  }
  return most[program.output];
}

/** Asserts |got − want| ≤ count·2⁻²⁴·bound for each float: what rounding alone can do. */
export function assertRounded(
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  bound: ArrayLike<number>,
  count: number,
  label: string,
): void {
  assert.equal(got.length, want.length, `${label}: lengths differ`);
  for (let k = 0; k < want.length; k++) {
    // 1e-36 for what underflows.
    const allowed = count * 2 ** -24 * bound[k] + 1e-36;
    if (!(Math.abs(got[k] - want[k]) <= allowed)) {
      assert.fail(`${label}: entry ${k} is ${got[k]}, expected ${want[k]} within ${allowed}`);
    }
  }
}

/** One row of a batch. */
export function row<T extends Float32Array | Float64Array>(batch: T, width: number, index: number): T {
  return batch.subarray(index * width, (index + 1) * width) as T;
}

/** Forward results of a program for a batch, in float64, with the bounds of {@link assertRounded}. */
export function evaluateBatch(program: Program, x: Float32Array, batch: number, complex: boolean): {
  y: Float64Array;
  bound: Float64Array;
} {
  const width = program.outputWidth;
  const y = new Float64Array(batch * width), bound = new Float64Array(batch * width);
  for (let i = 0; i < batch; i++) {
    const one = row(x, program.inputWidth, i);
    y.set(evaluate(program, one)[program.output], i * width);
    bound.set(evaluate(program, moduli(one, complex), undefined, "bound")[program.output], i * width);
  }
  return { y, bound };
}

/** Reverse mode for a batch: gradients summed over it, with the bounds of {@link assertRounded}. */
export function differentiateBatch(
  program: Program,
  x: Float32Array,
  g: Float32Array,
  batch: number,
  complex: boolean,
): { value: Differential; bound: Differential } {
  const empty = (): Differential => ({
    input: new Float64Array(batch * program.inputWidth),
    weights: program.weights.map((w) => new Float64Array(w.length)),
  });
  const value = empty(), bound = empty();
  for (let i = 0; i < batch; i++) {
    const own = row(x, program.inputWidth, i), ownG = row(g, program.outputWidth, i);
    const add = (into: Differential, one: Differential): void => {
      into.input.set(one.input, i * program.inputWidth);
      one.weights.forEach((w, k) => w.forEach((v, at) => into.weights[k][at] += v));
    };
    add(value, differentiate(program, evaluate(program, own), ownG));
    const sizes = evaluate(program, moduli(own, complex), undefined, "bound");
    add(bound, differentiate(program, sizes, moduli(ownG, complex), "bound"));
  }
  return { value, bound };
}
