/**
 * One module of a file of trained weights: its tensors, and what is known beside them.
 *
 * @module
 */

import type { Operator } from "../../operator/operator.ts";
import type { Field } from "../../program/step.ts";
import { quote } from "../bytes.ts";
import type { Tensor } from "../safetensors.ts";

/** The layouts of trained weights that are known. */
export type LayoutName =
  | "torch-butterfly"
  | "butterfly-unitary"
  | "old-butterfly"
  | "old-permutation"
  | "bft"
  | "monarch"
  | "block-diagonal"
  | "boft";

/**
 * What does not follow from tensors. Each may also stand in the file's own metadata, as text under the name that is given
 * here in brackets, for all modules or, as `MODULE.name`, for one.
 */
export interface ModuleOptions {
  /** The layout (`layout`), where names and shapes do not tell; "block-diagonal" must be said. */
  readonly layout?: LayoutName;
  /** Size of the input (`in_size`, `in_features`, `in_channels`): the largest that the weights fit when absent. */
  readonly inputs?: number;
  /** Size of the output (`out_size`, `out_features`, `out_channels`): that of the bias, else the largest, when absent. */
  readonly outputs?: number;
  /** Whether the first butterfly has increasing strides (`increasing_stride`): true when absent. */
  readonly increasing?: boolean;
  /** How many different matrices a `ButterflyBmm` has (`matrix_batch`): rows of its bias, else 1, when absent. */
  readonly matrices?: number;
  /** The radix of a butterfly transform of channels (`butterfly_K`): 4 when absent. */
  readonly radix?: number;
  /** Whether a single butterfly transform adds its input (`residual_method` "residual_stoe"): false when absent. */
  readonly residual?: boolean;
  /**
   * What the numbers of an old butterfly of angles are (`param`): "ortho", or probabilities "ds", "logit" or "ortho2" of
   * blocks [[p, 1 − p], [1 − p, p]]. "ortho" when absent. "svd" says that its 2×2 blocks hold two angles and two singular
   * values.
   */
  readonly param?: "ortho" | "ds" | "logit" | "ortho2" | "svd";
  /** How an old butterfly brings n outputs to n/2 or fewer (`reduce`): "mean" (when absent), or "sum" in its last version. */
  readonly reduce?: "mean" | "sum";
}

/** What a layout makes of a module. */
export interface Made {
  /** Operators, with what comes behind the module's name in theirs. */
  readonly operators: readonly (readonly [suffix: string, operator: Operator])[];
  /** The first of the operators as its PyTorch module computes it, in float64, from the same tensors. */
  readonly reference: (x: Float64Array) => Float64Array;
}

/** Numbers of a tensor: real, or complex with two floats each. */
export interface Numbers {
  /** Sizes, without the last one of 2 where a complex tensor was viewed as real. */
  readonly shape: readonly number[];
  /** Whether they are complex. */
  readonly field: Field;
  /** Row-major. */
  readonly data: Float32Array | Float64Array;
}

const SIZES = {
  inputs: ["in_size", "in_features", "in_channels"],
  outputs: ["out_size", "out_features", "out_channels"],
  matrices: ["matrix_batch"],
  radix: ["butterfly_K"],
} as const;

/** A module: some tensors with a common beginning of their names. */
export class TrainedModule {
  /** Its name in the file; empty where the tensors have no prefix. */
  readonly name: string;
  /** Its tensors, by their names without the module's. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly #label: string;
  readonly #options: readonly ModuleOptions[];
  readonly #metadata: Readonly<Record<string, string>>;

  /** @param options the first that says something counts */
  constructor(
    name: string,
    tensors: ReadonlyMap<string, Tensor>,
    label: string,
    options: readonly ModuleOptions[],
    metadata: Readonly<Record<string, string>>,
  ) {
    this.name = name;
    this.tensors = tensors;
    this.#label = label;
    this.#options = options;
    this.#metadata = metadata;
  }

  /** The error that says why this module cannot be imported. */
  refuse(why: string): RangeError {
    const module = this.name === "" ? "" : `, module ${quote(this.name)}`;
    return new RangeError(`Cannot import ${this.#label}${module}: ${why}`);
  }

  /** The error for a tensor that does not have the shape it should. */
  misfit(tensor: string, expected: string): RangeError {
    const shape = this.tensors.get(tensor)?.shape.join(", ") ?? "";
    return this.refuse(
      `the tensor ${quote(tensor)} of shape [${shape}] is none of a layout: expected ${expected}`,
    );
  }

  /** The numbers of a tensor, as they are in the file. */
  numbers(tensor: string): Numbers {
    const found = this.tensors.get(tensor);
    if (!found) {
      const names = [...this.tensors.keys()].slice(0, 5).map(quote).join(", ");
      throw this.refuse(`there is no tensor ${quote(tensor)} beside ${names}`);
    }
    const { dtype, shape, data } = found;
    if (!(data instanceof Float32Array || data instanceof Float64Array)) {
      throw this.refuse(
        `the tensor ${quote(tensor)} has the dtype ${dtype}, expected F32, F64, F16, BF16 or C64`,
      );
    }
    return { shape, field: dtype === "C64" ? "complex" : "real", data };
  }

  /** The same, with a last size of 2 taken for real and imaginary parts, as `torch.view_as_real` leaves them. */
  viewed(tensor: string): Numbers {
    const { shape, field, data } = this.numbers(tensor);
    if (field === "complex") return { shape, field, data };
    if (shape.at(-1) !== 2) throw this.misfit(tensor, "complex numbers, or a last size of 2 for their parts");
    return { shape: shape.slice(0, -1), field: "complex", data };
  }

  /** A size that is given as an option or in the metadata. */
  size(name: keyof typeof SIZES): number | undefined {
    const given = this.#given(name, SIZES[name]);
    if (given === undefined) return undefined;
    const value = typeof given === "string" ? Number(given) : given;
    if (!Number.isSafeInteger(value) || (value as number) < 1 || given === "") {
      throw this.refuse(`${name} must be a whole number from 1 on, got ${quote(String(given))}`);
    }
    return value as number;
  }

  /** A truth value that is given as an option or in the metadata. */
  truth(name: "increasing" | "residual", otherwise: boolean): boolean {
    const given = this.#given(name, name === "increasing" ? ["increasing_stride"] : ["residual_method"]);
    if (given === undefined) return otherwise;
    if (typeof given === "boolean") return given;
    const text = String(given).toLowerCase();
    if (["true", "1", "residual_stoe"].includes(text)) return true;
    if (["false", "0", "no_residual"].includes(text)) return false;
    throw this.refuse(`${name} must be true or false, got ${quote(String(given))}`);
  }

  /** One of some words that is given as an option or in the metadata. */
  word<T extends string>(name: "layout" | "param" | "reduce", words: readonly T[]): T | undefined {
    const given = this.#given(name, [name]);
    if (given === undefined) return undefined;
    const found = words.find((word) => word === given);
    if (found !== undefined) return found;
    throw this.refuse(`${name} must be one of ${words.join(", ")}, got ${quote(String(given))}`);
  }

  #given(option: keyof ModuleOptions, keys: readonly string[]): unknown {
    for (const options of this.#options) if (options[option] !== undefined) return options[option];
    for (const prefix of this.name === "" ? [""] : [`${this.name}.`, ""]) {
      for (const key of keys) {
        if (Object.hasOwn(this.#metadata, prefix + key)) return this.#metadata[prefix + key];
      }
    }
    return undefined;
  }
}
