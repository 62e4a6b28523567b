/**
 * LU of tridiagonal matrices with partial pivoting: Thomas' algorithm made stable (Golub and Van Loan, 4.3).
 *
 * @module
 */
import type { TridiagonalOperator } from "../operators/tridiagonal.ts";
import { inField } from "../scalar.ts";
import type { Vector } from "../types.ts";

/** The factors: rows of U have three entries, and each step of L one. All complex, interleaved. */
export interface TridiagonalFactors {
  readonly n: number;
  /** The multipliers of L. */
  readonly below: Vector;
  /** The diagonal of U, and what lies one and two places right of it. */
  readonly u0: Vector;
  readonly u1: Vector;
  readonly u2: Vector;
  /** Whether rows i and i + 1 were exchanged before step i. */
  readonly swapped: Uint8Array;
}

/** a·b, the real part in front. */
function times(a: number, b: number, c: number, d: number): [number, number] {
  return [a * c - b * d, a * d + b * c];
}

/** Factors; a pivot may be zero in the end, which is for the caller to look at. */
export function factorTridiagonal(A: TridiagonalOperator): TridiagonalFactors {
  const n = A.rows, lift = (v: Vector): Vector => inField(v.slice(), A.field, "complex");
  const below = lift(A.lower),
    u0 = lift(A.diagonal),
    u1 = new Float64Array(2 * n),
    u2 = new Float64Array(2 * n);
  u1.set(lift(A.upper));
  const swapped = new Uint8Array(n);
  for (let i = 0; 2 * i < below.length; i++) {
    const k = 2 * i, next = k + 2;
    if (Math.hypot(below[k], below[k + 1]) > Math.hypot(u0[k], u0[k + 1])) {
      swapped[i] = 1;
      for (let part = 0; part < 2; part++) {
        [u0[k + part], below[k + part]] = [below[k + part], u0[k + part]];
        [u1[k + part], u0[next + part]] = [u0[next + part], u1[k + part]];
        [u2[k + part], u1[next + part]] = [u1[next + part], 0];
      }
    }
    const size = u0[k] ** 2 + u0[k + 1] ** 2;
    if (size === 0) continue; // A column of zeros: its multiplier is zero already.
    // Divided by the modulus twice, so that its square may not vanish.
    const modulus = Math.hypot(u0[k], u0[k + 1]), c = u0[k] / modulus, s = u0[k + 1] / modulus;
    const [re, im] = times(below[k] / modulus, below[k + 1] / modulus, c, -s);
    below[k] = re;
    below[k + 1] = im;
    for (const [row, source] of [[u0, u1], [u1, u2]] as const) {
      const [x, y] = times(re, im, source[k], source[k + 1]);
      row[next] -= x;
      row[next + 1] -= y;
    }
  }
  return { n, below, u0, u1, u2, swapped };
}

/** Solves for one complex vector, in place. */
export function solveTridiagonal({ n, below, u0, u1, u2, swapped }: TridiagonalFactors, x: Vector): void {
  for (let i = 0; i + 1 < n; i++) {
    const k = 2 * i;
    if (swapped[i]) {
      [x[k], x[k + 2]] = [x[k + 2], x[k]];
      [x[k + 1], x[k + 3]] = [x[k + 3], x[k + 1]];
    }
    const [re, im] = times(below[k], below[k + 1], x[k], x[k + 1]);
    x[k + 2] -= re;
    x[k + 3] -= im;
  }
  for (let k = 2 * (n - 1); k >= 0; k -= 2) {
    for (const [row, shift] of [[u1, 2], [u2, 4]] as const) {
      if (k + shift >= 2 * n) continue;
      const [re, im] = times(row[k], row[k + 1], x[k + shift], x[k + shift + 1]);
      x[k] -= re;
      x[k + 1] -= im;
    }
    const modulus = Math.hypot(u0[k], u0[k + 1]);
    const [re, im] = times(x[k] / modulus, x[k + 1] / modulus, u0[k] / modulus, -u0[k + 1] / modulus);
    x[k] = re;
    x[k + 1] = im;
  }
}
