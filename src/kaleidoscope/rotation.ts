/**
 * Random rotations of any size, as vector search and quantisation use them.
 *
 * @module
 */

import { checkSize, LARGEST } from "../operator/check.ts";
import { Dense } from "../operator/dense.ts";
import { Operator } from "../operator/operator.ts";
import { type Program, ProgramBuilder } from "../program/program.ts";
import { Random } from "../program/random.ts";
import type { Pattern } from "../program/step.ts";
import { unitaryScale } from "./transforms/shape.ts";

/** Up to this size a rotation is a dense matrix of the Haar measure: about as fast there, and better than any product. */
const LARGEST_DENSE = 64;
/** Levels that one pass over the data does with 8 vectors in registers: three, and of near points two between lanes. */
const NEAR_LEVELS = 5, FAR_LEVELS = 3;

/** The most levels of a stage. */
const MOST_LEVELS = 6;

/** How a {@link rotation} is drawn. */
export interface RotationOptions {
  /** Which one; 0 when absent. */
  seed?: number;
  /**
   * How often neighbours and then distant coordinates are mixed, 1 to 16; when absent, as often as it takes to look
   * Gaussian: 2 to 7 times. Without meaning up to 64 points.
   */
  rounds?: number;
}

/**
 * Where a {@link Rotation} mixes: Hadamard matrices of 2^levels points that lie `stride` apart, on the `length`
 * coordinates from `offset` on.
 */
export interface RotationStage {
  /** The first coordinate. */
  readonly offset: number;
  /** How many coordinates, a multiple of stride·2^levels. */
  readonly length: number;
  /** log₂ of the size of the Hadamard matrices, 1 to 6. */
  readonly levels: number;
  /** Distance of the points that one matrix mixes. */
  readonly stride: number;
}

/**
 * An orthogonal product of stages of Hadamard matrices, with changes of sign between them. See {@link rotation}, which
 * draws one.
 */
export class Rotation extends Operator {
  /** In the order in which they are applied. */
  readonly stages: readonly RotationStage[];
  /** ±1, behind each stage but the last, for the coordinates that it mixes, one stage after another. Not to be changed. */
  readonly signs: Int8Array<ArrayBuffer>;
  /** Whether it is the inverse of what the stages say. */
  readonly inverse: boolean;

  /**
   * A rotation from its parts, or with `inverse` its inverse.
   *
   * @throws {RangeError} when a stage does not fit n points, or the signs are not ±1 or not as many as needed
   */
  constructor(n: number, stages: readonly RotationStage[], signs: ArrayLike<number>, inverse = false) {
    checkSize("a rotation", "n", n, LARGEST);
    checkSize("a rotation", "the number of stages", stages.length, 256);
    super(n, n, "real");
    for (const [i, { offset, length, levels, stride }] of stages.entries()) {
      checkSize("a rotation", `stages[${i}].levels`, levels, MOST_LEVELS);
      checkSize("a rotation", `stages[${i}].stride`, stride, n);
      checkSize("a rotation", `stages[${i}].length`, length, n);
      if (!(Number.isInteger(offset) && offset >= 0 && offset + length <= n)) {
        throw new RangeError(
          `Cannot make a rotation: stages[${i}] of ${length} coordinates from ${offset} on does not fit ${n} points`,
        );
      }
      if (length % (stride * 2 ** levels) !== 0) {
        throw new RangeError(
          `Cannot make a rotation: the length ${length} of stages[${i}] is not a multiple of ${stride}·2^${levels}`,
        );
      }
    }
    const expected = signCount(stages);
    if (signs.length !== expected) {
      throw new RangeError(`Cannot make a rotation: expected ${expected} signs, got ${signs.length}`);
    }
    for (let i = 0; i < expected; i++) {
      if (signs[i] !== 1 && signs[i] !== -1) {
        throw new RangeError(`Cannot make a rotation: signs[${i}] must be 1 or -1, got ${signs[i]}`);
      }
    }
    this.stages = stages.map(({ offset, length, levels, stride }) => ({ offset, length, levels, stride }));
    this.signs = Int8Array.from(signs);
    this.inverse = inverse;
  }

  /** Its program. */
  protected build(): Program {
    const { cols: n, stages, signs, inverse } = this;
    const builder = new ProgramBuilder(n), known = new Map<string, Float32Array>();
    let value = 0, at = 0;
    const steps = stages.map((stage, i) => {
      const last = i === stages.length - 1, end = last ? at : at + stage.length;
      return { ...stage, signs: last ? undefined : Float32Array.from(signs.subarray(at, at = end)) };
    });
    for (const { offset, length, levels, stride, signs } of inverse ? steps.reverse() : steps) {
      let part = builder.window(value, length, offset);
      if (signs && inverse) part = builder.diagonal(part, "real", signs);
      const scale = unitaryScale(2 ** levels);
      for (let level = 0; level < levels; level++) {
        const d = stride * 2 ** level, pattern = { a: length / (2 * d), b: 2, c: 2, d }, h = scale(level);
        const key = `${length} ${d} ${h}`, weights = known.get(key) ?? hadamardWeights(pattern, h);
        known.set(key, weights);
        part = builder.factor(part, pattern, "real", weights);
      }
      // Directly behind the stage, they are part of its last pass and cost little.
      if (signs && !inverse) part = builder.diagonal(part, "real", signs);
      const parts = [part], end = offset + length;
      if (offset > 0) parts.unshift(builder.window(value, offset, 0));
      if (end < n) parts.push(builder.window(value, n - end, end));
      value = builder.concat(parts);
    }
    return builder.build(value);
  }

  /** The inverse, which costs as much. */
  override adjoint(): Rotation {
    return new Rotation(this.cols, this.stages, this.signs, !this.inverse);
  }

  /** The inverse. */
  override transpose(): Rotation {
    return this.adjoint();
  }

  /** The signs: nothing else distinguishes two rotations of the same stages. */
  override get parameters(): number {
    return this.signs.length;
  }

  /** The determinant, 1 or −1; those that {@link rotation} draws have 1. */
  get determinant(): number {
    // A level on the coordinates in `length` has length/2 blocks [[1, 1], [1, −1]], each a reflection.
    const blocks = this.stages.reduce((sum, { length, levels }) => sum + length / 2 * levels, 0);
    return this.signs.reduce((product, sign) => product * sign, blocks % 2 === 0 ? 1 : -1);
  }

  /** A short name for messages: "a rotation of 768 points". */
  override describe(): string {
    return `a rotation of ${this.cols} points`;
  }
}

/**
 * A random rotation of any size: orthogonal up to rounding, of determinant 1, the same for the same seed. It costs
 * O(n·log n) additions; its inverse is its adjoint.
 *
 * Up to 64 points it is a dense matrix of the Haar measure. Above, it is made of {@link RotationStage stages} of
 * Hadamard matrices with random signs between them (after the fast Johnson–Lindenstrauss transform of Ailon and Chazelle
 * 2009, and its use in rounds by Andoni et al. 2015). A round mixes neighbours, then coordinates that lie far apart,
 * how far changes from round to round: where the points of a matrix lie a multiple of 4 apart, any such distance is as
 * fast as any other, so that n needs no factor of two, no padding and no permutation. Where n is no multiple of the
 * matrices of a stage, it leaves out a few coordinates at one end, and another stage those at the other end.
 *
 * Coordinates of a rotated vector are distributed as Gaussian numbers are, the distribution function of those of a single
 * coordinate to within 0.03 and with one more round 0.01; up to 64 points as those of a random point on the sphere.
 *
 * @param n points, 1 to 2²⁰
 * @throws {RangeError} when n or rounds is no positive whole number or too large, or the seed no safe integer
 *
 * @example
 * ```ts
 * import { rotation } from "@papillon/papillon";
 * const turn = rotation(768, { seed: 1 }), x = new Float32Array(768);
 * x[5] = 1;
 * const y = turn.apply(x);
 * console.assert(Math.abs(Math.hypot(...y) - 1) < 1e-6); // lengths are kept
 * console.assert(Math.max(...y.map(Math.abs)) < 5 / Math.sqrt(768)); // what was one coordinate is in all of them
 * console.assert(Math.abs(turn.adjoint().apply(y)[5] - 1) < 1e-6);
 * ```
 */
export function rotation(n: number, { seed = 0, rounds }: RotationOptions = {}): Operator {
  checkSize("a rotation", "n", n, LARGEST);
  if (rounds !== undefined) checkSize("a rotation", "rounds", rounds, 16);
  const random = new Random(seed);
  if (n <= LARGEST_DENSE) return new Dense(n, n, Float32Array.from(haarRotation(n, random)));
  const stages = stagesOf(n, rounds);
  const signs = Int8Array.from({ length: signCount(stages) }, () => random.word() >>> 31 ? -1 : 1);
  const drawn = new Rotation(n, stages, signs);
  if (drawn.determinant === 1) return drawn;
  signs[0] *= -1;
  return new Rotation(n, stages, signs);
}

/** How many signs a rotation of these stages has. */
function signCount(stages: readonly RotationStage[]): number {
  return stages.slice(0, -1).reduce((sum, { length }) => sum + length, 0);
}

/** The weights of a factor with the blocks h·[[1, 1], [1, −1]]. */
function hadamardWeights({ a, d }: Pattern, h: number): Float32Array {
  return Float32Array.from({ length: 4 * a * d }, (_, k) => Math.floor(k / d) % 4 === 3 ? -h : h);
}

/**
 * The stages of a rotation of n > 64 points, by default as many as (by measurement) make one coordinate look Gaussian: it
 * comes out as sums of 2^levels/n random signs, where levels are those of all stages.
 */
function stagesOf(n: number, rounds: number | undefined): RotationStage[] {
  const near = fewestLeft(
    n,
    NEAR_LEVELS,
    (levels) => ({ offset: 0, length: n - n % 2 ** levels, levels, stride: 1 }),
  );
  // What lies farthest apart first, then what lies 8 times as near, down to blocks of 32: what the near ones have mixed.
  const far = [fewestLeft(n, FAR_LEVELS, (levels) => farStage(n, levels, 1))];
  let target = 2 ** NEAR_LEVELS;
  for (; target * 2 ** FAR_LEVELS < n; target *= 2 ** FAR_LEVELS) far.splice(1, 0, middle(n, target));
  const stages = [far[0]];
  let levels = far[0].levels;
  // Where some stages leave out some coordinates, these need one more.
  const least = Math.max(2, far.length) + ([near, ...far].some(({ length }) => length < n) ? 1 : 0);
  const enough = (): boolean => levels >= 3 * Math.log2(n) - 11;
  for (let round = 1; rounds === undefined ? round <= least || !enough() : round <= rounds; round++) {
    const next = far[round % far.length];
    stages.push(near, next);
    levels += near.levels + next.levels;
  }
  // Which end is left out changes so that both are, for each kind of stage.
  return stages.map((stage, i) => ({ ...stage, offset: (i + (i >> 1)) % 2 ? n - stage.length : 0 }));
}

/** The stage, of so many levels or one less, that leaves out fewer coordinates. */
function fewestLeft(n: number, most: number, make: (levels: number) => RotationStage): RotationStage {
  const cost = ({ length, levels }: RotationStage): number => (n - length) / n + (most - levels) / 8;
  const whole = make(most), less = make(most - 1);
  return cost(less) < cost(whole) ? less : whole;
}

/** A stage on `parts` equal parts of n points, as long as possible for a stride that is a multiple of 4. */
function farStage(n: number, levels: number, parts: number): RotationStage {
  const stride = 4 * Math.floor(n / (parts * 2 ** (levels + 2)));
  return { offset: 0, length: parts * stride * 2 ** levels, levels, stride };
}

/** A far stage with a stride of about `target`; which exactly is free, and taken so that few coordinates are left out. */
function middle(n: number, target: number): RotationStage {
  let best = farStage(n, FAR_LEVELS, 1), least = Infinity;
  const parts = n / (target * 2 ** FAR_LEVELS);
  for (let p = Math.ceil(parts / 1.7); p <= Math.max(1, parts * 1.7); p++) {
    const stage = farStage(n, FAR_LEVELS, p),
      cost = (n - stage.length) / n + Math.abs(Math.log2(p / parts)) / 64;
    if (cost < least) [best, least] = [stage, cost];
  }
  return best;
}

/** A dense matrix of the Haar measure on rotations, row-major, in float64. */
function haarRotation(n: number, random: Random): Float64Array {
  const q = Float64Array.from({ length: n * n }, () => random.normal());
  const row = (i: number): Float64Array => q.subarray(i * n, i * n + n);
  const negative = determinantSign(q.slice(), n) < 0;
  for (let i = 0; i < n; i++) {
    const x = row(i);
    // Twice is enough for rounding.
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) {
        const y = row(j), along = dot(x, y);
        for (let k = 0; k < n; k++) x[k] -= along * y[k];
      }
      const size = Math.sqrt(dot(x, x));
      for (let k = 0; k < n; k++) x[k] /= size;
    }
  }
  // Gram and Schmidt keep the sign of the determinant; reflections become rotations by changing the sign of a row.
  if (negative) row(0).forEach((value, k) => q[k] = -value);
  return q;
}

function dot(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < x.length; k++) sum += x[k] * y[k];
  return sum;
}

/** The sign of the determinant, by elimination with pivots; destroys the matrix. */
function determinantSign(m: Float64Array, n: number): number {
  let sign = 1;
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let i = column + 1; i < n; i++) {
      if (Math.abs(m[i * n + column]) > Math.abs(m[pivot * n + column])) pivot = i;
    }
    if (pivot !== column) {
      const kept = m.slice(pivot * n, pivot * n + n);
      m.copyWithin(pivot * n, column * n, column * n + n);
      m.set(kept, column * n);
      sign = -sign;
    }
    const head = m[column * n + column];
    if (head < 0) sign = -sign;
    for (let i = column + 1; i < n; i++) {
      const part = m[i * n + column] / head;
      for (let k = column; k < n; k++) m[i * n + k] -= part * m[column * n + k];
    }
  }
  return sign;
}
