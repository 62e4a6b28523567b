/**
 * Networks and training as named tensors, which safetensors files hold.
 *
 * @module
 */

import type { Layer } from "./layer.ts";

/** One tensor of one axis; what `readSafetensors` gives fits, too. */
export interface StateTensor {
  /** The element type. */
  dtype: "F32" | "F64";
  /** How many numbers there are. */
  shape: number[];
  /** The numbers. */
  data: Float32Array | Float64Array;
}

/** What a file holds; that of `readSafetensors` is one as well. */
export interface NetworkState {
  /** Tensors by name. */
  readonly tensors: ReadonlyMap<string, StateTensor>;
  /** Strings by name. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** What is read: tensors of any kind, of which those looked for are checked. */
export interface AnyState {
  /** Tensors by name. */
  readonly tensors: ReadonlyMap<string, { readonly dtype: string; readonly data: ArrayLike<unknown> }>;
  /** Strings by name. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A tensor of one axis, of a copy of the numbers. */
export function tensorOf(data: Float32Array | Float64Array): StateTensor {
  return { dtype: data instanceof Float64Array ? "F64" : "F32", shape: [data.length], data: data.slice() };
}

/** The arrays of a layer by their names in files. */
function arraysOf(layer: Layer): [name: string, value: Float32Array][] {
  return [
    ...layer.parameters.map(({ name, value }) => [`parameter ${name}`, value] as [string, Float32Array]),
    ...layer.state.map(({ name, value }) => [`state ${name}`, value] as [string, Float32Array]),
  ];
}

/** Copies of all arrays of a layer. */
export function writeState(
  layer: Layer,
): { tensors: Map<string, StateTensor>; metadata: Record<string, string> } {
  const tensors = new Map(arraysOf(layer).map(([name, value]) => [name, tensorOf(value)]));
  return { tensors, metadata: { network: layer.name } };
}

/** A tensor of a state, of the kind and length of an array; `finite` refuses numbers that are not. */
export function findTensor<T extends Float32Array | Float64Array>(
  what: string,
  { tensors }: AnyState,
  name: string,
  like: T,
  finite = true,
): T {
  const found = tensors?.get(name);
  if (found === undefined) throw new RangeError(`Cannot load ${what}: there is no tensor "${name}"`);
  const { data } = found, kind = like instanceof Float64Array ? Float64Array : Float32Array;
  if (!(data instanceof kind)) {
    throw new TypeError(`Cannot load ${what}: tensor "${name}" is not of ${kind.name.slice(0, 7)} numbers`);
  }
  if (data.length !== like.length) {
    throw new RangeError(
      `Cannot load ${what}: tensor "${name}" has ${data.length} numbers, expected ${like.length}`,
    );
  }
  if (finite && !data.every(Number.isFinite)) {
    throw new RangeError(`Cannot load ${what}: tensor "${name}" holds numbers that are not finite`);
  }
  return data as T;
}

/** Sets all arrays of a layer; nothing is changed when something does not fit. */
export function readState(layer: Layer, state: AnyState, finite = true): void {
  const arrays = arraysOf(layer);
  const found = arrays.map(([name, value]) => findTensor(layer.name, state, name, value, finite));
  arrays.forEach(([, value], i) => value.set(found[i]));
  layer.changed();
}
