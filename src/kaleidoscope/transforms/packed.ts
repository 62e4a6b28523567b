/**
 * Real transforms by a complex Fourier transform of half the size.
 *
 * A real vector v of n = 2h numbers is taken for the h complex numbers z[j] = v[2j] + i·v[2j+1]. With Z their DFT, m = h − k
 * and Y = conj Z[m], the DFTs of the even and of the odd entries are E = (Z[k] + Y)/2 and O = (Z[k] − Y)/2i, and with
 * P = E + wO, Q = E − wO, w = e^{−2πik/n}, the DFT of v is V[k] = P, V[m] = conj Q, which also gives V[n−k] and V[h+k].
 * So after conjugating one of two, a complex 2×2 block takes Z[k], Z[m] to multiples αP, βQ, whose four parts are numbers of
 * the result. The pair k = 0 stands for Z[0] and Z[h/2], which have only themselves for partners.
 *
 * @module
 */

import { Butterfly } from "../../operator/butterfly.ts";
import { Diagonal } from "../../operator/diagonal.ts";
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
  // Partners are brought half a vector apart, and those in the second half conjugated, and Z[0].
  const partners = new Uint32Array(h), signs = new Float32Array(n).fill(1), place = new Uint32Array(n);
  const blocks = new Float32Array(4 * n / 2);
  for (let k = 0; k < half; k++) {
    partners[k] = k;
    partners[half + k] = k === 0 ? half : h - k;
    if (k === 0) signs[1] = -1;
    signs[2 * (half + k) + 1] = -1;
    const rows = merge.rows(k);
    for (let i = 0; i < 4; i++) place[rows[i]] = 2 * k + (i & 1) + (i & 2 ? h : 0);
    const angle = -2 * Math.PI * k / n;
    const put = (entry: number, sign: number, { size, angle: turn }: Polar): void => {
      // Half of 1 ∓ iw, times the multiplier.
      const re = (1 + sign * Math.sin(angle)) / 2, im = -sign * Math.cos(angle) / 2;
      const c = size * Math.cos(turn), s = size * Math.sin(turn);
      const at = 2 * (entry * half + k);
      if (k === 0) blocks.set(sign === 1 ? [c, s] : [0, 0], at);
      else blocks.set([re * c - im * s, re * s + im * c], at);
    };
    put(0, 1, merge.sum(k));
    put(1, -1, merge.sum(k));
    put(2, -1, merge.difference(k));
    put(3, 1, merge.difference(k));
  }
  const spectrum = product(
    new Permutation(partners, "complex"),
    new Butterfly(h, factors, { field: "complex" }),
    Permutation.bitReversal(h, "complex"),
  );
  return product(
    new Permutation(place),
    new RealView(new KroneckerFactor({ a: 1, b: 2, c: 2, d: half }, blocks, "complex")),
    new Diagonal(signs),
    new RealView(spectrum),
  );
}
