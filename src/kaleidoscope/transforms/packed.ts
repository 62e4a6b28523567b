/**
 * Real transforms by a complex Fourier transform of half the size.
 *
 * A real vector v of n = 2h numbers is taken for the h complex numbers z[j] = v[2j] + i·v[2j+1]. With Z their DFT, m = h − k
 * and Y = conj Z[m], the DFTs of the even and of the odd entries are E = (Z[k] + Y)/2 and O = (Z[k] − Y)/2i, and with
 * P = E + wO, Q = E − wO, w = e^{−2πik/n}, the DFT of v is V[k] = P, V[m] = conj Q, which also gives V[n−k] and V[h+k].
 * So a complex 2×2 block takes Z[k], Y to multiples αP, βQ, whose four parts are numbers of the result: a real 4×4 block on
 * the parts of Z[k] and Z[m]. The pair k = 0 stands for Z[0] and Z[h/2], which have only themselves for partners.
 *
 * @module
 */

import { Butterfly } from "../../operator/butterfly.ts";
import { KroneckerFactor } from "../../operator/factor.ts";
import type { Operator } from "../../operator/operator.ts";
import { Permutation } from "../../operator/permutation.ts";
import { product } from "../../operator/product.ts";
import { RealView } from "../../operator/real_view.ts";
import { fourierFactors } from "../fourier.ts";

/** A complex number by size and angle. */
export interface Polar {
  /** Its absolute value; negative for the opposite number. */
  readonly size: number;
  /** Its angle, in radians. */
  readonly angle: number;
}

/** What a transform makes of the spectrum of a real vector. */
export interface Merge {
  /** What P is multiplied by; for k = 0 what conj Z[0] is. */
  sum(k: number): Polar;
  /** What Q is multiplied by; for k = 0 what conj Z[h/2] is. */
  difference(k: number): Polar;
  /** The rows of the result that the real and imaginary parts of the first and of the second product are. */
  rows(k: number): readonly [number, number, number, number];
  /** What a row is multiplied by besides; 1 when absent. */
  scale?(row: number): number;
}

/**
 * The real operator of n points that takes v to what `merge` makes of its spectrum.
 *
 * @param n a power of two from 4 on
 * @param negated whether the second half of the complex numbers z changes its sign first
 */
export function packed(n: number, merge: Merge, negated = false): Operator {
  const h = n / 2, half = n / 4;
  const factors = fourierFactors(h, {}).map((w) => Float32Array.from(w));
  // Behind the bit reversal the second half are the odd points, the second columns of the factor of stride 1.
  if (negated) factors[0].forEach((w, i) => factors[0][i] = i & 2 ? -w : w);
  // Blocks of the parts of Z[k] and Z[m], each part of all k after another: 4×4 times `half`.
  const parts = new Uint32Array(n), place = new Uint32Array(n), blocks = new Float32Array(4 * n);
  for (let k = 0; k < half; k++) {
    const m = k === 0 ? half : h - k, rows = merge.rows(k), angle = -2 * Math.PI * k / n;
    [2 * k, 2 * k + 1, 2 * m, 2 * m + 1].forEach((from, i) => parts[i * half + k] = from);
    rows.forEach((row, i) => place[row] = i * half + k);
    /** The 2×2 block of a product with re + i·im, or of one with the conjugate. */
    const put = (row: number, column: number, re: number, im: number, conjugate: boolean): void => {
      const entries = conjugate ? [re, im, im, -re] : [re, -im, im, re];
      entries.forEach((entry, i) => {
        const scale = merge.scale?.(rows[row + (i >> 1)]) ?? 1;
        blocks[((row + (i >> 1)) * 4 + column + (i & 1)) * half + k] = scale * entry;
      });
    };
    [merge.sum(k), merge.difference(k)].forEach(({ size, angle: turn }, i) => {
      const c = size * Math.cos(turn), s = size * Math.sin(turn);
      if (k === 0) return put(2 * i, 2 * i, c, s, true);
      for (const other of [false, true]) {
        // Half of 1 ∓ iw, times the multiplier.
        const sign = other === (i === 1) ? 1 : -1;
        const re = (1 + sign * Math.sin(angle)) / 2, im = -sign * Math.cos(angle) / 2;
        put(2 * i, other ? 2 : 0, re * c - im * s, re * s + im * c, other);
      }
    });
  }
  return product(
    new Permutation(place),
    new KroneckerFactor({ a: 1, b: 4, c: 4, d: half }, blocks),
    new Permutation(parts),
    new RealView(product(
      new Butterfly(h, factors, { field: "complex" }),
      Permutation.bitReversal(h, "complex"),
    )),
  );
}
