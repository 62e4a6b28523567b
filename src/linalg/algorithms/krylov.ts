/**
 * Krylov's spaces: orthonormal bases of x, A·x, A²·x … by Arnoldi's process, of Hermitian operators by Lanczos', with
 * full reorthogonalisation in both cases.
 *
 * @module
 */
import { adjointProduct, product } from "./product.ts";
import type { LinearMap, Matrix, Vector } from "../types.ts";
import { project } from "./block.ts";
import { randomVector, unitOf } from "./check.ts";
import { matrixOf } from "./matrix.ts";
import { norm, scale, type Unit } from "./vectors.ts";
import type { Random } from "../../program/random.ts";

/** A basis that grows: A·V_j = V_{j+1}·H. */
export class Krylov {
  readonly unit: Unit;
  readonly n: number;
  /** At most this many steps. */
  readonly limit: number;
  /** The vectors, one more than steps were done. */
  readonly basis: Vector;
  /** (limit + 1) × limit, row-major; the first `steps` columns are filled. */
  readonly coefficients: Vector;
  /** Columns that are done. */
  steps = 0;
  /** The length of what A gave beyond the basis in the last step. */
  rest = 0;
  readonly #map: LinearMap;
  readonly #locked: Vector;

  /**
   * @param locked an orthonormal basis of what the space must be orthogonal to
   */
  constructor(map: LinearMap, limit: number, locked: Vector = new Float64Array(0)) {
    this.unit = unitOf(map);
    this.n = map.cols;
    this.limit = limit;
    this.basis = new Float64Array((limit + 1) * this.n * this.unit);
    this.coefficients = new Float64Array((limit + 1) * limit * this.unit);
    this.#map = map;
    this.#locked = locked;
  }

  /** Starts anew from a vector; gives its norm. */
  start(x: Float64Array): number {
    const { unit, n, basis } = this;
    this.coefficients.fill(0);
    this.steps = 0;
    basis.set(x);
    project(unit, n, this.#locked, this.#locked.length / (n * unit), basis, 0);
    const size = norm(basis, 0, n * unit);
    if (size > 0) scale(unit, n, [1 / size, 0], basis, 0);
    return size;
  }

  /** One product with the operator; gives the length of what is new, 0 if the space is invariant. */
  step(): number {
    const { unit, n, basis, steps: j, limit } = this, length = n * unit;
    const w = product(this.#map, basis.subarray(j * length, (j + 1) * length)), before = norm(w);
    const h = new Float64Array((j + 1) * unit), locked = this.#locked;
    project(unit, n, locked, locked.length / length, w);
    project(unit, n, basis, j + 1, w, 0, h);
    const rest = norm(w);
    for (let i = 0; i <= j; i++) {
      for (let u = 0; u < unit; u++) this.coefficients[(i * limit + j) * unit + u] = h[i * unit + u];
    }
    this.steps++;
    this.rest = rest > 1e-14 * before ? rest : 0;
    if (before - before !== 0) this.rest = before;
    if (this.rest > 0) {
      this.coefficients[((j + 1) * limit + j) * unit] = rest;
      scale(unit, n, [1 / rest, 0], w, 0);
      // What was small is not orthogonal yet.
      if (rest < 1e-6 * before) {
        project(unit, n, locked, locked.length / length, w);
        project(unit, n, basis, j + 1, w);
        scale(unit, n, [1 / norm(w), 0], w, 0);
      }
      basis.set(w, (j + 1) * length);
    }
    return this.rest;
  }

  /** After an invariant space: goes on with a random vector; false if there is no room for one. */
  refresh(random: Random): boolean {
    const { unit, n, basis, steps } = this, length = n * unit, locked = this.#locked.length / length;
    if (steps + locked >= n) return false;
    const w = randomVector(length, random);
    scale(unit, n, [1 / norm(w), 0], w, 0);
    for (let pass = 0; pass < 2; pass++) {
      project(unit, n, this.#locked, locked, w);
      project(unit, n, basis, steps, w);
      const size = norm(w);
      if (!(size > 1e-10)) return false;
      scale(unit, n, [1 / size, 0], w, 0);
    }
    basis.set(w, steps * length);
    return true;
  }

  /** The same space, with room for more steps. */
  enlarged(limit: number): Krylov {
    const { unit, steps } = this, more = new Krylov(this.#map, limit, this.#locked);
    more.basis.set(this.basis);
    for (let i = 0; i <= steps; i++) {
      const from = i * this.limit * unit;
      more.coefficients.set(this.coefficients.subarray(from, from + this.limit * unit), i * limit * unit);
    }
    more.steps = steps;
    more.rest = this.rest;
    return more;
  }

  /** The square part of the coefficients: Vᴴ·A·V. */
  square(): Matrix {
    const { unit, steps, limit } = this, out = matrixOf(steps, steps, unit === 2 ? "complex" : "real");
    for (let i = 0; i < steps; i++) {
      const from = i * limit * unit;
      out.values.set(this.coefficients.subarray(from, from + steps * unit), i * steps * unit);
    }
    return out;
  }
}

/** A real operator on complex vectors: on their real and imaginary parts. */
export function complexMap(map: LinearMap): LinearMap {
  if (map.field === "complex") return map;
  const both =
    (cols: number, rows: number, run: (x: Vector) => Vector) => (x: Float64Array, out?: Vector) => {
      const count = x.length / (2 * cols), parts = new Float64Array(x.length);
      for (let c = 0; c < count; c++) {
        for (let i = 0; i < cols; i++) {
          parts[2 * c * cols + i] = x[2 * (c * cols + i)];
          parts[(2 * c + 1) * cols + i] = x[2 * (c * cols + i) + 1];
        }
      }
      const y = run(parts);
      out ??= new Float64Array(2 * count * rows);
      for (let c = 0; c < count; c++) {
        for (let i = 0; i < rows; i++) {
          out[2 * (c * rows + i)] = y[2 * c * rows + i];
          out[2 * (c * rows + i) + 1] = y[(2 * c + 1) * rows + i];
        }
      }
      return out;
    };
  const { rows, cols } = map;
  return {
    rows,
    cols,
    field: "complex",
    apply: both(cols, rows, (x) => product(map, x)),
    applyAdjoint: both(rows, cols, (y) => adjointProduct(map, y)),
  };
}
