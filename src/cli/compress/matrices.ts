/**
 * The tensors of a checkpoint that are to be compressed.
 *
 * @module
 */

import { quote } from "../../io/bytes.ts";
import { type Checkpoint, loadCheckpoint } from "../../io/checkpoint.ts";
import type { Dtype, Tensor } from "../../io/safetensors.ts";
import type { Field } from "../../program/step.ts";
import { InputError, refusing } from "../errors.ts";
import { readFile } from "../files.ts";
import { suggestion } from "../text.ts";

/** A matrix of a checkpoint. */
export interface Matrix {
  readonly name: string;
  readonly dtype: Dtype;
  readonly rows: number;
  readonly cols: number;
  readonly field: Field;
  readonly values: Float32Array | Float64Array;
}

/** The largest number of float32, in which operators are written. */
const LARGEST = 3.4028234663852886e38;

/** Reads a checkpoint that has no operators yet. */
export function readCheckpoint(path: string): { checkpoint: Checkpoint; bytes: number } {
  const bytes = readFile(path), checkpoint = refusing(() => loadCheckpoint(bytes, path));
  const { tensors, operators } = checkpoint;
  if (operators.size > 0) {
    throw new InputError(
      `Cannot compress ${quote(path)}: it has operators already, for ${
        quote([...operators.keys()][0])
      }; compress the checkpoint that it was made of`,
    );
  }
  if (tensors.size === 0) throw new InputError(`Cannot compress ${quote(path)}: it has no tensors`);
  return { checkpoint, bytes: bytes.length };
}

/**
 * The matrices asked for, or all.
 *
 * @throws {InputError} for names that are none of a matrix of floating-point numbers, for a checkpoint without such, and
 * for numbers that are not finite
 */
export function matricesOf(path: string, { tensors }: Checkpoint, names?: readonly string[]): Matrix[] {
  const cannot = `Cannot compress ${quote(path)}`;
  for (const name of names ?? []) {
    const tensor = tensors.get(name);
    const why = tensor
      ? unfit(tensor)
      : `the file has no such tensor, ${suggestion(name, [...tensors.keys()])}`;
    if (why !== undefined) throw new InputError(`${cannot}: tensor ${quote(name)}: ${why}`);
  }
  const chosen = [...names ? new Set(names) : tensors.keys()].filter((name) => !unfit(tensors.get(name)!));
  if (chosen.length === 0) {
    throw new InputError(`${cannot}: none of its ${tensors.size} tensors is a matrix of floats`);
  }
  return chosen.map((name) => {
    const { dtype, shape: [rows, cols], data } = tensors.get(name)!, values = data as Matrix["values"];
    const field = dtype === "C64" ? "complex" : "real", unit = field === "complex" ? 2 : 1;
    const at = values.findIndex((value) => !(Math.abs(value) <= LARGEST));
    if (at >= 0) {
      const entry = Math.floor(at / unit);
      throw new InputError(
        `${cannot}: tensor ${quote(name)} has the number ${values[at]} at (${Math.floor(entry / cols)}, ${
          entry % cols
        }), which is no finite float32; leave it out by naming others with --tensor`,
      );
    }
    return { name, dtype, rows, cols, field, values };
  });
}

/** Why a tensor cannot be compressed. */
export function unfit({ dtype, shape, data }: Tensor): string | undefined {
  const floats = data instanceof Float32Array || data instanceof Float64Array;
  if (!floats) return `its dtype is ${dtype}, expected one of F32, F64, F16, BF16, C64`;
  if (shape.length !== 2) return `its shape is [${shape.join(", ")}], expected a matrix, of two sizes`;
  return data.length === 0 ? `its shape is [${shape.join(", ")}], it has no numbers` : undefined;
}
