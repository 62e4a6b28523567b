/**
 * Simplification of programs before they run: small rules on one step, or on a step and the only step that reads it,
 * applied until none applies. What is saved and differentiated is always the plain program.
 *
 * @module
 */

import { findRuns } from "./chain.ts";
import { Program, ProgramBuilder } from "./program.ts";
import {
  type DiagonalStep,
  type FactorStep,
  floats,
  inputsOf,
  type PermutationStep,
  type Step,
  type WindowStep,
} from "./step.ts";

/** Steps that read one value, without saying which: what a rule puts in place of others. */
type Unary =
  | Omit<FactorStep, "from">
  | Omit<DiagonalStep, "from">
  | Omit<PermutationStep, "from">
  | Omit<WindowStep, "from">;

/** Replaces a step, or says nothing. */
type SingleRule = (step: Step, width: number) => Unary[] | undefined;
/** Replaces a step and its only reader, or says nothing. `width` is that of the value the first one reads. */
type PairRule = (first: Step, second: Step, width: number) => Unary[] | undefined;

/** Entries of a block product this near to those of the identity are it: float32 cannot say more. */
const ROUNDING = 2 ** -22;

/** Blocks larger than this are not multiplied: it would cost more than it saves. */
const LARGEST_BLOCK = 16;

/** Whether a product is one that float32 holds without loss: neither infinite nor so small that it loses bits. */
function isSafe(value: number): boolean {
  const size = Math.abs(value);
  return size === 0 || (size >= 2 ** -100 && size <= 2 ** 100);
}

/** NaN in place of what float32 does not hold: a product that it would round to zero is not safe either. */
function checked(value: number): number {
  return isSafe(value) ? value : NaN;
}

/** A permutation, diagonal or factor that does nothing is left out. */
export const dropIdentity: SingleRule = (step) => {
  switch (step.kind) {
    case "permutation":
      return step.index.every((from, to) => from === to) ? [] : undefined;
    case "diagonal":
      return isOnes(step) ? [] : undefined;
    case "factor":
      return isIdentity(step) ? [] : undefined;
    default:
      return undefined;
  }
};

/** Two diagonals become one. */
export const mergeDiagonals: PairRule = (first, second) => {
  if (first.kind !== "diagonal" || second.kind !== "diagonal" || first.field !== second.field) {
    return undefined;
  }
  const weights = new Float32Array(first.weights.length);
  multiply(second.weights, first.weights, weights, first.field === "complex");
  return weights.every(isSafe) ? [{ kind: "diagonal", field: first.field, weights }] : undefined;
};

/** Two permutations become one. */
export const mergePermutations: PairRule = (first, second) => {
  if (first.kind !== "permutation" || second.kind !== "permutation" || first.unit !== second.unit) {
    return undefined;
  }
  const p = gathered(first), q = gathered(second);
  return [{ kind: "permutation", index: q.map((j) => p[j]), unit: first.unit, scatter: false }];
};

/** Two windows become one, unless the value between them cuts off what the second would read. */
export const mergeWindows: PairRule = (first, second, width) => {
  if (first.kind !== "window" || second.kind !== "window") return undefined;
  const shift = first.shift + second.shift;
  // Input elements that the merged window would read, and those that the first window lets through.
  const start = Math.max(0, shift), end = Math.min(width, second.width + shift);
  if (start < end && (start < first.shift || end > first.width + first.shift)) return undefined;
  return [{ kind: "window", width: second.width, shift }];
};

/**
 * A diagonal next to a factor is multiplied into its weights: into the rows of the factor before it, or else into the
 * columns of the factor after it, unless that one has no weights of its own (blocks of ±1, or [[1, w], [1, −w]]), which
 * it would lose. Rows cost nothing in any form (forms.ts).
 */
export const absorbDiagonal: PairRule = (first, second) => {
  if (first.kind === "factor" && second.kind === "diagonal" && first.field === second.field) {
    return scaled(first, second.weights, "rows");
  }
  if (
    first.kind === "diagonal" && second.kind === "factor" && first.field === second.field && !isPaired(second)
  ) {
    return scaled(second, first.weights, "columns");
  }
  return undefined;
};

/**
 * Two factors with the same square blocks become one; with {@link dropIdentity} this makes a factor and its inverse, so
 * also a butterfly and its adjoint, vanish from the inside out.
 */
export const mergeFactors: PairRule = (first, second) => {
  if (first.kind !== "factor" || second.kind !== "factor" || first.field !== second.field) return undefined;
  const { a, b, c, d } = first.pattern, p = second.pattern;
  if (b !== c || b > LARGEST_BLOCK || a !== p.a || b !== p.b || c !== p.c || d !== p.d) return undefined;
  const weights = blockProduct(second, first);
  return weights && [{ kind: "factor", pattern: first.pattern, field: first.field, weights }];
};

const singles: readonly SingleRule[] = [dropIdentity];
const pairs: readonly PairRule[] = [
  mergeDiagonals,
  mergePermutations,
  mergeWindows,
  absorbDiagonal,
  mergeFactors,
];

/** Applies all rules until none applies. The result computes the same map up to rounding. */
export function simplify(program: Program): Program {
  let current = realWeights(program);
  for (let next = once(current); next; next = once(current)) current = next;
  return current;
}

/** Applies the first rule that applies anywhere; undefined when none does. */
function once(program: Program): Program | undefined {
  const { steps, widths, output } = program;
  const readers = new Map<number, number>([[output, 1]]);
  for (const step of steps) {
    for (const value of inputsOf(step)) readers.set(value, (readers.get(value) ?? 0) + 1);
  }
  for (const [i, step] of steps.entries()) {
    if (!("from" in step)) continue;
    for (const rule of singles) {
      const result = rule(step, widths[step.from]);
      if (result) return replace(program, [i], result);
    }
    const before = step.from - 1;
    if (before < 0 || readers.get(step.from) !== 1) continue;
    const first = steps[before];
    if (!("from" in first)) continue;
    for (const rule of pairs) {
      const result = rule(first, step, widths[first.from]);
      if (result) return replace(program, [before, i], result);
    }
  }
  return undefined;
}

/** The program with one step, or a step and its only reader, replaced by others. */
function replace(program: Program, which: readonly number[], by: readonly Unary[]): Program {
  const builder = new ProgramBuilder(program.inputWidth);
  const value = [0];
  const last = which[which.length - 1];
  program.steps.forEach((step, i) => {
    if (i === which[0] && i !== last) {
      // The value between the two is gone: the replacement starts from what the first one reads.
      value.push(value[(step as { from: number }).from]);
    } else if (i === last) {
      const from = value[(step as { from: number }).from];
      value.push(by.reduce((at, unary) => builder.step({ ...unary, from: at }), from));
    } else if (step.kind === "add" || step.kind === "concat") {
      value.push(builder.step({ ...step, inputs: step.inputs.map((v) => value[v]) }));
    } else value.push(builder.step({ ...step, from: value[step.from] }));
  });
  return builder.build(value[program.output]);
}

/**
 * Runs of complex factors whose weights are all real work on the real and imaginary parts alike: they become real
 * factors (a, b, c, 2d) at half the cost.
 */
export function realWeights(program: Program): Program {
  const { steps, output } = program;
  const convert = new Set<number>();
  for (const run of findRuns(steps, output, false)) {
    if (
      !run.complex || !run.factors.every(({ weights }) => weights.every((w, k) => (k & 1) === 0 || w === 0))
    ) continue;
    run.factors.forEach((_, k) => convert.add(run.first + k));
  }
  if (convert.size === 0) return program;
  const converted = steps.map((step, i): Step => {
    if (!convert.has(i) || step.kind !== "factor") return step;
    const { a, b, c, d } = step.pattern;
    const weights = step.weights.map((_, k) => step.weights[k & ~1]);
    return { kind: "factor", from: step.from, pattern: { a, b, c, d: 2 * d }, field: "real", weights };
  });
  return new Program(converted, program.widths, output);
}

function isOnes({ weights, field }: Omit<DiagonalStep, "from">): boolean {
  return weights.every((w, k) => w === (field === "complex" && k & 1 ? 0 : 1));
}

function isIdentity({ pattern: { a, b, c, d }, field, weights }: FactorStep): boolean {
  if (b !== c) return false;
  const unit = floats(field);
  for (let k = 0; k < a * b * c * d; k++) {
    const gamma = Math.floor(k / d) % c, beta = Math.floor(k / (c * d)) % b;
    if (weights[k * unit] !== (beta === gamma ? 1 : 0)) return false;
    if (unit === 2 && weights[k * 2 + 1] !== 0) return false;
  }
  return true;
}

/** Whether all blocks are [[a, b], [c, d]] with ad = −bc and |b/a| = 1: passes without weights, or with half of them. */
function isPaired({ pattern: { a, b, c, d }, field, weights }: FactorStep): boolean {
  if (b !== 2 || c !== 2) return false;
  const unit = floats(field);
  const entry = (i: number, e: number, delta: number): [number, number] => {
    const at = ((i * 4 + e) * d + delta) * unit;
    return [weights[at], unit === 2 ? weights[at + 1] : 0];
  };
  for (let i = 0; i < a; i++) {
    for (let delta = 0; delta < d; delta++) {
      const [p, q, r, s] = [0, 1, 2, 3].map((e) => entry(i, e, delta));
      const re = p[0] * s[0] - p[1] * s[1] + q[0] * r[0] - q[1] * r[1];
      const im = p[0] * s[1] + p[1] * s[0] + q[0] * r[1] + q[1] * r[0];
      const size = Math.hypot(...p) * Math.hypot(...s);
      if (size === 0 || Math.hypot(re, im) > ROUNDING * size) return false;
      if (unit === 1 && Math.abs(p[0]) !== Math.abs(q[0])) return false;
    }
  }
  return true;
}

/** A permutation as a gather. */
function gathered({ index, scatter }: PermutationStep): Uint32Array {
  if (!scatter) return index;
  const result = new Uint32Array(index.length);
  index.forEach((j, i) => result[j] = i);
  return result;
}

/** result = x∘y */
function multiply(x: ArrayLike<number>, y: ArrayLike<number>, result: Float32Array, complex: boolean): void {
  for (let k = 0; k < result.length; k += complex ? 2 : 1) {
    if (!complex) result[k] = checked(x[k] * y[k]);
    else {
      result[k] = checked(x[k] * y[k] - x[k + 1] * y[k + 1]);
      result[k + 1] = checked(x[k] * y[k + 1] + x[k + 1] * y[k]);
    }
  }
}

/** A factor with its rows or columns multiplied by a diagonal; nothing where float32 cannot hold it. */
function scaled(step: FactorStep, diagonal: Float32Array, side: "rows" | "columns"): Unary[] | undefined {
  const { pattern: { a, b, c, d }, field } = step, unit = floats(field);
  const weights = new Float32Array(step.weights.length);
  for (let i = 0; i < a; i++) {
    for (let beta = 0; beta < b; beta++) {
      for (let gamma = 0; gamma < c; gamma++) {
        const at = ((i * b + beta) * c + gamma) * d * unit;
        const from = (side === "rows" ? i * b + beta : i * c + gamma) * d * unit;
        const part = weights.subarray(at, at + d * unit);
        multiply(step.weights.subarray(at, at + d * unit), diagonal.subarray(from), part, unit === 2);
      }
    }
  }
  return weights.every(isSafe) ? [{ kind: "factor", pattern: step.pattern, field, weights }] : undefined;
}

/** The product of two factors of one square pattern, block by block; undefined where float32 cannot hold it. */
function blockProduct(left: FactorStep, right: FactorStep): Float32Array | undefined {
  const { pattern: { a, b, d }, field } = left, unit = floats(field);
  const weights = new Float32Array(left.weights.length);
  const at = (i: number, row: number, column: number, delta: number): number =>
    (((i * b + row) * b + column) * d + delta) * unit;
  for (let i = 0; i < a; i++) {
    for (let row = 0; row < b; row++) {
      for (let column = 0; column < b; column++) {
        for (let delta = 0; delta < d; delta++) {
          let re = 0, im = 0, size = 0;
          for (let k = 0; k < b; k++) {
            const l = at(i, row, k, delta), r = at(i, k, column, delta);
            if (unit === 1) {
              re += left.weights[l] * right.weights[r];
              size += Math.abs(left.weights[l] * right.weights[r]);
            } else {
              size += Math.hypot(left.weights[l], left.weights[l + 1]) *
                Math.hypot(right.weights[r], right.weights[r + 1]);
              re += left.weights[l] * right.weights[r] - left.weights[l + 1] * right.weights[r + 1];
              im += left.weights[l] * right.weights[r + 1] + left.weights[l + 1] * right.weights[r];
            }
          }
          const to = at(i, row, column, delta);
          const near = row === column ? 1 : 0;
          if (Math.hypot(re - near, im) <= ROUNDING * size) {
            re = near;
            im = 0;
          }
          weights[to] = checked(re);
          if (unit === 2) weights[to + 1] = checked(im);
        }
      }
    }
  }
  return weights.every(isSafe) ? weights : undefined;
}
