/**
 * Checkpoints some of whose matrices were replaced by operators, in one safetensors file: the other tensors as they
 * were, and for each operator its tensors, named `MATRIX#` and then as if the operator stood alone (with more `#` where
 * a name has one already). The header's metadata has the structures under the key "papillon", and else what it had:
 *
 * ```json
 * { "version": 1, "separator": "#", "operators": [
 *   { "tensor": "fc.weight", "operator": { "type": "factor" } } ] }
 * ```
 *
 * with the tensors `fc.weight#factor` and `fc.bias`. What an operator's JSON says is told in `operator_file.ts`.
 *
 * @module
 */

import type { Operator } from "../operator/operator.ts";
import { quote } from "./bytes.ts";
import { isNode, MOST_FLOATS, Reader, Writer } from "./forms/form.ts";
import { FORMS } from "./forms/index.ts";
import { KEY, rootOf, VERSION } from "./operator_file.ts";
import { readSafetensors, type Tensor, writeSafetensors } from "./safetensors.ts";

/** What a file of tensors and operators holds. */
export interface Checkpoint {
  /** The tensors that are none of an operator's, by name. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** The operators, by the names of the matrices that they stand for. */
  readonly operators: ReadonlyMap<string, Operator>;
  /** Other strings of the header. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Makes the bytes of a safetensors file that holds tensors, and operators in the place of others.
 *
 * @throws {TypeError} for an operator of a class that has no form in files, or a tensor that safetensors does not have
 * @throws {RangeError} where a name is given twice, or `metadata` has the key "papillon"
 *
 * @example
 * ```ts
 * import { hadamard, loadCheckpoint, saveCheckpoint } from "@papillon/papillon";
 * const bias = { dtype: "F32" as const, shape: [4], data: new Float32Array(4) };
 * const bytes = saveCheckpoint({
 *   tensors: new Map([["fc.bias", bias]]),
 *   operators: new Map([["fc.weight", hadamard(4)]]),
 *   metadata: { format: "pt" },
 * });
 * const { tensors, operators } = loadCheckpoint(bytes);
 * console.assert(tensors.has("fc.bias") && operators.get("fc.weight")!.rows === 4);
 * ```
 */
export function saveCheckpoint({ tensors, operators, metadata }: Checkpoint): Uint8Array {
  if (Object.hasOwn(metadata, KEY)) {
    throw new RangeError(`Cannot write the checkpoint: its metadata has the key ${quote(KEY)} already`);
  }
  let separator = "#";
  const taken = [...tensors.keys(), ...operators.keys()];
  while (taken.some((name) => name.includes(separator))) separator += "#";
  const all = [...tensors];
  const nodes = [...operators].map(([tensor, operator]) => {
    if (tensors.has(tensor)) {
      throw new RangeError(`Cannot write the checkpoint: ${quote(tensor)} is a tensor and an operator`);
    }
    const writer = new Writer(FORMS), node = writer.save(operator, undefined, 0);
    all.push(...writer.tensors.map(([name, data]) => [tensor + separator + name, data] as [string, Tensor]));
    return { tensor, operator: node };
  });
  const json = JSON.stringify({ version: VERSION, separator, operators: nodes });
  return writeSafetensors(all, { ...metadata, [KEY]: json });
}

/**
 * The tensors and operators of a file that {@link saveCheckpoint} or `papillon compress` made; any other safetensors
 * file is one without operators. The file is untrusted input, as for `loadOperator`. Tensors may be views of `bytes`.
 *
 * @param name what messages call the file
 * @throws {RangeError | TypeError} where the file is malformed, or holds a single operator: a sentence that begins
 * "Cannot read"
 */
export function loadCheckpoint(bytes: Uint8Array, name?: string): Checkpoint {
  const label = name === undefined ? "checkpoint" : quote(name);
  const file = readSafetensors(bytes, name), { [KEY]: json, ...metadata } = file.metadata;
  const operators = new Map<string, Operator>();
  if (json === undefined) return { tensors: file.tensors, operators, metadata };
  const root = rootOf(json, label), { separator } = root;
  const refuse = (why: string): RangeError => new RangeError(`Cannot read ${label}: ${why}`);
  if (!Array.isArray(root.operators)) throw refuse("it holds a single operator, which loadOperator reads");
  if (typeof separator !== "string" || !/^#{1,60}$/.test(separator)) {
    throw refuse("its separator is not some #");
  }

  const tensors = new Map<string, Tensor>(), parts = new Map<string, Map<string, Tensor>>();
  for (const node of root.operators as unknown[]) {
    if (!isNode(node) || typeof node.tensor !== "string") throw refuse("an operator in it has no name");
    if (parts.has(node.tensor)) throw refuse(`the operator ${quote(node.tensor)} is there twice`);
    parts.set(node.tensor, new Map());
  }
  for (const [name, tensor] of file.tensors) {
    const at = name.lastIndexOf(separator), own = at < 0 ? undefined : parts.get(name.slice(0, at));
    if (own) own.set(name.slice(at + separator.length), tensor);
    else if (parts.has(name)) throw refuse(`${quote(name)} is a tensor and an operator`);
    else tensors.set(name, tensor);
  }
  let copied = 0;
  for (const { tensor, operator } of root.operators as { tensor: string; operator: unknown }[]) {
    const own = { tensors: parts.get(tensor)!, metadata: {} };
    const reader = new Reader(FORMS, own, `${label}, operator ${quote(tensor)}`);
    operators.set(tensor, reader.load(operator, undefined, 0));
    copied += reader.copied;
    if (copied > MOST_FLOATS) throw refuse("its operators repeat their numbers too often");
  }
  return { tensors, operators, metadata };
}
