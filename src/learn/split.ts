/**
 * The factors of a chain in closed form, without any search: after Zheng, Riccietti and Gribonval (2022) and Le, Zheng,
 * Riccietti and Gribonval (2024).
 *
 * A chain cut in two, M = X·Y, is a sum of pieces of rank r with disjoint rectangular supports: outputs (i, β, π, δ) for
 * all β times inputs (i, κ, γ, δ) for all γ, one piece for each (i, κ, π, δ). So each piece is a submatrix of M, and its
 * best approximation of rank r gives r columns of X and r rows of Y. The halves are cut again in the same way. With cuts
 * in the middle the first one costs O(n²) for radix 2 and all the others together less.
 *
 * Errors: what a node loses counts in M multiplied by what lies to its left and to its right. So everything to the right
 * of the node that is cut has orthonormal rows (the V of the pieces), and everything to the left orthonormal columns (by
 * Gram and Schmidt, once a half is done; the triangular parts go over to the right half). Then each cut loses exactly
 * its distance to the nearest matrix that could be cut there, which no cut before has made larger (it projects on the
 * row space or on the column space of the pieces). No chain is nearer to M than the largest of these losses, and the
 * error is at most their sum: at most (number of cuts) × the smallest possible error.
 *
 * @module
 */
import { fusePatterns, patternWeights, pieceRank } from "../operator/pattern.ts";
import type { Pattern } from "../program/step.ts";
import { LowRank, subtract } from "./low_rank.ts";
import type { Field } from "./target.ts";
import type { Task } from "./task.ts";
import { orthonormalise } from "./vectors.ts";

/** What {@link splitTask} gives. */
export interface Split {
  /** Weights [a][b][c][d] of each factor in the order of application; zeros where it was stopped before. */
  readonly factors: Float64Array[];
  /** ‖M − product‖²_F on the support of the product. */
  readonly squaredError: number;
  /** ‖M − product‖_F of every product of such factors is at least this. */
  readonly bound: number;
  /** Whether the task was stopped. */
  readonly stopped: boolean;
}

/** Numbers of a pair of neighbours that is cut or fused, after the names in {@link fusePatterns}. */
export interface Cut {
  /** The half that is applied last. */
  readonly left: Pattern;
  /** The half that is applied first. */
  readonly right: Pattern;
  /** Of the pieces. */
  readonly rank: number;
  /** The pattern of the product. */
  readonly whole: Pattern;
  /** Pieces that follow each other in the inputs of a block. */
  readonly q: number;
  /** Pieces that are interleaved in the outputs of a block. */
  readonly p: number;
}

/** The cut of a chain before factor `middle`, counted in the order of application. */
export function cutAt(patterns: readonly Pattern[], middle: number): Cut {
  return cutBetween(fuseAll(patterns.slice(middle)), fuseAll(patterns.slice(0, middle)));
}

/** The pattern of a product, its factors in the order of application. */
export function fuseAll(patterns: readonly Pattern[]): Pattern {
  return patterns.reduce((right, left) => fusePatterns(left, right));
}

function cutBetween(left: Pattern, right: Pattern): Cut {
  const rank = pieceRank(left, right);
  if (rank === undefined) throw new RangeError("Cannot cut a chain that is not chainable");
  return { left, right, rank, whole: fusePatterns(left, right), q: right.a / left.a, p: left.d / right.d };
}

/** Calls back for each piece with i·q + κ, and with π·d + δ. */
function* pieces({ right, p }: Cut): Generator<[number, number]> {
  for (let block = 0; block < right.a; block++) {
    for (let lane = 0; lane < p * right.d; lane++) yield [block, lane];
  }
}

/** Where the entries of a piece lie: the first, and the steps from row to row and from column to column. */
export function placeInWhole(
  { right, whole, q, p }: Cut,
  block: number,
  lane: number,
): [number, number, number] {
  const row = ((Math.floor(block / q) * whole.b + Math.floor(lane / right.d)) * whole.c) * whole.d;
  return [row + block % q * right.c * whole.d + lane % right.d, p * whole.c * whole.d, whole.d];
}

/** Where column ρ of a piece lies in the left half: its first entry for ρ = 0, the step of rows, that of ρ. */
function placeInLeft({ left, rank, q }: Cut, block: number, lane: number): [number, number, number] {
  const first = (Math.floor(block / q) * left.b * left.c + block % q * rank) * left.d + lane;
  return [first, left.c * left.d, left.d];
}

/** Where row ρ of a piece lies in the right half: its first entry for ρ = 0, the step of columns, that of ρ. */
function placeInRight({ right, p }: Cut, block: number, lane: number): [number, number, number] {
  const first = (block * right.b + Math.floor(lane / right.d)) * right.c * right.d + lane % right.d;
  return [first, right.d, p * right.c * right.d];
}

/** Copies `count` numbers of `width` floats between strided places. */
function copy(
  from: Float64Array,
  at: number,
  step: number,
  to: Float64Array,
  place: number,
  stride: number,
  count: number,
  width: number,
): void {
  for (let k = 0; k < count; k++) {
    for (let part = 0; part < width; part++) {
      to[(place + k * stride) * width + part] = from[(at + k * step) * width + part];
    }
  }
}

/**
 * Splits a matrix, given on the support of the product, into the factors of a chain.
 *
 * @param matrix the entries [a][b][c][d] of the product of all patterns; row-major where a and d are 1.
 * @param patterns a chainable chain in the order of application.
 */
export function* splitTask(matrix: Float64Array, patterns: readonly Pattern[], field: Field): Task<Split> {
  const splitter = new Splitter(patterns, field);
  yield* splitter.split(matrix, 0, patterns.length);
  const { factors, stopped } = splitter;
  const squaredError = patterns.length === 1 ? 0 : splitter.squaredError(matrix);
  return { factors, squaredError, bound: Math.sqrt(splitter.largestLoss), stopped };
}

class Splitter {
  readonly factors: Float64Array[];
  largestLoss = 0;
  stopped = false;
  readonly #patterns: readonly Pattern[];
  readonly #field: Field;
  readonly #width: 1 | 2;
  #step = 0;

  constructor(patterns: readonly Pattern[], field: Field) {
    this.#patterns = patterns;
    this.#field = field;
    this.#width = field === "complex" ? 2 : 1;
    this.factors = patterns.map((pattern) => new Float64Array(patternWeights(pattern) * this.#width));
  }

  #cut(low: number, high: number): Cut & { middle: number } {
    const middle = (low + high) >> 1;
    return { ...cutAt(this.#patterns.slice(low, high), middle - low), middle };
  }

  /**
   * Cuts a node, the product of the factors low … high − 1. Afterwards all of these but the one applied first have
   * orthonormal columns.
   */
  *split(node: Float64Array, low: number, high: number): Task<void> {
    const width = this.#width;
    if (high - low === 1) {
      this.factors[low].set(node);
      return;
    }
    const cut = this.#cut(low, high);
    const { left, right, rank, middle } = cut;
    const X = new Float64Array(patternWeights(left) * width);
    const Y = new Float64Array(patternWeights(right) * width);
    const rows = left.b;
    const columns = right.c;
    const piece = new LowRank(rows, columns, this.#field, rank);
    let loss = 0;
    for (const [block, lane] of pieces(cut)) {
      const stop = yield { phase: "closed form", step: this.#step++, rmse: Infinity, restart: 0 };
      if (stop !== undefined) this.stopped = true;
      if (this.stopped) return;
      const [at, down, along] = placeInWhole(cut, block, lane);
      for (let row = 0; row < rows; row++) {
        copy(node, at + row * down, along, piece.matrix, row * columns, 1, columns, width);
      }
      loss += piece.approximate(rows, columns).rest;
      const [x, xDown, xNext] = placeInLeft(cut, block, lane);
      const [y, yAlong, yNext] = placeInRight(cut, block, lane);
      for (let rho = 0; rho < rank; rho++) {
        copy(piece.left, rho * rows, 1, X, x + rho * xNext, xDown, rows, width);
        copy(piece.right, rho * columns, 1, Y, y + rho * yNext, yAlong, columns, width);
      }
    }
    this.largestLoss = Math.max(this.largestLoss, loss);
    yield* this.split(X, middle, high);
    if (this.stopped) return;
    this.#handOver(Y, right, middle);
    yield* this.split(Y, low, middle);
  }

  /** Makes the columns of the left half orthonormal and multiplies the rows of the right one, Y, by what that took. */
  #handOver(Y: Float64Array, right: Pattern, middle: number): void {
    const width = this.#width;
    const F = this.factors[middle];
    const cut = cutBetween(this.#patterns[middle], right);
    const { left, rank } = cut;
    const columns = new Float64Array(rank * left.b * width);
    const triangle = new Float64Array(rank * rank * width);
    const line = new Float64Array(right.c * width);
    const rows = new Float64Array(rank * right.c * width);
    for (const [block, lane] of pieces(cut)) {
      const [x, xDown, xNext] = placeInLeft(cut, block, lane);
      for (let rho = 0; rho < rank; rho++) {
        copy(F, x + rho * xNext, xDown, columns, rho * left.b, 1, left.b, width);
      }
      orthonormalise(columns, rank, left.b * width, width, triangle);
      for (let rho = 0; rho < rank; rho++) {
        copy(columns, rho * left.b, 1, F, x + rho * xNext, xDown, left.b, width);
      }
      const [y, yAlong, yNext] = placeInRight(cut, block, lane);
      for (let rho = 0; rho < rank; rho++) {
        copy(Y, y + rho * yNext, yAlong, rows, rho * right.c, 1, right.c, width);
      }
      for (let rho = 0; rho < rank; rho++) {
        line.fill(0);
        for (let sigma = rho; sigma < rank; sigma++) {
          const r = (rho * rank + sigma) * width;
          const im = width === 2 ? -triangle[r + 1] : 0;
          subtract(line, rows, sigma * right.c * width, -triangle[r], im, width);
        }
        copy(line, 0, 1, Y, y + rho * yNext, yAlong, right.c, width);
      }
    }
  }

  /** ‖node − product‖² piece by piece, without the dense product. */
  squaredError(node: Float64Array): number {
    const cut = this.#cut(0, this.#patterns.length);
    const width = this.#width;
    const line = new Float64Array(cut.right.c * width);
    let sum = 0;
    this.#eachLine(cut, (row, along, product) => {
      copy(node, row, along, line, 0, 1, cut.right.c, width);
      for (let i = 0; i < line.length; i++) sum += (line[i] - product[i]) ** 2;
    });
    return sum;
  }

  #eachLine(cut: Cut & { middle: number }, visit: LineVisitor): void {
    const halves = [this.factors.slice(0, cut.middle), this.factors.slice(cut.middle)];
    const patterns = [this.#patterns.slice(0, cut.middle), this.#patterns.slice(cut.middle)];
    const Y = chainProduct(patterns[0], halves[0], this.#field);
    const X = chainProduct(patterns[1], halves[1], this.#field);
    eachLine(cut, X, Y, this.#width, visit);
  }
}

/** Gets a row of a piece of a product: where it begins in the product, the step to the next entry, and its entries. */
type LineVisitor = (at: number, step: number, line: Float64Array) => void;

function eachLine(cut: Cut, X: Float64Array, Y: Float64Array, width: number, visit: LineVisitor): void {
  const { left, right, rank } = cut;
  const rows = new Float64Array(rank * right.c * width);
  const line = new Float64Array(right.c * width);
  for (const [block, lane] of pieces(cut)) {
    const [at, down, along] = placeInWhole(cut, block, lane);
    const [x, xDown, xNext] = placeInLeft(cut, block, lane);
    const [y, yAlong, yNext] = placeInRight(cut, block, lane);
    for (let rho = 0; rho < rank; rho++) {
      copy(Y, y + rho * yNext, yAlong, rows, rho * right.c, 1, right.c, width);
    }
    for (let row = 0; row < left.b; row++) {
      line.fill(0);
      for (let rho = 0; rho < rank; rho++) {
        const w = (x + row * xDown + rho * xNext) * width;
        subtract(line, rows, rho * right.c * width, -X[w], width === 2 ? -X[w + 1] : 0, width);
      }
      visit(at + row * down, along, line);
    }
  }
}

/**
 * The product of the factors of a chainable chain in float64, on its support [a][b][c][d]: the dense matrix, row-major,
 * where a and d are 1.
 *
 * @param patterns in the order of application
 * @param factors the weights of each, laid out [a][b][c][d], interleaved if complex
 */
export function chainProduct(
  patterns: readonly Pattern[],
  factors: readonly Float64Array[],
  field: Field,
): Float64Array {
  if (patterns.length === 1) return factors[0];
  const width = field === "complex" ? 2 : 1;
  const middle = patterns.length >> 1;
  const Y = chainProduct(patterns.slice(0, middle), factors.slice(0, middle), field);
  const X = chainProduct(patterns.slice(middle), factors.slice(middle), field);
  const cut = cutAt(patterns, middle);
  const product = new Float64Array(patternWeights(cut.whole) * width);
  eachLine(cut, X, Y, width, (at, step, line) => copy(line, 0, 1, product, at, step, cut.right.c, width));
  return product;
}
