/**
 * The orthonormal DCT-II in between of other maps: a DFT of half the size on real numbers taken two at a time.
 *
 * @module
 */

import { checkPowerOfTwo } from "../operator/check.ts";
import { Operator } from "../operator/operator.ts";
import { bitReversal } from "../operator/permutation.ts";
import { type Program, ProgramBuilder } from "../program/program.ts";
import { withMirror } from "./convolution.ts";
import { fourierButterfly } from "./fourier.ts";

/** The orthonormal DCT-II of n points, a power of two; its adjoint is its inverse. */
export function cosineTransform(n: number): Operator {
  checkPowerOfTwo("a cosine transform", "n", n);
  return new CosineTransform(n, n, "real");
}

class CosineTransform extends Operator {
  /**
   * Even points forwards, then odd ones backwards (Makhoul 1980), make a vector v whose spectrum V gives the transform
   * y: with C[k] = e^{−iπk/2n}·V[k], y[k] is the real part of C[k] and y[n−k] the negative imaginary one. V in turn
   * comes from the spectrum Z of z = v[2k] + i·v[2k+1] as V[k] = (1 − iw)/2·Z[k] + (1 + iw)/2·conj(Z[−k]), w =
   * e^{−2πik/n}; the number k = 0 holds y[0] and y[n/2].
   */
  protected build(): Program {
    const n = this.cols, half = n / 2;
    const builder = new ProgramBuilder(n);
    if (n === 1) return builder.build(0);
    const makhoul = Uint32Array.from({ length: n }, (_, i) => i < half ? 2 * i : 2 * (n - i) - 1);
    let value = builder.permutation(0, makhoul, 1);
    value = builder.append(value, fourierButterfly(half, { increasing: false }).program);
    const reverse = bitReversal(half), weights = new Float32Array(2 * n);
    reverse.forEach((k, p) => {
      // i·e^{−iπk/2n}·(1 ∓ iw)/2: times i, so that y[n−k] and y[k] are the two parts as they are.
      const angle = Math.PI * k / (2 * n), across = -2 * Math.PI * k / n - angle;
      const [c, s] = [Math.sin(angle) / 2, Math.cos(angle) / 2];
      const [re, im] = [Math.cos(across) / 2, Math.sin(across) / 2];
      weights.set(k === 0 ? [Math.SQRT1_2, Math.SQRT1_2] : [c + re, s + im], 2 * p);
      weights.set(k === 0 ? [0, 0] : [c - re, s - im], 2 * (half + p));
    });
    value = withMirror(builder, value, 1, 1, half);
    value = builder.factor(value, { a: 1, b: 1, c: 2, d: half }, "complex", weights);
    const order = Uint32Array.from({ length: n }, (_, j) => {
      if (j === half) return 0;
      return j < half ? 2 * reverse[j] + 1 : 2 * reverse[n - j];
    });
    return builder.build(builder.permutation(value, order, 1));
  }
}
