/**
 * Weights in the order in which the kernels read them: general form, unit-diagonal form, and panels of dense blocks.
 *
 * @module
 */

import { eachVector, iterations, type Pass, passFactors, registerOffsets, type Run, weightIndex } from "./chain.ts";
import type { DenseStep } from "./step.ts";

/** Floats of packed weights of a pass. A lane factor keeps its plain layout. */
export function packedLength(pass: Pass, run: Run, form: "unit" | "general", scaled: boolean): number {
  const perVector = run.complex ? 8 : 4;
  return run.n / 4 * perVector * (passFactors(pass) * (form === "unit" ? 1 : 2) + (scaled ? 1 : 0));
}

/** Byte offsets of the iterations of a pass, source and destination, as the kernels read them. */
export function offsetTable(pass: Pass, run: Run): Uint32Array {
  const bytes = run.complex ? 8 : 4;
  const points = iterations(pass, run.n);
  const table = new Uint32Array(points.length * 2);
  points.forEach((point, i) => table[2 * i] = table[2 * i + 1] = point * bytes);
  return table;
}

/**
 * For each float of the packed general form of a pass, the index of the float it comes from, counted through the
 * weights of its factors one after another.
 */
export function generalIndex(pass: Pass, run: Run): Uint32Array {
  const unit = run.complex ? 2 : 1;
  const index = new Uint32Array(packedLength(pass, run, "general", false));
  const starts = [0];
  for (let f = 0; f < passFactors(pass); f++) {
    starts.push(starts[f] + run.factors[pass.first + f].weights.length);
  }
  let at = 0;
  eachVector(pass, run.n, (factor, point) => {
    const stride = run.factors[factor].pattern.d, start = starts[factor - pass.first];
    for (const partner of [false, true]) {
      for (let part = 0; part < unit; part++) {
        for (let lane = 0; lane < 4; lane++) {
          index[at++] = start + weightIndex(stride, point + lane, partner) * unit + part;
        }
      }
    }
  });
  return index;
}

/** A pass with its diagonals divided out: the partner weights of each factor, and the diagonal left over. */
interface UnitPass {
  readonly factors: readonly Float64Array[];
  readonly scale: Float64Array;
}

/** One pass in unit form, or as it is. */
export interface PackedPass {
  readonly pass: Pass;
  readonly form: "unit" | "general";
  /** A diagonal that follows the last factor. */
  readonly scaled: boolean;
  readonly weights: Float32Array;
}

/** Scales may grow this far from 1 before they are brought back: they multiply values of any size the user has. */
const LARGEST = 2 ** 40;

/**
 * Packs the passes of a run in unit-diagonal form where that is possible: y[k] = x[k] + o·x[partner], one
 * multiply-add and one weight for each output instead of two. The diagonal of each factor is pulled out to the left
 * and pushed into the columns of the next; what is left at the end is one diagonal, which the last pass applies. A
 * pass with a zero (or nearly zero) on a diagonal keeps the general form; the pass before it applies what is pending.
 */
export function packRun(run: Run, passes: readonly Pass[]): PackedPass[] {
  const unit = run.complex ? 2 : 1;
  const attempt = (number: number, scale: Float64Array): UnitPass | undefined =>
    number < passes.length && passes[number].kind === "pass" ? unitFactors(run, passes[number], scale) : undefined;
  let current = attempt(0, ones(run.n, unit));
  return passes.map((pass, number): PackedPass => {
    if (!current) {
      current = attempt(number + 1, ones(run.n, unit));
      return { pass, form: "general", scaled: false, weights: packGeneral(run, pass) };
    }
    const { factors, scale } = current;
    const next = attempt(number + 1, scale);
    const weights = packUnit(run, pass, factors, next ? undefined : scale);
    current = next ?? attempt(number + 1, ones(run.n, unit));
    return { pass, form: "unit", scaled: !next, weights };
  });
}

function ones(n: number, unit: number): Float64Array {
  const result = new Float64Array(n * unit);
  for (let i = 0; i < result.length; i += unit) result[i] = 1;
  return result;
}

function packGeneral(run: Run, pass: Pass): Float32Array {
  if (pass.kind === "lane") return run.factors[pass.first].weights;
  const index = generalIndex(pass, run);
  const factors = run.factors.slice(pass.first, pass.first + passFactors(pass));
  const size = factors[0].weights.length;
  const result = new Float32Array(index.length);
  for (let i = 0; i < index.length; i++) result[i] = factors[Math.floor(index[i] / size)].weights[index[i] % size];
  return result;
}

/** The factors of a pass with their diagonals divided out, given the scale of the columns; undefined if that fails. */
function unitFactors(
  run: Run,
  pass: Pass,
  columns: Float64Array,
): UnitPass | undefined {
  const factors: Float64Array[] = [];
  let scale = columns;
  for (let f = 0; f < passFactors(pass); f++) {
    const { pattern: { d: stride }, weights } = run.factors[pass.first + f];
    const next = run.complex ? complexUnit(weights, stride, run.n, scale) : realUnit(weights, stride, run.n, scale);
    if (!next) return undefined;
    factors.push(next.o);
    scale = next.scale;
  }
  return { factors, scale };
}

function realUnit(
  weights: Float32Array,
  stride: number,
  n: number,
  scale: Float64Array,
): { o: Float64Array; scale: Float64Array } | undefined {
  const o = new Float64Array(n), next = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    const partner = k % (2 * stride) < stride ? k + stride : k - stride;
    const own = weights[weightIndex(stride, k, false)] * scale[k];
    const other = weights[weightIndex(stride, k, true)] * scale[partner];
    const size = Math.abs(own);
    if (!(size >= 1 / LARGEST && size <= LARGEST) || !(Math.abs(other) <= size * LARGEST)) return undefined;
    o[k] = other / own;
    next[k] = own;
  }
  return { o, scale: next };
}

function complexUnit(
  weights: Float32Array,
  stride: number,
  n: number,
  scale: Float64Array,
): { o: Float64Array; scale: Float64Array } | undefined {
  const o = new Float64Array(2 * n), next = new Float64Array(2 * n);
  for (let k = 0; k < n; k++) {
    const partner = k % (2 * stride) < stride ? k + stride : k - stride;
    const d = 2 * weightIndex(stride, k, false), e = 2 * weightIndex(stride, k, true);
    const ownRe = weights[d] * scale[2 * k] - weights[d + 1] * scale[2 * k + 1];
    const ownIm = weights[d] * scale[2 * k + 1] + weights[d + 1] * scale[2 * k];
    const otherRe = weights[e] * scale[2 * partner] - weights[e + 1] * scale[2 * partner + 1];
    const otherIm = weights[e] * scale[2 * partner + 1] + weights[e + 1] * scale[2 * partner];
    const size = Math.hypot(ownRe, ownIm);
    if (!(size >= 1 / LARGEST && size <= LARGEST)) return undefined;
    if (!(Math.hypot(otherRe, otherIm) <= size * LARGEST)) return undefined;
    const square = size * size;
    o[2 * k] = (otherRe * ownRe + otherIm * ownIm) / square;
    o[2 * k + 1] = (otherIm * ownRe - otherRe * ownIm) / square;
    next[2 * k] = ownRe;
    next[2 * k + 1] = ownIm;
  }
  return { o, scale: next };
}

function packUnit(
  run: Run,
  pass: Pass,
  factors: readonly Float64Array[],
  scale: Float64Array | undefined,
): Float32Array {
  const unit = run.complex ? 2 : 1;
  const result = new Float32Array(packedLength(pass, run, "unit", scale !== undefined));
  const registers = registerOffsets(pass.kind === "pass" ? pass.strides : []);
  const perIteration = registers.length * factors.length;
  let at = 0, visited = 0, base = 0;
  const lanes = (values: Float64Array, point: number): void => {
    for (let part = 0; part < unit; part++) {
      for (let lane = 0; lane < 4; lane++) result[at++] = values[(point + lane) * unit + part];
    }
  };
  eachVector(pass, run.n, (factor, point) => {
    // The first vector of an iteration belongs to its first point.
    if (visited % perIteration === 0) base = point;
    lanes(factors[factor - pass.first], point);
    // The diagonal follows the last factor of each iteration, register by register.
    if (++visited % perIteration === 0 && scale) { for (const register of registers) lanes(scale, base + register); }
  });
  return result;
}

/**
 * For each float of the panels of a dense block (four rows each: for each column, four lanes), the index of the
 * weight, or −1 where the last panel has no row. A complex block is packed as the real block of twice the size,
 * [[re, −im], [im, re]] for each entry; then an index counts floats, and `negative` says which change sign.
 */
export function panelIndex(step: Pick<DenseStep, "rows" | "columns" | "field">): {
  index: Int32Array;
  negative: (packed: number) => boolean;
} {
  const unit = step.field === "complex" ? 2 : 1;
  const rows = step.rows * unit, columns = step.columns * unit;
  const index = new Int32Array(Math.ceil(rows / 4) * 4 * columns).fill(-1);
  let at = 0;
  for (let panel = 0; panel < rows; panel += 4) {
    for (let column = 0; column < columns; column++) {
      for (let lane = 0; lane < 4; lane++, at++) {
        const row = panel + lane;
        if (row >= rows) continue;
        const entry = Math.floor(row / unit) * step.columns + Math.floor(column / unit);
        index[at] = unit === 1 ? entry : 2 * entry + ((row ^ column) & 1);
      }
    }
  }
  const negative = (packed: number): boolean => {
    if (unit === 1) return false;
    const panel = Math.floor(packed / (4 * columns)), column = Math.floor(packed / 4) % columns;
    const row = panel * 4 + packed % 4;
    return (row & 1) === 0 && (column & 1) === 1;
  };
  return { index, negative };
}
