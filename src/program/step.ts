/**
 * The steps of a program: what a linear map is made of before anything is packed or run.
 *
 * A program is a straight list of steps over numbered values. Value 0 is the input; step i makes value i + 1.
 * Widths are in floats: a complex vector of n numbers has width 2n, interleaved.
 *
 * `original` is set on steps made from real ones to work on complex vectors: the real weights they came from, to
 * which their gradient belongs.
 *
 * @module
 */

/** The numbers a map works on. Complex numbers lie interleaved: re, im, re, im … */
export type Field = "real" | "complex";

/**
 * The support I_a ⊗ 1_{b×c} ⊗ I_d of a Kronecker-sparse factor: a·b·d rows, a·c·d columns, a·b·c·d nonzeros
 * (Zheng, Riccietti, Gribonval 2022). The butterfly factor of stride s on n points is (n/2s, 2, 2, s).
 */
export interface Pattern {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
}

/** y[i,β,δ] = Σγ w[i,β,γ,δ]·x[i,γ,δ], weights laid out [a][b][c][d]. */
export interface FactorStep {
  readonly kind: "factor";
  readonly from: number;
  readonly pattern: Pattern;
  readonly field: Field;
  readonly weights: Float32Array;
  readonly original?: Float32Array;
}

/** y = w∘x. */
export interface DiagonalStep {
  readonly kind: "diagonal";
  readonly from: number;
  readonly field: Field;
  readonly weights: Float32Array;
  readonly original?: Float32Array;
}

/** y[i] = x[index[i]], or with `scatter` y[index[i]] = x[i], on elements of `unit` floats. */
export interface PermutationStep {
  readonly kind: "permutation";
  readonly from: number;
  readonly index: Uint32Array;
  readonly unit: 1 | 2;
  readonly scatter: boolean;
}

/** y = W·x, W row-major. */
export interface DenseStep {
  readonly kind: "dense";
  readonly from: number;
  readonly rows: number;
  readonly columns: number;
  readonly field: Field;
  readonly weights: Float32Array;
  readonly original?: Float32Array;
}

/** y[i] = x[i + shift] where that exists, 0 elsewhere: a slice, a pad, or both. In floats. */
export interface WindowStep {
  readonly kind: "window";
  readonly from: number;
  readonly width: number;
  readonly shift: number;
}

/** The sum of values of one width. */
export interface AddStep {
  readonly kind: "add";
  readonly inputs: readonly number[];
}

/** Values one after another. */
export interface ConcatStep {
  readonly kind: "concat";
  readonly inputs: readonly number[];
}

/** y = x + w. The one step that is not linear; adjoints leave it out. */
export interface BiasStep {
  readonly kind: "bias";
  readonly from: number;
  readonly field: Field;
  readonly weights: Float32Array;
  readonly original?: Float32Array;
}

/** One instruction of a program. */
export type Step =
  | FactorStep
  | DiagonalStep
  | PermutationStep
  | DenseStep
  | WindowStep
  | AddStep
  | ConcatStep
  | BiasStep;

/** A step that carries weights. */
export type WeightedStep = FactorStep | DiagonalStep | DenseStep | BiasStep;

/** Whether a step carries weights. */
export function isWeighted(step: Step): step is WeightedStep {
  return step.kind === "factor" || step.kind === "diagonal" || step.kind === "dense" || step.kind === "bias";
}

/** The values that a step reads. */
export function inputsOf(step: Step): readonly number[] {
  return step.kind === "add" || step.kind === "concat" ? step.inputs : [step.from];
}

/** Floats that one number of a field takes. */
export function floats(field: Field): 1 | 2 {
  return field === "complex" ? 2 : 1;
}
