/**
 * The rules of simplification: each puts cheaper steps in place of one step, or of a step and the only step that reads it.
 *
 * @module
 */

import { isDivisible, isPaired } from "./forms.ts";
import { asComplex } from "./program.ts";
import {
  type DenseStep,
  type DiagonalStep,
  type FactorStep,
  type Field,
  floats,
  type PermutationStep,
  type Step,
  type WindowStep,
} from "./step.ts";

/** Steps that read one value, without saying which: what a rule puts in place of others. */
export type Unary =
  | Omit<FactorStep, "from">
  | Omit<DiagonalStep, "from">
  | Omit<PermutationStep, "from">
  | Omit<DenseStep, "from">
  | Omit<WindowStep, "from">;

/** Replaces a step, or says nothing. */
export type SingleRule = (step: Step, width: number) => Unary[] | undefined;
/** Replaces a step and its only reader, or says nothing. `width` is that of the value the first one reads. */
export type PairRule = (first: Step, second: Step, width: number) => Unary[] | undefined;
/** Replaces a step, its only reader and the only reader of that, or says nothing. */
export type TripleRule = (first: Step, second: Step, third: Step) => Unary[] | undefined;

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

/** A permutation or diagonal that does nothing is left out; with {@link factorToDiagonal} a factor too. */
export const dropIdentity: SingleRule = (step) => {
  switch (step.kind) {
    case "permutation":
      return step.index.every((from, to) => from === to) ? [] : undefined;
    case "diagonal":
      return isOnes(step) ? [] : undefined;
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

/** A square factor whose blocks are all diagonal, like n·I for an unnormalised transform and its adjoint, is a diagonal. */
export const factorToDiagonal: SingleRule = (step) => {
  if (step.kind !== "factor") return undefined;
  const weights = diagonalOf(step);
  return weights && [{ kind: "diagonal", field: step.field, weights }];
};

/**
 * A diagonal next to a factor is multiplied into its weights: into the rows of the factor before it, or else into the
 * columns of the factor after it, unless that one has no weights of its own (blocks of ±1, or [[1, w], [1, −w]]), which
 * it would lose. Rows cost nothing in any form (forms.ts), as long as there is no zero to divide by: a diagonal with one
 * is left alone, where the factor would not be in the general form anyway.
 */
export const absorbDiagonal: PairRule = (first, second) => {
  if (first.kind === "factor" && second.kind === "diagonal") {
    return spoils(second, first) ? undefined : scaled(first, second, "rows");
  }
  if (first.kind === "diagonal" && second.kind === "factor" && !isPaired(second)) {
    return spoils(first, second) ? undefined : scaled(second, first, "columns");
  }
  return undefined;
};

/**
 * A diagonal behind a permutation goes in front of it where a factor or a diagonal takes it up there; one between two
 * permutations goes behind both, so that they meet.
 */
export const passPermutation: TripleRule = (first, second, third) => {
  if (third.kind === "diagonal" && second.kind === "permutation") {
    if (first.kind !== "factor" && first.kind !== "diagonal") return undefined;
    if (first.field !== third.field) return undefined;
    const moved = permuted(third, second, true);
    if (moved === undefined) return undefined;
    const by = { ...moved, from: 0 };
    const taken = first.kind === "factor" ? absorbDiagonal(first, by, 0) : mergeDiagonals(first, by, 0);
    return taken && [...taken, second];
  }
  if (first.kind === "permutation" && second.kind === "diagonal" && third.kind === "permutation") {
    const merged = mergePermutations(first, third, 0), moved = merged && permuted(second, third, false);
    return moved && [...merged!, moved];
  }
  return undefined;
};

/**
 * A pad in front of a dense block, or of a factor that reads what is padded as whole columns of its blocks, takes these
 * columns away; a cut behind one takes rows away. So there is less to multiply, and nothing to copy. Butterfly factors are
 * left as they are: what is not 2×2 any more would not run in one pass with its neighbours (measured: 10 to 20 % slower).
 */
export const absorbWindow: PairRule = (first, second, width) => {
  if (first.kind === "window" && (second.kind === "factor" || second.kind === "dense")) {
    return narrowed(second, "columns", -first.shift, width);
  }
  if (second.kind === "window" && (first.kind === "factor" || first.kind === "dense")) {
    return narrowed(first, "rows", second.shift, second.width);
  }
  return undefined;
};

/**
 * Two factors with the same square blocks become one; with {@link dropIdentity} this makes a factor and its inverse
 * vanish.
 */
export const mergeFactors: PairRule = (first, second) => {
  if (first.kind !== "factor" || second.kind !== "factor" || first.field !== second.field) return undefined;
  const { a, b, c, d } = first.pattern, p = second.pattern;
  if (b !== c || b > LARGEST_BLOCK || a !== p.a || b !== p.b || c !== p.c || d !== p.d) return undefined;
  const weights = blockProduct(second, first);
  return weights && [{ kind: "factor", pattern: first.pattern, field: first.field, weights }];
};

/**
 * Two factors whose product is diagonal become that. It comes before {@link mergeFactors}, so that a butterfly and its
 * adjoint vanish from the inside out before the outermost of their factors is merged with a stranger.
 */
export const cancelFactors: PairRule = (first, second, width) => {
  const merged = mergeFactors(first, second, width)?.[0];
  return merged?.kind === "factor" ? factorToDiagonal({ ...merged, from: 0 }, width) : undefined;
};

function isOnes({ weights, field }: Omit<DiagonalStep, "from">): boolean {
  return weights.every((w, k) => w === (field === "complex" && k & 1 ? 0 : 1));
}

/** The diagonal that a square factor is, if all of its blocks are diagonal. */
function diagonalOf({ pattern: { a, b, c, d }, field, weights }: FactorStep): Float32Array | undefined {
  if (b !== c) return undefined;
  const size = d * floats(field);
  for (let k = 0, at = 0; k < a * b * b; k++, at += size) {
    if (Math.floor(k / b) % b === k % b) continue;
    for (let i = at; i < at + size; i++) if (weights[i] !== 0) return undefined;
  }
  const result = new Float32Array(a * b * size);
  for (let k = 0; k < a * b; k++) {
    const at = (k * b + k % b) * size;
    result.set(weights.subarray(at, at + size), k * size);
  }
  return result;
}

/** Whether a diagonal has a zero that a butterfly factor in one of the cheaper forms would have to divide by. */
function spoils({ field, weights }: DiagonalStep, factor: FactorStep): boolean {
  const unit = floats(field);
  for (let k = 0; k < weights.length; k += unit) {
    if (weights[k] === 0 && (unit === 1 || weights[k + 1] === 0)) return isDivisible(factor);
  }
  return false;
}

/** A permutation as a gather. */
function gathered({ index, scatter }: PermutationStep): Uint32Array {
  if (!scatter) return index;
  const result = new Uint32Array(index.length);
  index.forEach((j, i) => result[j] = i);
  return result;
}

/** A diagonal with its numbers as a permutation takes them, forwards or backwards; none where it takes apart complex ones. */
function permuted(
  { field, weights }: Omit<DiagonalStep, "from">,
  permutation: PermutationStep,
  backwards: boolean,
): Omit<DiagonalStep, "from"> | undefined {
  const { unit } = permutation;
  if (floats(field) > unit) return undefined;
  const result = new Float32Array(weights.length);
  gathered(permutation).forEach((from, to) => {
    const [source, target] = backwards ? [to, from] : [from, to];
    for (let part = 0; part < unit; part++) result[target * unit + part] = weights[source * unit + part];
  });
  return { kind: "diagonal", field, weights: result };
}

/** The numbers of a diagonal in another field, where it has as many and is one there. */
function diagonalIn(
  field: Field,
  { field: own, weights }: Omit<DiagonalStep, "from">,
): Float32Array | undefined {
  if (own === field) return weights;
  if (own === "real") {
    // The same for real and imaginary parts.
    if (!weights.every((w, k) => w === weights[k & ~1])) return undefined;
    return asComplex(weights.filter((_, k) => (k & 1) === 0));
  }
  return weights.every((w, k) => (k & 1) === 0 || w === 0)
    ? weights.map((_, k) => weights[k & ~1])
    : undefined;
}

/**
 * A factor of one row of blocks, or a dense block, with those columns or rows only that `width` floats from `start` on
 * hold; undefined where these are not whole ones, or more than there are.
 */
function narrowed(
  step: FactorStep | DenseStep,
  side: "rows" | "columns",
  start: number,
  width: number,
): Unary[] | undefined {
  const { field, weights } = step, dense = step.kind === "dense";
  const { a, b, c, d } = dense ? { a: 1, b: step.rows, c: step.columns, d: 1 } : step.pattern;
  const unit = floats(field), size = d * unit, all = side === "rows" ? b : c;
  const first = start / size, count = width / size;
  if (!dense && b === 2 && c === 2) return undefined;
  if (a !== 1 || !Number.isInteger(first) || !Number.isInteger(count)) return undefined;
  if (first < 0 || first + count > all) return undefined;
  if (side === "rows") {
    const some = weights.slice(first * c * size, (first + count) * c * size);
    return [
      dense
        ? { ...step, rows: count, weights: some }
        : { ...step, pattern: { a, b: count, c, d }, weights: some },
    ];
  }
  const some = new Float32Array(b * count * size);
  for (let beta = 0; beta < b; beta++) {
    const from = (beta * c + first) * size;
    some.set(weights.subarray(from, from + count * size), beta * count * size);
  }
  return [
    dense
      ? { ...step, columns: count, weights: some }
      : { ...step, pattern: { a, b, c: count, d }, weights: some },
  ];
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
function scaled(
  step: FactorStep,
  by: Omit<DiagonalStep, "from">,
  side: "rows" | "columns",
): Unary[] | undefined {
  const { pattern: { a, b, c, d }, field } = step, unit = floats(field), diagonal = diagonalIn(field, by);
  if (diagonal === undefined) return undefined;
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
          if (size < Infinity && Math.hypot(re - near, im) <= ROUNDING * size) {
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
