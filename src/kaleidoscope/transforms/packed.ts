/**
 * Real transforms by a complex Fourier transform of half the size.
 *
 * A real vector v of n = 2h numbers is taken for the h complex numbers z[j] = v[2j] + i·v[2j+1]. With Z their DFT, and
 * m = h − k, the DFTs of the even and of the odd entries are E = (Z[k] + conj Z[m])/2 and O = (Z[k] − conj Z[m])/2i, and
 * with P = E + wO, Q = E − wO, w = e^{−2πik/n}, the DFT of v is V[k] = P, V[m] = conj Q. So the four numbers Z[k], Z[m] give
 * V at k, m, h + k and n − k; that is four layers of real 2×2 blocks for k = 1 … h/2 − 1. The one in place of k = 0 takes
 * Z[0] and Z[h/2], which have only themselves for partners.
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

/** A 2×2 block, row-major. */
export type Block = readonly [number, number, number, number];

/** The rotation of a complex number (re, im) by an angle, each part of the result times a scale of its own. */
export function rotation(angle: number, re = 1, im = re): Block {
  const cosine = Math.cos(angle), sine = Math.sin(angle);
  return [re * cosine, -re * sine, im * sine, im * cosine];
}

/** The product of two blocks. */
export function times([a, b, c, d]: Block, [p, q, r, s]: Block): Block {
  return [a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s];
}

/**
 * What becomes of the numbers that belong to k in the four layers; k = 0 stands for Z[0] (first) and Z[h/2] (second).
 */
export interface Merge {
  /** E (re, im) to a pair; for k = 0 the parts of Z[0]. */
  even(k: number): Block;
  /** wO (re, im) to a pair, w not yet applied: O; for k = 0 the parts of Z[h/2]. */
  odd(k: number): Block;
  /** After sums and differences of these pairs: the sum; for k = 0 the first pair as it is. */
  sum(k: number): Block;
  /** The difference; for k = 0 the second pair as it is. */
  difference(k: number): Block;
  /** Where the results go: those of the sum and those of the difference. */
  places(k: number): readonly [number, number, number, number];
}

/**
 * The real operator of n points that takes v to what `merge` makes of its spectrum.
 *
 * @param n a power of two from 4 on
 * @param negated whether the second half of the complex numbers z changes its sign first
 */
export function packed(n: number, merge: Merge, negated = false): Operator {
  const h = n / 2, quarter = n / 4;
  const factors = fourierFactors(h, {}).map((w) => Float32Array.from(w));
  // Behind the bit reversal the second half are the odd points, the second columns of the factor of stride 1.
  if (negated) factors[0].forEach((w, i) => factors[0][i] = i & 2 ? -w : w);
  const spectrum = product(
    new Butterfly(h, factors, { field: "complex" }),
    Permutation.bitReversal(h, "complex"),
  );
  // Four planes of h/2 numbers: re Z[k], im Z[k], re Z[m], im Z[m].
  const gather = new Uint32Array(n), place = new Uint32Array(n);
  for (let k = 0; k < quarter; k++) {
    const m = k === 0 ? quarter : h - k, to = merge.places(k);
    [2 * k, 2 * k + 1, 2 * m, 2 * m + 1].forEach((from, plane) => gather[plane * quarter + k] = from);
    to.forEach((row, plane) => place[row] = plane * quarter + k);
  }
  const across = (block: (k: number, part: number) => Block): KroneckerFactor => {
    const weights = new Float32Array(2 * n);
    for (let part = 0; part < 2; part++) {
      for (let k = 0; k < quarter; k++) {
        block(k, part).forEach((w, e) => weights[(e * 2 + part) * quarter + k] = w);
      }
    }
    return new KroneckerFactor({ a: 1, b: 2, c: 2, d: h }, weights);
  };
  const along = (...pair: ((k: number) => Block)[]): KroneckerFactor => {
    const weights = new Float32Array(2 * n);
    pair.forEach((block, i) => {
      for (let k = 0; k < quarter; k++) {
        block(k).forEach((w, e) => weights[(i * 4 + e) * quarter + k] = w);
      }
    });
    return new KroneckerFactor({ a: 2, b: 2, c: 2, d: quarter }, weights);
  };
  const none: Block = [1, 0, 0, 1];
  /** The second pair is (im O, re O) after the first layer. */
  const turned = (k: number): Block => {
    const [a, b, c, d] = merge.odd(k);
    return k === 0 ? [a, b, c, d] : [b, a, d, c];
  };
  return product(
    new Permutation(place),
    along(merge.sum, merge.difference),
    across((k) => k === 0 ? none : [1, 1, 1, -1]),
    along(merge.even, turned),
    // re: (re E, im O); im: (im E, re O)
    across((k, part) => k === 0 ? none : part === 0 ? [0.5, 0.5, -0.5, 0.5] : [0.5, -0.5, 0.5, 0.5]),
    new Permutation(gather),
    new RealView(spectrum),
  );
}
