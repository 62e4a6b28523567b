/**
 * What is known of an operator beyond its entries, and what follows for what is made of it.
 *
 * @module
 */

/**
 * What is known of an operator: "SelfAdjoint" (A = Aᴴ), "PSD" (xᴴAx ≥ 0 and self-adjoint), "Stiefel" (AᴴA = I: the
 * columns are orthonormal), "Unitary" (square and Stiefel; orthogonal if real).
 */
export type Annotation = "SelfAdjoint" | "PSD" | "Unitary" | "Stiefel";

/** Annotations as bits, for arithmetic. */
export const SELF = 1, PSD = 2, UNITARY = 4, STIEFEL = 8;

/** All that stays when a map is turned into its adjoint, or when blocks that all have it are put together. */
export const ALL = SELF | PSD | UNITARY | STIEFEL;

const bits: Record<Annotation, number> = { SelfAdjoint: SELF, PSD, Unitary: UNITARY, Stiefel: STIEFEL };

/** The bits of annotations. */
export function flagsOf(annotations: readonly Annotation[]): number {
  return annotations.reduce((flags, name) => {
    if (!(name in bits)) {
      throw new TypeError(
        `Cannot annotate an operator: expected SelfAdjoint, PSD, Unitary or Stiefel, got ${String(name)}`,
      );
    }
    return flags | bits[name];
  }, 0);
}

/** The names of bits. */
export function annotationsOf(flags: number): Annotation[] {
  return (Object.keys(bits) as Annotation[]).filter((name) => (flags & bits[name]) !== 0);
}

/** Adds what follows: PSD is self-adjoint, unitary is Stiefel, and a square Stiefel operator is unitary. */
export function closed(flags: number, square: boolean): number {
  if (flags & PSD) flags |= SELF;
  if (flags & UNITARY) flags |= STIEFEL;
  if (square && flags & STIEFEL) flags |= UNITARY;
  return square ? flags : flags & STIEFEL;
}
