/**
 * Weights of butterflies for verification: those that are timed, and those that try the arithmetic.
 *
 * @module
 */
import { Butterfly } from "../../src/mod.ts";
import { normal } from "./problem.ts";
import { butterflyProduct, type Field } from "./reference.ts";

/** The kinds of weights that are verified; the first two are timed. */
export const KINDS = [
  "Gaussian",
  "orthogonal",
  "Fourier",
  "Hadamard",
  "ill-scaled",
  "ill-scaled, independent",
] as const;

/** One kind of weights. */
export type Kind = typeof KINDS[number];

/** The factors of a butterfly with increasing strides, each laid out [n/2s][2][2][s], in the order of application. */
export function butterflyFactors(n: number, field: Field, kind: Kind): Float32Array[] {
  switch (kind) {
    case "Gaussian":
      return [...Butterfly.random(n, { field, seed: 1 }).factors];
    case "orthogonal":
      return [...Butterfly.random(n, { field, seed: 2, init: "orthogonal" }).factors];
    case "Fourier":
      return fourierFactors(n, field);
    case "Hadamard":
      return hadamardFactors(n, field);
    case "ill-scaled":
      return balanced(n, field);
    case "ill-scaled, independent":
      return independent(n, field);
  }
}

/** The strides of those factors. */
export function increasingStrides(n: number): number[] {
  return Array.from({ length: Math.log2(n) }, (_, level) => 2 ** level);
}

/** Fills the factors from a function of the place of a weight. */
function makeFactors(
  n: number,
  field: Field,
  entry: (
    stride: number,
    beta: number,
    gamma: number,
    delta: number,
    block: number,
  ) => [re: number, im: number],
): Float32Array[] {
  const unit = field === "complex" ? 2 : 1;
  return increasingStrides(n).map((s) => {
    const w = new Float32Array(2 * n * unit);
    for (let at = 0; at < 2 * n; at++) {
      const block = Math.floor(at / (4 * s)),
        beta = Math.floor(at / (2 * s)) % 2,
        gamma = Math.floor(at / s) % 2;
      const [re, im] = entry(s, beta, gamma, at % s, block);
      w[at * unit] = re;
      if (unit === 2) w[at * 2 + 1] = im;
    }
    return w;
  });
}

/** The Hadamard transform: orthonormal, or with entries of size `size` in the factors. */
export function hadamardFactors(n: number, field: Field, size: number = Math.SQRT1_2): Float32Array[] {
  return makeFactors(n, field, (_stride, beta, gamma) => [beta + gamma === 2 ? -size : size, 0]);
}

/**
 * The Fourier transform, without its bit reversal: unitary, or with entries of size `size` in the factors; real ones take
 * the rotations by the same angles.
 */
export function fourierFactors(n: number, field: Field, size: number = Math.SQRT1_2): Float32Array[] {
  return makeFactors(n, field, (s, beta, gamma, delta) => {
    const angle = Math.PI * delta / s;
    const [c, d] = [size * Math.cos(angle), size * Math.sin(angle)];
    if (field === "complex") return gamma === 0 ? [size, 0] : beta === 0 ? [c, -d] : [-c, d];
    const root = Math.SQRT2;
    return beta === gamma ? [root * c, 0] : [beta === 0 ? -root * d : root * d, 0];
  });
}

/**
 * D·W·D′⁻¹ with W Gaussian and D, D′ diagonals of 10^±6: entries from 1e-12 to 1e12, values in between of 10^±6, and a
 * result of ordinary size. One in sixteen entries is exactly zero, on the diagonals as well.
 */
function balanced(n: number, field: Field): Float32Array[] {
  const unit = field === "complex" ? 2 : 1;
  const levels = Math.log2(n);
  const random = uniform(77 + n);
  const ones = new Float64Array(n).fill(1);
  const scales = Array.from(
    { length: levels + 1 },
    (_, i) => i === 0 || i === levels ? ones : Float64Array.from(ones, () => 10 ** (12 * random() - 6)),
  );
  const factors = Butterfly.random(n, { field, seed: 3 }).factors.map((w) => new Float32Array(w));
  factors.forEach((w, level) => {
    const s = 2 ** level;
    for (let at = 0; at < 2 * n; at++) {
      const base = Math.floor(at / (4 * s)) * 2 * s + at % s;
      const row = base + Math.floor(at / (2 * s)) % 2 * s, column = base + Math.floor(at / s) % 2 * s;
      const factor = random() < 1 / 16 ? 0 : scales[level + 1][row] / scales[level][column];
      for (let part = 0; part < unit; part++) w[at * unit + part] *= factor;
    }
  });
  return factors;
}

/**
 * Every entry of its own size, over 24 powers of ten, one in sixteen exactly zero. Each factor is scaled as a whole so
 * that a random vector keeps its norm: otherwise products of large entries would leave the range of float32.
 */
function independent(n: number, field: Field): Float32Array[] {
  const unit = field === "complex" ? 2 : 1;
  const random = uniform(99 + n);
  let x: ArrayLike<number> = normal(n * unit, 5);
  return increasingStrides(n).map((s) => {
    const w = Float64Array.from(normal(2 * n * unit, s + 11));
    for (let at = 0; at < 2 * n; at++) {
      const factor = random() < 1 / 16 ? 0 : 10 ** (24 * random() - 12);
      for (let part = 0; part < unit; part++) w[at * unit + part] *= factor;
    }
    const y = butterflyProduct([w], [s], x, field);
    const growth = norm(y) / norm(x);
    const scaled = Float32Array.from(w, (value) => growth > 0 ? value / growth : value);
    x = butterflyProduct([scaled], [s], x, field);
    return scaled;
  });
}

function norm(x: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * x[i];
  return Math.sqrt(sum);
}

/** Seeded numbers from 0 to 1: a linear congruence of 32 bits, its upper bits. */
function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}
