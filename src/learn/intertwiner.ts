/**
 * The outermost factors of a BB* product, from one linear problem.
 *
 * With M = L·(M₁ ⊕ M₂)·R as in peel_blocks.ts, let Z_p = L_p·σ·L_p⁻¹ and W_q = R_q⁻¹·σ·R_q, σ = diag(1, −1). Then
 * Z_p·X = X·W_q for every 2×2 block X = X_pq: diagonal matrices commute. These are linear equations, 4h² for 6h
 * unknowns (traceless 2×2 matrices have three), and the eigenvectors of their solutions are the columns of L_p and
 * the rows of R_q. No pivots and no inverses: singular blocks simply say less, all blocks are used at once, and
 * noise averages out. Minimising Σ‖Z_p·X − X·W_q‖² is finding the largest singular value (1, if M is in the class) of
 * a matrix of order 3h whose 3×3 blocks are ⟨B_i·X, X·B_j⟩, normalised on both sides: Lanczos does it in O(h²) a step.
 *
 * @module
 */

import type { Random } from "../program/random.ts";
import { adjoint, eigenvectors, multiply, transpose } from "./matrix2.ts";
import { TridiagonalTop } from "./tridiagonal.ts";

/** Lanczos steps at most, and for small or sparse problems. */
const STEPS = 40;
const MORE_STEPS = 400;
/** And at least, before noise is taken for the reason of what is left. */
const FEWEST = 8;
/** Multiplications that a step may take on average when more steps are allowed. */
const WORK = 2e8;
/** Part of the largest eigenvalue of a 2×2 Gram matrix below which there are no data, only rounding. */
const NOTHING = 1e-15;
/** Blocks of less than this part of the largest one's energy are zero. */
const ZERO = 1e-30;

/** Random part of the start. */
const RANDOM = 1e-3;

/** What {@link intertwine} finds. */
export interface Intertwiner {
  /** L_p for each p, row-major, unit columns. */
  readonly left: Float64Array;
  /** R_q for each q, row-major, unit rows. */
  readonly right: Float64Array;
  /** √(1 − σ²) of the singular value: 0 for a matrix of the class (with rounding, 1e-8), at most 1. */
  readonly misfit: number;
}

/**
 * Finds L and R for a complex matrix of order n = 2h, its blocks weighted by rows[p]·columns[q].
 *
 * @param estimate W_q for each q, from which it starts; see `loops`
 */
export function intertwine(
  matrix: Float64Array,
  n: number,
  rows: Float64Array,
  columns: Float64Array,
  estimate: Float64Array,
  random: Random,
): Intertwiner {
  const h = n / 2;
  const p = new Frames(h), q = new Frames(h);
  gather(matrix, n, rows, columns, p, q);
  p.diagonalise(false);
  q.diagonalise(true);
  const system = new System(matrix, n, rows, columns, p, q);
  const { vector, value } = largest(system, start(estimate, q, random));
  const other = new Float64Array(6 * h);
  system.forward(vector, other);
  const phases: number[] = [];
  const left = p.eigenvectors(other, false, phases), right = q.eigenvectors(vector, true, phases);
  return { left, right, misfit: Math.sqrt(Math.max(0, 1 - value)) };
}

/**
 * For each p the eigenvectors U of S = Σ_q X·Xᴴ (for each q, V of Σ_p XᴴX). In these frames the squares of Z·X are
 * diagonal in the entries of Z = [[a, b], [c, −a]], with the weights s₁ + s₂, s₂, s₁.
 */
class Frames {
  /** [s₁₁, s₂₂, Re s₁₂, Im s₁₂] for each index. */
  readonly gram: Float64Array;
  /** The unitary frames, 8 numbers each. */
  readonly frame: Float64Array;
  /** 1/√weight of a, b and c; 0 where there are no data. */
  readonly scale: Float64Array;

  constructor(readonly h: number) {
    this.gram = new Float64Array(4 * h);
    this.frame = new Float64Array(8 * h);
    this.scale = new Float64Array(3 * h);
  }

  /** Diagonalises the Gram matrices; `columns` says that Z multiplies from the right. */
  diagonalise(columns: boolean): void {
    const { gram, frame, scale } = this;
    for (let i = 0; i < this.h; i++) {
      const [s1, s2, re, im] = gram.subarray(4 * i, 4 * i + 4);
      const off = Math.hypot(re, im);
      // The Jacobi rotation [[c, s·e], [−s·ē, c]], e the phase of s₁₂.
      const tau = off > 0 ? (s2 - s1) / (2 * off) : 0;
      const t = off > 0 ? (tau >= 0 ? 1 : -1) / (Math.abs(tau) + Math.hypot(1, tau)) : 0;
      const c = 1 / Math.hypot(1, t), s = t * c;
      const er = off > 0 ? re / off : 1, ei = off > 0 ? im / off : 0;
      frame.set([c, 0, s * er, s * ei, -s * er, s * ei, c, 0], 8 * i);
      const low = Math.max(0, s1 - t * off), high = Math.max(0, s2 + t * off);
      const least = NOTHING * (low + high);
      const inverse = (weight: number): number => weight > least && weight > 0 ? 1 / Math.sqrt(weight) : 0;
      scale[3 * i] = inverse(low + high);
      scale[3 * i + 1] = inverse(columns ? low : high);
      scale[3 * i + 2] = inverse(columns ? high : low);
    }
  }

  /** U·[[a, b], [c, −a]]·Uᴴ for normalised coordinates a, b, c. */
  matrix(i: number, coordinates: Float64Array, z: Float64Array): void {
    const { scale, frame } = this;
    const v = coordinates.subarray(6 * i, 6 * i + 6), u = frame.subarray(8 * i, 8 * i + 8);
    const a = v[0] * scale[3 * i], ai = v[1] * scale[3 * i];
    const b = v[2] * scale[3 * i + 1], bi = v[3] * scale[3 * i + 1];
    const c = v[4] * scale[3 * i + 2], ci = v[5] * scale[3 * i + 2];
    const core = [a, ai, b, bi, c, ci, -a, -ai], half = new Float64Array(8);
    multiply(u, core, half);
    const back = new Float64Array(8);
    adjoint(u, back);
    multiply(half, back, z);
  }

  /**
   * The eigenvectors of all Z, that of +√−det Z first: as unit columns, or as unit rows of the inverse (left
   * eigenvectors). The sign of the root is the same throughout, as far as a complex root can have a sign: `phases`
   * (the directions of roots so far) sees to that.
   */
  eigenvectors(coordinates: Float64Array, rows: boolean, phases: number[]): Float64Array {
    const result = new Float64Array(8 * this.h), z = new Float64Array(8);
    for (let i = 0; i < this.h; i++) {
      this.matrix(i, coordinates, z);
      if (rows) transpose(z);
      eigenvectors(z, phases, result.subarray(8 * i, 8 * i + 8));
      if (rows) transpose(result.subarray(8 * i, 8 * i + 8));
    }
    return result;
  }
}

/** The Gram matrices of the weighted blocks, for each p and each q. */
function gather(
  matrix: Float64Array,
  n: number,
  rows: Float64Array,
  columns: Float64Array,
  left: Frames,
  right: Frames,
): void {
  const h = n / 2, gram = right.gram;
  for (let p = 0; p < h; p++) {
    let s1 = 0, s2 = 0, re = 0, im = 0;
    let low = 2 * n * p, high = 2 * n * (p + h);
    const r = rows[p] * rows[p];
    for (let q = 0; q < h; q++, low += 2, high += 2) {
      const x = matrix[low], xi = matrix[low + 1], y = matrix[low + n], yi = matrix[low + n + 1];
      const z = matrix[high], zi = matrix[high + 1], w = matrix[high + n], wi = matrix[high + n + 1];
      const weight = r * columns[q] * columns[q];
      const xx = x * x + xi * xi, yy = y * y + yi * yi, zz = z * z + zi * zi, ww = w * w + wi * wi;
      s1 += weight * (xx + yy);
      s2 += weight * (zz + ww);
      re += weight * (x * z + xi * zi + y * w + yi * wi);
      im += weight * (xi * z - x * zi + yi * w - y * wi);
      gram[4 * q] += weight * (xx + zz);
      gram[4 * q + 1] += weight * (yy + ww);
      gram[4 * q + 2] += weight * (x * y + xi * yi + z * w + zi * wi);
      gram[4 * q + 3] += weight * (x * yi - xi * y + z * wi - zi * w);
    }
    left.gram.set([s1, s2, re, im], 4 * p);
  }
}

/** The normalised cross products of all nonzero blocks, 17 numbers each (the first is real). */
class System {
  readonly #blocks: Float64Array;
  readonly #column: Uint32Array;
  readonly #begin: Uint32Array;
  readonly h: number;

  constructor(
    matrix: Float64Array,
    n: number,
    rows: Float64Array,
    columns: Float64Array,
    left: Frames,
    right: Frames,
  ) {
    const h = n / 2;
    this.h = h;
    this.#begin = new Uint32Array(h + 1);
    const energies = blockEnergies(matrix, n);
    let top = 0, count = 0;
    for (let i = 0; i < h * h; i++) top = Math.max(top, energies[i]);
    for (let i = 0; i < h * h; i++) if (energies[i] > ZERO * top) count++;
    const blocks = this.#blocks = new Float64Array(17 * count);
    const column = this.#column = new Uint32Array(count);
    const x = new Float64Array(8), half = new Float64Array(8), back = new Float64Array(8);
    const frames = Array.from({ length: h }, (_, q) => right.frame.subarray(8 * q, 8 * q + 8));
    let at = 0;
    for (let p = 0; p < h; p++) {
      const u = left.frame.subarray(8 * p, 8 * p + 8);
      adjoint(u, back);
      const a = left.scale.subarray(3 * p, 3 * p + 3);
      for (let q = 0; q < h; q++) {
        if (!(energies[p * h + q] > ZERO * top)) continue;
        const weight = rows[p] * columns[q], low = 2 * (n * p + q), high = low + n * n;
        for (let i = 0; i < 2; i++) {
          x[i] = weight * matrix[low + i];
          x[2 + i] = weight * matrix[low + n + i];
          x[4 + i] = weight * matrix[high + i];
          x[6 + i] = weight * matrix[high + n + i];
        }
        multiply(back, x, half);
        multiply(half, frames[q], x);
        crossProducts(x, a, right.scale, 3 * q, blocks, 17 * at);
        column[at++] = q;
      }
      this.#begin[p + 1] = at;
    }
  }

  /** How many blocks there are. */
  get size(): number {
    return this.#column.length;
  }

  /** left = Q·right. */
  forward(right: Float64Array, left: Float64Array): void {
    for (let p = 0; p < this.h; p++) this.#row(p, right, left);
  }

  /** result = QᴴQ·right; `left` is overwritten with Q·right. */
  normal(right: Float64Array, left: Float64Array, result: Float64Array): void {
    result.fill(0);
    for (let p = 0; p < this.h; p++) {
      this.#row(p, right, left);
      this.#scatter(p, left, result);
    }
  }

  #row(p: number, v: Float64Array, left: Float64Array): void {
    const m = this.#blocks, column = this.#column, end = this.#begin[p + 1];
    let a = 0, ai = 0, b = 0, bi = 0, c = 0, ci = 0;
    for (let k = this.#begin[p]; k < end; k++) {
      const i = 17 * k, o = 6 * column[k];
      const x = v[o], xi = v[o + 1], y = v[o + 2], yi = v[o + 3], z = v[o + 4], zi = v[o + 5];
      a += m[i] * x + m[i + 1] * y - m[i + 2] * yi + m[i + 3] * z - m[i + 4] * zi;
      ai += m[i] * xi + m[i + 1] * yi + m[i + 2] * y + m[i + 3] * zi + m[i + 4] * z;
      b += m[i + 5] * x - m[i + 6] * xi + m[i + 7] * y - m[i + 8] * yi + m[i + 9] * z - m[i + 10] * zi;
      bi += m[i + 5] * xi + m[i + 6] * x + m[i + 7] * yi + m[i + 8] * y + m[i + 9] * zi + m[i + 10] * z;
      c += m[i + 11] * x - m[i + 12] * xi + m[i + 13] * y - m[i + 14] * yi + m[i + 15] * z - m[i + 16] * zi;
      ci += m[i + 11] * xi + m[i + 12] * x + m[i + 13] * yi + m[i + 14] * y + m[i + 15] * zi + m[i + 16] * z;
    }
    left[6 * p] = a;
    left[6 * p + 1] = ai;
    left[6 * p + 2] = b;
    left[6 * p + 3] = bi;
    left[6 * p + 4] = c;
    left[6 * p + 5] = ci;
  }

  #scatter(p: number, left: Float64Array, result: Float64Array): void {
    const m = this.#blocks, column = this.#column, end = this.#begin[p + 1];
    const a = left[6 * p], ai = left[6 * p + 1], b = left[6 * p + 2], bi = left[6 * p + 3];
    const c = left[6 * p + 4], ci = left[6 * p + 5];
    for (let k = this.#begin[p]; k < end; k++) {
      const i = 17 * k, o = 6 * column[k];
      result[o] += m[i] * a + m[i + 5] * b + m[i + 6] * bi + m[i + 11] * c + m[i + 12] * ci;
      result[o + 1] += m[i] * ai + m[i + 5] * bi - m[i + 6] * b + m[i + 11] * ci - m[i + 12] * c;
      result[o + 2] += m[i + 1] * a + m[i + 2] * ai + m[i + 7] * b + m[i + 8] * bi + m[i + 13] * c +
        m[i + 14] * ci;
      result[o + 3] += m[i + 1] * ai - m[i + 2] * a + m[i + 7] * bi - m[i + 8] * b + m[i + 13] * ci -
        m[i + 14] * c;
      result[o + 4] += m[i + 3] * a + m[i + 4] * ai + m[i + 9] * b + m[i + 10] * bi + m[i + 15] * c +
        m[i + 16] * ci;
      result[o + 5] += m[i + 3] * ai - m[i + 4] * a + m[i + 9] * bi - m[i + 10] * b + m[i + 15] * ci -
        m[i + 16] * c;
    }
  }
}

/** The squared norm of each 2×2 block. */
export function blockEnergies(matrix: Float64Array, n: number): Float64Array {
  const h = n / 2, energies = new Float64Array(h * h);
  for (let row = 0, i = 0; row < n; row++) {
    for (let column = 0; column < n; column++, i += 2) {
      energies[(row % h) * h + column % h] += matrix[i] * matrix[i] + matrix[i + 1] * matrix[i + 1];
    }
  }
  return energies;
}

/** ⟨B_i·X, X·B_j⟩ for the basis diag(1, −1), e₁e₂ᵀ, e₂e₁ᵀ, times a[i] and b[j]. */
function crossProducts(
  m: Float64Array,
  a: Float64Array,
  b: Float64Array,
  j: number,
  out: Float64Array,
  o: number,
): void {
  const x = m[0], xi = m[1], y = m[2], yi = m[3], z = m[4], zi = m[5], w = m[6], wi = m[7];
  const a0 = a[0], a1 = a[1], a2 = a[2], b0 = b[j], b1 = b[j + 1], b2 = b[j + 2];
  // With X = [[x, y], [z, w]]: |x|² − |y|² − |z|² + |w|²; xȳ − zw̄; yx̄ − wz̄
  out[o] = a0 * b0 * (x * x + xi * xi - y * y - yi * yi - z * z - zi * zi + w * w + wi * wi);
  out[o + 1] = a0 * b1 * (x * y + xi * yi - z * w - zi * wi);
  out[o + 2] = a0 * b1 * (xi * y - x * yi - zi * w + z * wi);
  out[o + 3] = a0 * b2 * (x * y + xi * yi - z * w - zi * wi);
  out[o + 4] = a0 * b2 * (x * yi - xi * y - z * wi + zi * w);
  // xz̄ − yw̄; xw̄; yz̄
  out[o + 5] = a1 * b0 * (x * z + xi * zi - y * w - yi * wi);
  out[o + 6] = a1 * b0 * (xi * z - x * zi - yi * w + y * wi);
  out[o + 7] = a1 * b1 * (x * w + xi * wi);
  out[o + 8] = a1 * b1 * (xi * w - x * wi);
  out[o + 9] = a1 * b2 * (y * z + yi * zi);
  out[o + 10] = a1 * b2 * (yi * z - y * zi);
  // zx̄ − wȳ; zȳ; wx̄
  out[o + 11] = a2 * b0 * (x * z + xi * zi - y * w - yi * wi);
  out[o + 12] = a2 * b0 * (zi * x - z * xi - wi * y + w * yi);
  out[o + 13] = a2 * b1 * (z * y + zi * yi);
  out[o + 14] = a2 * b1 * (zi * y - z * yi);
  out[o + 15] = a2 * b2 * (w * x + wi * xi);
  out[o + 16] = a2 * b2 * (wi * x - w * xi);
}

/**
 * Where Lanczos starts: what the loops of a spanning tree say. When many solutions exist (as for the Hadamard matrix,
 * where every Z will do) it finds the one nearest to its start, so that there it begins with one matrix of well
 * separated real eigenvalues; some randomness keeps it from being orthogonal to the only solution.
 */
function start(estimate: Float64Array, q: Frames, random: Random): Float64Array {
  const v = new Float64Array(6 * q.h), back = new Float64Array(8), half = new Float64Array(8);
  const z = new Float64Array(8);
  for (let i = 0; i < q.h; i++) {
    const core = estimate.slice(8 * i, 8 * i + 8), size = RANDOM * Math.hypot(...core);
    for (const entry of [0, 2, 4]) core[entry] += size * random.normal();
    core[6] = -core[0];
    const u = q.frame.subarray(8 * i, 8 * i + 8);
    adjoint(u, back);
    multiply(back, core, half);
    multiply(half, u, z);
    // Times √weight, as coordinates are normalised.
    for (let entry = 0; entry < 3; entry++) {
      const scale = q.scale[3 * i + entry];
      for (let part = 0; part < 2; part++) {
        v[6 * i + 2 * entry + part] = scale > 0 ? z[2 * entry + part] / scale : 0;
      }
    }
  }
  return v;
}

/** The largest eigenvalue of QᴴQ and its vector, by Lanczos with full reorthogonalisation. */
function largest(system: System, v: Float64Array): { vector: Float64Array; value: number } {
  const length = v.length, left = new Float64Array(length);
  const sparse = Math.floor(WORK / (17 * system.size + length * 20));
  const steps = Math.min(length / 2, Math.max(STEPS, Math.min(MORE_STEPS, sparse)));
  const basis: Float64Array[] = [];
  const top = new TridiagonalTop(steps);
  let norm = Math.sqrt(inner(v, v));
  if (!(norm > 0)) return { vector: v, value: 0 };
  let next = v.map((x) => x / norm);
  for (let step = 0; step < steps; step++) {
    basis.push(next);
    const image = new Float64Array(length);
    system.normal(next, left, image);
    const alpha = inner(next, image);
    // Twice is enough.
    for (let pass = 0; pass < 2; pass++) for (const vector of basis) subtract(image, vector);
    norm = Math.sqrt(inner(image, image));
    top.push(alpha, norm);
    const { value, residual } = top.solve();
    const gap = Math.max(0, 1 - value);
    if (norm < 1e-14 || residual < 4e-16) break;
    // Noise makes the rest pointless. The first steps may show a start near some other eigenvector.
    if (step >= FEWEST && gap > 1e-13 && residual < 0.003 * Math.sqrt(gap)) break;
    next = image.map((x) => x / norm);
  }
  const { value, vector: weights } = top.solve();
  const vector = new Float64Array(length);
  basis.forEach((direction, k) => {
    for (let i = 0; i < length; i++) vector[i] += weights[k] * direction[i];
  });
  return { vector, value };
}

function inner(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * y[i];
  return sum;
}

/** x −= ⟨v, x⟩·v, complex. */
function subtract(x: Float64Array, v: Float64Array): void {
  let re = 0, im = 0;
  for (let i = 0; i < x.length; i += 2) {
    re += v[i] * x[i] + v[i + 1] * x[i + 1];
    im += v[i] * x[i + 1] - v[i + 1] * x[i];
  }
  for (let i = 0; i < x.length; i += 2) {
    x[i] -= re * v[i] - im * v[i + 1];
    x[i + 1] -= re * v[i + 1] + im * v[i];
  }
}
