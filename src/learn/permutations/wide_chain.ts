/**
 * Radix-2 chains in float64 on points of one or two real channels, forward and backward: what all models of learned
 * permutations are made of.
 *
 * A real butterfly has one channel. A complex one has two, the real and the imaginary part, and blocks of the shape
 * [[re, −im], [im, re]]. A real chain of rank 2 has two with any blocks: so it holds the real part of a complex butterfly, and
 * where half of the values are conjugated by mistake, which is a local minimum of complex weights (each conjugate is as good as
 * the other, neighbours must agree), it only needs a sign. Cosine transforms are found from every start that way, and
 * from few as the real part of complex chains.
 *
 * @module
 */
import type { Random } from "../../program/random.ts";
import type { Pattern } from "../../program/step.ts";
import { orthogonalWeights } from "../initial.ts";
import { log2 } from "../target.ts";

/** What the weights are: of real or complex butterflies, or of a real chain of rank 2. */
export type ChainKind = "real" | "complex" | "rank 2";

/** One factor. */
export interface Level {
  /** Of its pairs. */
  readonly stride: number;
  /** Channels of its input. */
  readonly inputs: number;
  /** Channels of its output. */
  readonly outputs: number;
  /** Where its weights lie. */
  readonly begin: number;
  /** Where they end. */
  readonly end: number;
}

/** A chain: how many points, what its weights are, channels of its input and of its output. */
export interface ChainShape {
  /** Points, a power of two from 2 on. */
  readonly n: number;
  /** What the weights are. */
  readonly kind: ChainKind;
  /** Channels of its input: 1 for real numbers, 2 for complex ones or between chains of rank 2. */
  readonly inputs: number;
  /** Channels of its output that are wanted. */
  readonly outputs: number;
  /** Whether the strides are n/2 … 1, as in B*, rather than 1 … n/2; not for rank 2. */
  readonly decreasing?: boolean;
}

/** The factors of a chain in the order of application; the weights lie in the order of the strides. */
export function levelsOf({ n, kind, inputs, outputs, decreasing = false }: ChainShape): Level[] {
  const depth = log2(n), wide = kind === "real" ? 1 : 2, levels: Level[] = [];
  let begin = 0;
  for (let level = 0; level < depth; level++) {
    const own = { inputs: level === 0 ? inputs : wide, outputs: level === depth - 1 ? outputs : wide };
    const size = 2 * n * (kind === "rank 2" ? own.inputs * own.outputs : wide);
    const power = decreasing ? depth - 1 - level : level, at = decreasing ? power * size : begin;
    levels.push({ stride: 1 << power, ...own, begin: at, end: at + size });
    begin += size;
  }
  return levels;
}

/** How many reals the weights of each factor are, in the order of application. */
export function factorSizes(shape: ChainShape): number[] {
  return levelsOf(shape).map(({ begin, end }) => end - begin);
}

/**
 * The pattern of a factor of a chain of rank 2, whose weights are those of a Kronecker-sparse factor. Points with two
 * channels are in the order [point][channel] at its input and, in each pair of points, [channel][point] at its output: so
 * factors follow each other without permutations.
 */
export function levelPattern({ n }: ChainShape, { stride, inputs, outputs }: Level): Pattern {
  return { a: n / 2 / stride, b: 2 * outputs, c: 2 * inputs, d: stride };
}

/** Weights to start from that keep norms through any depth: orthogonal blocks. */
export function chainStart(shape: ChainShape, random: Random): Float64Array {
  if (shape.kind !== "rank 2") return orthogonalWeights(shape.n, shape.kind, random);
  const levels = levelsOf(shape), weights = new Float64Array(levels.at(-1)!.end);
  for (const level of levels) {
    const { a, b, c, d } = levelPattern(shape, level);
    for (let block = 0; block < a; block++) {
      for (let offset = 0; offset < d; offset++) {
        const q = orthonormal(Math.min(b, c), Math.max(b, c), random), scale = b < c ? Math.sqrt(c / b) : 1;
        for (let row = 0; row < b; row++) {
          for (let column = 0; column < c; column++) {
            const value = b < c ? q[row * c + column] : q[column * b + row];
            weights[level.begin + ((block * b + row) * c + column) * d + offset] = scale * value;
          }
        }
      }
    }
  }
  return weights;
}

/** Random orthonormal rows. */
function orthonormal(rows: number, columns: number, random: Random): Float64Array {
  const q = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const own = q.subarray(row * columns, (row + 1) * columns);
    for (let i = 0; i < columns; i++) own[i] = random.normal();
    for (let before = 0; before < row; before++) {
      const other = q.subarray(before * columns, (before + 1) * columns);
      const share = own.reduce((sum, x, i) => sum + x * other[i], 0);
      for (let i = 0; i < columns; i++) own[i] -= share * other[i];
    }
    const norm = Math.hypot(...own);
    for (let i = 0; i < columns; i++) own[i] /= norm;
  }
  return q;
}

/** A workspace for one chain applied to `width` vectors at once. Values lie [point][channel][vector]. */
export class WideChain {
  readonly #kind: ChainKind;
  readonly #first: boolean;
  readonly #n: number;
  readonly #width: number;
  readonly #levels: readonly Level[];
  /** The input of each level, then the output. */
  readonly #values: Float64Array[];
  readonly #slopes: [Float64Array, Float64Array];
  readonly #block = new Float64Array(16);
  readonly #turned = new Float64Array(16);
  readonly #slope = new Float64Array(16);

  /**
   * @param width vectors
   * @param first whether it is only ever applied to the identity: then each factor is applied to what is not zero yet
   */
  constructor(shape: ChainShape, width: number, first: boolean) {
    const { n, kind, outputs } = shape, levels = levelsOf(shape);
    this.#kind = kind;
    this.#first = first && !shape.decreasing;
    this.#n = n;
    this.#width = width;
    this.#levels = levels;
    this.#values = levels.map(({ inputs }) => new Float64Array(n * inputs * width));
    this.#values.push(new Float64Array(n * outputs * width));
    const most = Math.max(...this.#values.map(({ length }) => length));
    this.#slopes = [new Float64Array(most), new Float64Array(most)];
  }

  /** Applies the chain; the result is the workspace's own. */
  forward(weights: Float64Array, x: Float64Array): Float64Array {
    this.#values[0].set(x);
    for (let i = 0; i < this.#levels.length; i++) this.#apply(weights, i);
    return this.#values[this.#levels.length];
  }

  #apply(weights: Float64Array, index: number): void {
    const level = this.#levels[index], { stride: s, inputs, outputs } = level, width = this.#width;
    const x = this.#values[index], y = this.#values[index + 1], w = this.#block;
    const wide = inputs === 2;
    for (let block = 0; block < this.#n; block += 2 * s) {
      const from = this.#first ? block : 0, to = this.#first ? block + 2 * s : width;
      for (let d = 0; d < s; d++) {
        this.#gather(weights, level, block, d);
        const upper = (block + d) * inputs * width, lower = upper + s * inputs * width;
        if (inputs === outputs) {
          if (wide) combineWide(w, x, y, upper, lower, width, from, to);
          else combinePair(w, x, upper, lower, y, from, to);
          continue;
        }
        for (let r = 0; r < 2 * outputs; r++) {
          const at = row(block + d, s, r, outputs) * width;
          if (wide) combine4(w, 4 * r, x, upper, lower, width, y, at, from, to);
          else combine2(w, 2 * r, x, upper, lower, y, at, from, to);
        }
      }
    }
  }

  /**
   * The way back after {@link WideChain.forward}: writes the gradient of the weights into `slope` and returns the
   * cotangent of the input, the workspace's own; for a first chain nothing is behind, and it means nothing.
   */
  backward(weights: Float64Array, g: Float64Array, slope: Float64Array): Float64Array {
    let [upper, lower] = this.#slopes;
    upper.set(g);
    for (let i = this.#levels.length - 1; i >= 0; i--) {
      this.#back(weights, i, upper, lower, slope);
      [upper, lower] = [lower, upper];
    }
    return upper;
  }

  #back(
    weights: Float64Array,
    index: number,
    g: Float64Array,
    back: Float64Array,
    slope: Float64Array,
  ): void {
    const level = this.#levels[index], { stride: s, inputs, outputs } = level, width = this.#width;
    const x = this.#values[index], w = this.#block, t = this.#turned, found = this.#slope;
    const rows = 2 * outputs, columns = 2 * inputs;
    for (let block = 0; block < this.#n; block += 2 * s) {
      const from = this.#first ? block : 0, to = this.#first ? block + 2 * s : width;
      for (let d = 0; d < s; d++) {
        this.#gather(weights, level, block, d);
        const upper = (block + d) * outputs * width, lower = upper + s * outputs * width;
        if (rows === 2 && columns === 2) {
          pullPair(w, x, g, upper, lower, back, from, to, found);
          this.#scatter(slope, level, block, d);
          continue;
        }
        for (let q = 0; q < columns; q++) {
          const at = row(block + d, s, q, inputs) * width;
          for (let r = 0; r < rows; r++) t[q * rows + r] = w[r * columns + q];
          if (rows === columns) continue;
          if (outputs === 2) combine4(t, 4 * q, g, upper, lower, width, back, at, from, to);
          else combine2(t, 2 * q, g, upper, lower, back, at, from, to);
        }
        if (rows === columns) combineWide(t, g, back, upper, lower, width, from, to);
        if (rows === columns && this.#kind === "complex") {
          complexProducts(g, x, upper, lower, width, from, to, found);
          this.#scatter(slope, level, block, d);
          continue;
        }
        for (let r = 0; r < rows; r += 2) {
          const g0 = row(block + d, s, r, outputs) * width, g1 = row(block + d, s, r + 1, outputs) * width;
          for (let q = 0; q < columns; q += 2) {
            const x0 = row(block + d, s, q, inputs) * width, x1 = row(block + d, s, q + 1, inputs) * width;
            products(g, g0, g1, x, x0, x1, from, to, found, r * columns + q, columns);
          }
        }
        this.#scatter(slope, level, block, d);
      }
    }
  }

  /** The block of a pair as a real matrix of 2·outputs × 2·inputs entries; rows and columns (point, channel). */
  #gather(
    weights: Float64Array,
    { stride: s, inputs, outputs, begin }: Level,
    block: number,
    d: number,
  ): void {
    const w = this.#block, columns = 2 * inputs;
    if (this.#kind === "rank 2") {
      // In the weights, rows are (channel, point): then the blocks of all levels are Kronecker-sparse factors.
      const base = begin + block * 2 * outputs * inputs + d;
      for (let r = 0; r < 2 * outputs; r++) {
        const own = outputs === 1 ? r : (r & 1) * 2 + (r >> 1);
        for (let q = 0; q < columns; q++) w[r * columns + q] = weights[base + (own * columns + q) * s];
      }
      return;
    }
    for (let pair = 0; pair < 4; pair++) {
      const at = 2 * block + pair * s + d, r = (pair >> 1) * outputs, q = (pair & 1) * inputs;
      if (this.#kind === "real") {
        w[r * columns + q] = weights[begin + at];
        continue;
      }
      const re = weights[begin + 2 * at], im = weights[begin + 2 * at + 1];
      w[r * columns + q] = re;
      if (inputs === 2) w[r * columns + q + 1] = -im;
      if (outputs === 2) w[(r + 1) * columns + q] = im;
      if (inputs === 2 && outputs === 2) w[(r + 1) * columns + q + 1] = re;
    }
  }

  /** The transpose of {@link WideChain.#gather}. */
  #scatter(
    slope: Float64Array,
    { stride: s, inputs, outputs, begin }: Level,
    block: number,
    d: number,
  ): void {
    const found = this.#slope, columns = 2 * inputs;
    if (this.#kind === "rank 2") {
      const base = begin + block * 2 * outputs * inputs + d;
      for (let r = 0; r < 2 * outputs; r++) {
        const own = outputs === 1 ? r : (r & 1) * 2 + (r >> 1);
        for (let q = 0; q < columns; q++) slope[base + (own * columns + q) * s] = found[r * columns + q];
      }
      return;
    }
    for (let pair = 0; pair < 4; pair++) {
      const at = 2 * block + pair * s + d, r = (pair >> 1) * outputs, q = (pair & 1) * inputs;
      let re = found[r * columns + q], im = 0;
      if (this.#kind === "real") {
        slope[begin + at] = re;
        continue;
      }
      if (inputs === 2) im -= found[r * columns + q + 1];
      if (outputs === 2) im += found[(r + 1) * columns + q];
      if (inputs === 2 && outputs === 2) re += found[(r + 1) * columns + q + 1];
      slope[begin + 2 * at] = re;
      slope[begin + 2 * at + 1] = im;
    }
  }
}

/** Which row (point, channel) a row of a block is. */
function row(point: number, s: number, r: number, channels: number): number {
  return channels === 1 ? point + r * s : 2 * (point + (r >> 1) * s) + (r & 1);
}

/** A pair of points with one channel from another: both rows at once. */
function combinePair(
  [a, b, c, d]: Float64Array,
  x: Float64Array,
  upper: number,
  lower: number,
  y: Float64Array,
  from: number,
  to: number,
): void {
  for (let i = from; i < to; i++) {
    const u = x[upper + i], v = x[lower + i];
    y[upper + i] = a * u + b * v;
    y[lower + i] = c * u + d * v;
  }
}

/** The way back of {@link combinePair}: the cotangents of the pair, and the slopes of the block. */
function pullPair(
  [a, b, c, d]: Float64Array,
  x: Float64Array,
  g: Float64Array,
  upper: number,
  lower: number,
  back: Float64Array,
  from: number,
  to: number,
  slope: Float64Array,
): void {
  let first = 0, second = 0, third = 0, fourth = 0;
  for (let i = from; i < to; i++) {
    const p = g[upper + i], q = g[lower + i], u = x[upper + i], v = x[lower + i];
    back[upper + i] = a * p + c * q;
    back[lower + i] = b * p + d * q;
    first += p * u;
    second += p * v;
    third += q * u;
    fourth += q * v;
  }
  slope[0] = first;
  slope[1] = second;
  slope[2] = third;
  slope[3] = fourth;
}

/** A pair of points with two channels from another: all four rows at once. */
function combineWide(
  w: Float64Array,
  x: Float64Array,
  y: Float64Array,
  upper: number,
  lower: number,
  width: number,
  from: number,
  to: number,
): void {
  const [w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, wa, wb, wc, wd, we, wf] = w;
  const second = upper + width, last = lower + width;
  for (let i = from; i < to; i++) {
    const a = x[upper + i], b = x[second + i], c = x[lower + i], d = x[last + i];
    y[upper + i] = w0 * a + w1 * b + w2 * c + w3 * d;
    y[second + i] = w4 * a + w5 * b + w6 * c + w7 * d;
    y[lower + i] = w8 * a + w9 * b + wa * c + wb * d;
    y[last + i] = wc * a + wd * b + we * c + wf * d;
  }
}

/**
 * The slopes of a complex block: where it has re, those of the real part, where it has im below the diagonal of a number, those
 * of the imaginary part, and zero in their second places.
 */
function complexProducts(
  g: Float64Array,
  x: Float64Array,
  upper: number,
  lower: number,
  width: number,
  from: number,
  to: number,
  slope: Float64Array,
): void {
  const second = upper + width, last = lower + width;
  let a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, h = 0, k = 0;
  for (let i = from; i < to; i++) {
    const p = g[upper + i], q = g[second + i], r = g[lower + i], s = g[last + i];
    const t = x[upper + i], u = x[second + i], v = x[lower + i], w = x[last + i];
    a += p * t + q * u;
    b += q * t - p * u;
    c += p * v + q * w;
    d += q * v - p * w;
    e += r * t + s * u;
    f += s * t - r * u;
    h += r * v + s * w;
    k += s * v - r * w;
  }
  slope.fill(0);
  slope[0] = a;
  slope[4] = b;
  slope[2] = c;
  slope[6] = d;
  slope[8] = e;
  slope[12] = f;
  slope[10] = h;
  slope[14] = k;
}

/** One row from a pair of points with one channel. */
function combine2(
  w: Float64Array,
  k: number,
  x: Float64Array,
  upper: number,
  lower: number,
  y: Float64Array,
  at: number,
  from: number,
  to: number,
): void {
  const a = w[k], b = w[k + 1];
  for (let i = from; i < to; i++) y[at + i] = a * x[upper + i] + b * x[lower + i];
}

/** One row from a pair of points with two channels. */
function combine4(
  w: Float64Array,
  k: number,
  x: Float64Array,
  upper: number,
  lower: number,
  width: number,
  y: Float64Array,
  at: number,
  from: number,
  to: number,
): void {
  const a = w[k], b = w[k + 1], c = w[k + 2], d = w[k + 3], second = upper + width, last = lower + width;
  for (let i = from; i < to; i++) {
    y[at + i] = a * x[upper + i] + b * x[second + i] + c * x[lower + i] + d * x[last + i];
  }
}

/** Four inner products of two rows with two. */
function products(
  g: Float64Array,
  g0: number,
  g1: number,
  x: Float64Array,
  x0: number,
  x1: number,
  from: number,
  to: number,
  result: Float64Array,
  k: number,
  columns: number,
): void {
  let a = 0, b = 0, c = 0, d = 0;
  for (let i = from; i < to; i++) {
    const p = g[g0 + i], q = g[g1 + i], u = x[x0 + i], v = x[x1 + i];
    a += p * u;
    b += p * v;
    c += q * u;
    d += q * v;
  }
  result[k] = a;
  result[k + 1] = b;
  result[k + columns] = c;
  result[k + columns + 1] = d;
}
