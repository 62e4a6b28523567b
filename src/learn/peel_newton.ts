/**
 * Gauss–Newton for one level of a BB* product, where alternating least squares creep: columns of L_p and rows of R_q
 * that are nearly parallel.
 *
 * The halves M₁ and M₂ are eliminated (variable projection): what remains of a block X lies in the span of e = l₂⊥r₁⊥ and
 * f = l₁⊥r₂⊥. When l₂ moves by x·l₂⊥ and r₁ by y·r₁⊥, to first order ⟨e, model⟩ changes by M₂·⟨r₁⊥, r₂⟩·x +
 * M₁·⟨l₂⊥, l₁⟩·y, and ⟨f, model⟩ not at all; likewise for l₁, r₂ and f. So it is two separate linear problems in h + h
 * unknowns (the angle between e and f is not taken into account), damped and solved by conjugate gradients.
 *
 * @module
 */

/** Conjugate gradient steps at most. */
const STEPS = 60;
/** And less when the residual of the normal equations has fallen by this factor. */
const ENOUGH = 1e-3;

/**
 * Moves L and R of a level, in place, by a damped Gauss–Newton step; they keep unit columns and rows.
 *
 * @param first the best M₁ for L and R, and `second` M₂
 * @param damping relative to the diagonal of the normal equations
 */
export function newtonStep(
  matrix: Float64Array,
  n: number,
  left: Float64Array,
  right: Float64Array,
  first: Float64Array,
  second: Float64Array,
  damping: number,
): void {
  const h = n / 2, problem = new Bipartite(h);
  // Perpendiculars of both before anything moves.
  const across = perpendicular(left, 2, 4), down = perpendicular(right, 4, 2);
  problem.fill(matrix, across, down, left, right, 1, 0, first, second);
  const one = problem.solve(damping);
  problem.fill(matrix, across, down, left, right, 0, 1, second, first);
  const two = problem.solve(damping);
  move(left, across, one.x, 1, 2, 4);
  move(right, down, one.y, 0, 4, 2);
  move(left, across, two.x, 0, 2, 4);
  move(right, down, two.y, 1, 4, 2);
}

/** (−b̄, ā) for each vector (a, b); vectors are `step` apart, their entries `down`. */
function perpendicular(blocks: Float64Array, step: number, down: number): Float64Array {
  const result = new Float64Array(blocks.length);
  for (let start = 0; start < blocks.length; start += 8) {
    for (let k = 0; k < 2; k++) {
      const low = start + k * step, high = low + down;
      result[low] = -blocks[high];
      result[low + 1] = blocks[high + 1];
      result[high] = blocks[low];
      result[high + 1] = -blocks[low + 1];
    }
  }
  return result;
}

/** Adds to vector k of each block a multiple of its perpendicular, and normalises. */
function move(
  blocks: Float64Array,
  normals: Float64Array,
  amounts: Float64Array,
  k: number,
  step: number,
  down: number,
): void {
  for (let i = 0; i < blocks.length / 8; i++) {
    const x = amounts[2 * i], y = amounts[2 * i + 1], norm = Math.hypot(1, x, y);
    for (const at of [8 * i + k * step, 8 * i + k * step + down]) {
      const re = normals[at], im = normals[at + 1];
      blocks[at] = (blocks[at] + re * x - im * y) / norm;
      blocks[at + 1] = (blocks[at + 1] + re * y + im * x) / norm;
    }
  }
}

/** ⟨vector j of a, vector k of b⟩ for each block: two numbers. */
function products(
  a: Float64Array,
  j: number,
  b: Float64Array,
  k: number,
  step: number,
  down: number,
): Float64Array {
  const result = new Float64Array(a.length / 4);
  for (let start = 0, o = 0; start < a.length; start += 8, o += 2) {
    for (let entry = 0; entry < 2; entry++) {
      const i = start + j * step + entry * down, m = start + k * step + entry * down;
      result[o] += a[i] * b[m] + a[i + 1] * b[m + 1];
      result[o + 1] += a[i] * b[m + 1] - a[i + 1] * b[m];
    }
  }
  return result;
}

/** min Σ|c_pq − u_pq·x_p − v_pq·y_q|². */
class Bipartite {
  readonly #u: Float64Array;
  readonly #v: Float64Array;
  readonly #c: Float64Array;

  constructor(readonly h: number) {
    this.#u = new Float64Array(2 * h * h);
    this.#v = new Float64Array(2 * h * h);
    this.#c = new Float64Array(2 * h * h);
  }

  /** The problem for column k of L and row j of R; `own` is the half of j, `other` that of k. */
  fill(
    matrix: Float64Array,
    across: Float64Array,
    down: Float64Array,
    left: Float64Array,
    right: Float64Array,
    k: number,
    j: number,
    own: Float64Array,
    other: Float64Array,
  ): void {
    const h = this.h, n = 2 * h, u = this.#u, v = this.#v, c = this.#c;
    const alpha = products(across, k, left, j, 2, 4), beta = products(down, j, right, k, 4, 2);
    for (let p = 0, o = 0; p < h; p++) {
      const l = 8 * p + 2 * k, a = across[l], b = across[l + 1], e = across[l + 4], f = across[l + 5];
      const co = alpha[2 * p], coi = alpha[2 * p + 1];
      let low = 2 * n * p, high = 2 * n * (p + h);
      for (let q = 0; q < h; q++, o += 2, low += 2, high += 2) {
        const x = matrix[low], xi = matrix[low + 1], y = matrix[low + n], yi = matrix[low + n + 1];
        const z = matrix[high], zi = matrix[high + 1], w = matrix[high + n], wi = matrix[high + n + 1];
        const s = a * x + b * xi + e * z + f * zi, si = a * xi - b * x + e * zi - f * z;
        const t = a * y + b * yi + e * w + f * wi, ti = a * yi - b * y + e * wi - f * w;
        const r = 8 * q + 4 * j, g = down[r], gi = down[r + 1], m = down[r + 2], mi = down[r + 3];
        c[o] = s * g + si * gi + t * m + ti * mi;
        c[o + 1] = si * g - s * gi + ti * m - t * mi;
        u[o] = other[o] * beta[2 * q] - other[o + 1] * beta[2 * q + 1];
        u[o + 1] = other[o] * beta[2 * q + 1] + other[o + 1] * beta[2 * q];
        v[o] = own[o] * co - own[o + 1] * coi;
        v[o + 1] = own[o] * coi + own[o + 1] * co;
      }
    }
  }

  /** Conjugate gradients on the damped normal equations, preconditioned by their diagonal. */
  solve(damping: number): { x: Float64Array; y: Float64Array } {
    const h = this.h, size = 4 * h;
    const diagonal = new Float64Array(size), residual = new Float64Array(size);
    this.#adjoint(this.#c, residual);
    this.#diagonal(diagonal, damping);
    const solution = new Float64Array(size), image = new Float64Array(size);
    const z = residual.map((value, i) => value / diagonal[i]), direction = z.slice();
    let rho = inner(residual, z);
    const enough = ENOUGH * ENOUGH * rho;
    for (let step = 0; step < STEPS && rho > enough; step++) {
      this.#normal(direction, image);
      // The damping is a part of the (undamped) diagonal, which is in `diagonal` with it.
      const part = damping / (1 + damping);
      for (let i = 0; i < size; i++) image[i] += part * diagonal[i] * direction[i];
      const curvature = inner(direction, image);
      if (!(curvature > 0)) break;
      const alpha = rho / curvature;
      for (let i = 0; i < size; i++) {
        solution[i] += alpha * direction[i];
        residual[i] -= alpha * image[i];
        z[i] = residual[i] / diagonal[i];
      }
      const next = inner(residual, z), beta = next / rho;
      rho = next;
      for (let i = 0; i < size; i++) direction[i] = z[i] + beta * direction[i];
    }
    return { x: solution.subarray(0, 2 * h), y: solution.subarray(2 * h) };
  }

  #diagonal(diagonal: Float64Array, damping: number): void {
    const h = this.h, u = this.#u, v = this.#v;
    for (let p = 0, o = 0; p < h; p++) {
      for (let q = 0; q < h; q++, o += 2) {
        diagonal[2 * p] += u[o] * u[o] + u[o + 1] * u[o + 1];
        diagonal[2 * (h + q)] += v[o] * v[o] + v[o + 1] * v[o + 1];
      }
    }
    for (let i = 0; i < diagonal.length; i += 2) {
      diagonal[i] = diagonal[i + 1] = (1 + damping) * diagonal[i] + 1e-300;
    }
  }

  /** Jᴴ·c. */
  #adjoint(c: Float64Array, out: Float64Array): void {
    const h = this.h, u = this.#u, v = this.#v;
    out.fill(0);
    for (let p = 0, o = 0; p < h; p++) {
      let re = 0, im = 0;
      for (let q = 2 * h; q < 4 * h; q += 2, o += 2) {
        const x = c[o], y = c[o + 1];
        re += u[o] * x + u[o + 1] * y;
        im += u[o] * y - u[o + 1] * x;
        out[q] += v[o] * x + v[o + 1] * y;
        out[q + 1] += v[o] * y - v[o + 1] * x;
      }
      out[2 * p] = re;
      out[2 * p + 1] = im;
    }
  }

  /** JᴴJ·d, in one pass. */
  #normal(d: Float64Array, out: Float64Array): void {
    const h = this.h, u = this.#u, v = this.#v;
    out.fill(0);
    for (let p = 0, o = 0; p < h; p++) {
      const a = d[2 * p], b = d[2 * p + 1];
      let re = 0, im = 0;
      for (let q = 2 * h; q < 4 * h; q += 2, o += 2) {
        const u0 = u[o], u1 = u[o + 1], v0 = v[o], v1 = v[o + 1], e = d[q], f = d[q + 1];
        const x = u0 * a - u1 * b + v0 * e - v1 * f, y = u0 * b + u1 * a + v0 * f + v1 * e;
        re += u0 * x + u1 * y;
        im += u0 * y - u1 * x;
        out[q] += v0 * x + v1 * y;
        out[q + 1] += v0 * y - v1 * x;
      }
      out[2 * p] = re;
      out[2 * p + 1] = im;
    }
  }
}

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
