/**
 * Operators whose eigenvectors follow from those of their parts: Kronecker products and sums, circulants, diagonals,
 * block diagonals, and all of these with a multiple of the identity added. Everything that is a function of the eigenvalues
 * follows: inverse, determinant, exponential …
 *
 * @module
 */
import { UNITARY } from "../annotations.ts";
import { blockDiag, kron } from "../compose.ts";
import type { LinearOperator } from "../operator.ts";
import { ScaledOperator, SumOperator } from "../operators/composite.ts";
import { CirculantOperator, fft } from "../operators/fourier.ts";
import { BlockDiagOperator, KroneckerOperator, KronSumOperator } from "../operators/kronecker.ts";
import { DiagonalOperator, identity, IdentityOperator } from "../operators/simple.ts";
import { inField, joinFields } from "../scalar.ts";
import type { Field, Vector } from "../types.ts";
import type { Call } from "./rule_set.ts";
import type { FunctionName } from "./functions.ts";

/** V and Λ of A = V·Λ·V⁻¹. */
export interface Spectrum {
  /** Eigenvalues in the order of the columns of `vectors`. */
  readonly values: Vector;
  /** Whether they are real or complex. */
  readonly field: Field;
  /** Eigenvectors as columns. */
  readonly vectors: LinearOperator;
}

/** Whether {@link spectrumOf} knows a way: the parts of which dense eigenvectors are needed; if not, why. */
export function spectralParts(A: LinearOperator): readonly LinearOperator[] | string {
  if (A instanceof DiagonalOperator || A instanceof IdentityOperator || A instanceof CirculantOperator) {
    return [];
  }
  if (A instanceof ScaledOperator) return spectralParts(A.of);
  if (A instanceof KronSumOperator) return joined(A.terms);
  if (A instanceof BlockDiagOperator) {
    return A.blocks.every((part) => part.isSquare) ? joined(A.blocks) : "blocks are not square";
  }
  if (A instanceof KroneckerOperator) {
    return A.factors.every((part) => part.isSquare) ? joined(A.factors) : "factors are not square";
  }
  if (A instanceof SumOperator) {
    const rest = A.terms.filter((term) => !isShift(term));
    if (rest.length === 1) return spectralParts(rest[0]);
    return "more than one term is no multiple of the identity";
  }
  return "its eigenvectors do not follow from those of its parts";
}

function joined(parts: readonly LinearOperator[]): readonly LinearOperator[] {
  return parts.flatMap((part) => {
    const own = spectralParts(part);
    return typeof own === "string" ? [part] : own;
  });
}

/** Whether it is c·I. */
export function isShift(A: LinearOperator): boolean {
  return A instanceof IdentityOperator || (A instanceof ScaledOperator && A.of instanceof IdentityOperator) ||
    (A instanceof DiagonalOperator &&
      A.values.every((v, i) => v === A.values[A.field === "real" ? 0 : i % 2]));
}

/** c of c·I. */
export function shiftOf(A: LinearOperator): readonly [number, number] {
  if (A instanceof ScaledOperator) return A.factor;
  if (A instanceof DiagonalOperator) return [A.values[0], A.field === "real" ? 0 : A.values[1]];
  return [1, 0];
}

/** The eigenvalues and eigenvectors; the parts by `eig`. To be called where {@link spectralParts} gives a list. */
export function spectrumOf(A: LinearOperator, call: Call<FunctionName>): Spectrum {
  if (typeof spectralParts(A) === "string") return call.run("eig", A);
  if (A instanceof DiagonalOperator) {
    return real({ values: A.values, field: A.field, vectors: identity(A.rows) });
  }
  if (A instanceof IdentityOperator) {
    return { values: new Float64Array(A.rows).fill(1), field: "real", vectors: identity(A.rows) };
  }
  if (A instanceof CirculantOperator) {
    // The columns of the inverse transform are the eigenvectors. Eigenvalues of Hermitian ones are real but for rounding.
    const { eigenvalues, rows } = A,
      values = A.is("SelfAdjoint") ? inField(eigenvalues, "complex", "real") : eigenvalues;
    return { values, field: A.is("SelfAdjoint") ? "real" : "complex", vectors: fft(rows, { sign: 1 }) };
  }
  if (A instanceof ScaledOperator) {
    const of = spectrumOf(A.of, call);
    return real({ ...map(of, (re, im) => product([re, im], A.factor)), vectors: of.vectors });
  }
  if (A instanceof SumOperator) {
    const [rest] = A.terms.filter((term) => !isShift(term));
    const [a, b] = A.terms.filter(isShift).map(shiftOf)
      .reduce(([re, im], [x, y]) => [re + x, im + y], [0, 0]);
    const of = spectrumOf(rest, call);
    if (of.field === "real" && b === 0) return { ...of, values: of.values.map((v) => v + a) };
    return real({ ...map(of, (re, im) => [re + a, im + b]), vectors: of.vectors });
  }
  const parts = A.children.map((part) => spectrumOf(part, call));
  const vectors = parts.map((part) => part.vectors), field = joinFields(parts);
  if (A instanceof BlockDiagOperator) {
    const values = Float64Array.from(parts.flatMap((part) => [...inField(part.values, part.field, field)]));
    return { values, field, vectors: blockDiag(...vectors) };
  }
  if (field === "real") {
    const multiply = A instanceof KroneckerOperator;
    const values = parts.map((part) => part.values).reduce((a, b) => {
      const next = new Float64Array(a.length * b.length);
      for (let i = 0, at = 0; i < a.length; i++) {
        for (let j = 0; j < b.length; j++, at++) next[at] = multiply ? a[i] * b[j] : a[i] + b[j];
      }
      return next;
    });
    return { values, field, vectors: kron(...vectors) };
  }
  const lists = parts.map((part) => inField(part.values, part.field, "complex"));
  const combine = A instanceof KroneckerOperator
    ? product
    : (x: readonly [number, number], y: readonly [number, number]) => [x[0] + y[0], x[1] + y[1]] as const;
  let values = lists[0];
  for (const list of lists.slice(1)) {
    const next = new Float64Array(values.length * list.length / 2);
    for (let i = 0, at = 0; i < values.length; i += 2) {
      for (let j = 0; j < list.length; j += 2, at += 2) {
        const [re, im] = combine([values[i], values[i + 1]], [list[j], list[j + 1]]);
        next[at] = re;
        next[at + 1] = im;
      }
    }
    values = next;
  }
  return { values: inField(values, "complex", field), field, vectors: kron(...vectors) };
}

function product(
  [a, b]: readonly [number, number],
  [c, d]: readonly [number, number],
): readonly [number, number] {
  return [a * c - b * d, a * d + b * c];
}

/** Eigenvalues one by one. */
export function map(
  { values, field }: { readonly values: Vector; readonly field: Field },
  make: (re: number, im: number) => readonly [number, number],
): { values: Vector; field: Field } {
  const from = inField(values, field, "complex"), result = new Float64Array(from.length);
  for (let i = 0; i < from.length; i += 2) [result[i], result[i + 1]] = make(from[i], from[i + 1]);
  return { values: result, field: "complex" };
}

/** The same with real numbers where all imaginary parts are zero. */
export function real<T extends { readonly values: Vector; readonly field: Field }>(spectrum: T): T {
  const { values, field } = spectrum;
  if (field === "real" || values.some((v, i) => i % 2 === 1 && v !== 0)) return spectrum;
  return { ...spectrum, values: inField(values, field, "real"), field: "real" };
}

/** Whether the eigenvectors are orthonormal. */
export function isNormal({ vectors }: Spectrum): boolean {
  return (vectors.flags & UNITARY) !== 0;
}
