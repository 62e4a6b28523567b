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
  /** Blocks that follow each other. */
  readonly a: number;
  /** Outputs that depend on the same inputs. */
  readonly b: number;
  /** Inputs that an output depends on. */
  readonly c: number;
  /** Copies that are interleaved. */
  readonly d: number;
}

/** y[i,β,δ] = Σγ w[i,β,γ,δ]·x[i,γ,δ], weights laid out [a][b][c][d]. */
export interface FactorStep {
  /** Which step this is. */
  readonly kind: "factor";
  /** The value it reads. */
  readonly from: number;
  /** Where its nonzeros are. */
  readonly pattern: Pattern;
  /** The field of its weights. */
  readonly field: Field;
  /** Its weights; see the description of the step. */
  readonly weights: Float32Array;
  /** The real weights that these were made from, if they were. */
  readonly original?: Float32Array;
}

/** y = w∘x. */
export interface DiagonalStep {
  /** Which step this is. */
  readonly kind: "diagonal";
  /** The value it reads. */
  readonly from: number;
  /** The field of its weights. */
  readonly field: Field;
  /** Its weights; see the description of the step. */
  readonly weights: Float32Array;
  /** The real weights that these were made from, if they were. */
  readonly original?: Float32Array;
}

/** y[i] = x[index[i]], or with `scatter` y[index[i]] = x[i], on elements of `unit` floats. */
export interface PermutationStep {
  /** Which step this is. */
  readonly kind: "permutation";
  /** The value it reads. */
  readonly from: number;
  /** Where each element comes from. */
  readonly index: Uint32Array;
  /** Floats in an element. */
  readonly unit: 1 | 2;
  /** Whether `index` says where elements go instead. */
  readonly scatter: boolean;
}

/** y = W·x, W row-major. */
export interface DenseStep {
  /** Which step this is. */
  readonly kind: "dense";
  /** The value it reads. */
  readonly from: number;
  /** Rows, in numbers of the field. */
  readonly rows: number;
  /** Columns, in numbers of the field. */
  readonly columns: number;
  /** The field of its weights. */
  readonly field: Field;
  /** Its weights; see the description of the step. */
  readonly weights: Float32Array;
  /** The real weights that these were made from, if they were. */
  readonly original?: Float32Array;
}

/** y[i] = x[i + shift] where that exists, 0 elsewhere: a slice, a pad, or both. In floats. */
export interface WindowStep {
  /** Which step this is. */
  readonly kind: "window";
  /** The value it reads. */
  readonly from: number;
  /** Width of the result in floats. */
  readonly width: number;
  /** Which float of the value comes first. */
  readonly shift: number;
}

/** The sum of values of one width. */
export interface AddStep {
  /** Which step this is. */
  readonly kind: "add";
  /** The values it reads, in order. */
  readonly inputs: readonly number[];
}

/** Values one after another. */
export interface ConcatStep {
  /** Which step this is. */
  readonly kind: "concat";
  /** The values it reads, in order. */
  readonly inputs: readonly number[];
}

/** y = x + w. The one step that is not linear; adjoints leave it out. */
export interface BiasStep {
  /** Which step this is. */
  readonly kind: "bias";
  /** The value it reads. */
  readonly from: number;
  /** The field of its weights. */
  readonly field: Field;
  /** Its weights; see the description of the step. */
  readonly weights: Float32Array;
  /** The real weights that these were made from, if they were. */
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
