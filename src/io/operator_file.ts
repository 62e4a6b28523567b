/**
 * Operators in safetensors files: weights in tensors, the structure as JSON in the header's metadata under the
 * key "papillon".
 *
 * ```json
 * { "version": 1, "operator": { "type": "product", "operators": [
 *   { "type": "butterfly", "rows": 8, "cols": 8, "increasing": true, "bias": false },
 *   { "type": "permutation", "field": "complex" } ] } }
 * ```
 *
 * The tensors of operator number i of a product, sum or block diagonal are named `i.` and then as if it stood alone.
 * Real tensors are F32, complex ones C64:
 *
 * | type | tensors |
 * |---|---|
 * | butterfly | `twiddle` [stacks, blocks, log₂n, n/2, 2, 2], as in the papers' code; `bias` [rows] if it has one |
 * | orthogonal-butterfly | `angles` [stacks, blocks, log₂n, n/2], F64, and `determinants`, I8, or complex [… n/2, 4]; `bias` |
 * | base4-butterfly | `twiddle4` [stacks, blocks, ⌊log₂n/2⌋, n/4, 4, 4], `twiddle2` [stacks, blocks, log₂n mod 2, n/2, 2, 2]; `bias` |
 * | permutation | `index` [n], U32: y[i] = x[index[i]] |
 * | diagonal | `diagonal` [n] |
 * | bias | `bias` [n] |
 * | factor | `factor` [a, b, c, d] |
 * | chain | `factor.0`, `factor.1` … [a, b, c, d], in the order of application; `factors` says how many |
 * | dense | `matrix` [rows, cols] |
 * | sparse | `starts` [rows + 1] and `columns` [entries], U32, `values` [entries]: compressed rows; `cols` |
 * | convolution | `kernel` [outputs, inputs, sizes …], the sizes of its axes |
 * | rotation | `signs`, I8; `rows`, `inverse`, and `stages`, a list of [offset, length, levels, stride] |
 * | bft | `weights`, one list; `rows`, `cols`, `base`, `residual` |
 * | bft-layer | `weights.0`, `weights.1` …, those of each part; `parts` says how many; `rows`, `cols`, `base` |
 * | window | none; `rows`, `cols`, `shift` and `field` say all |
 * | product | those of `operators`, listed as written: the last is applied first |
 * | sum | those of `operators`, as written |
 * | block-diagonal | those of `operators`, the first block first |
 * | corner | those of its operator `of`; `rows` and `cols` are its own |
 * | transposed | those of its operator `of`; `conjugate` tells the adjoint from the transpose |
 * | real-view | those of its complex operator `of` |
 * | repeated | those of its operator `of`, which works on `count` vectors |
 * | kronecker | those of `left` and `right`, with `left.` and `right.` before their names |
 *
 * Repeated operators and Kronecker products have limits, so that no small file asks for any amount of memory. Each
 * type is one entry of the table in `forms/index.ts`.
 *
 * @module
 */

import { KEY as COMPILED } from "../compiled/file.ts";
import type { Operator } from "../operator/operator.ts";
import { quote } from "./bytes.ts";
import { isNode, type Node, Reader, Writer } from "./forms/form.ts";
import { FORMS } from "./forms/index.ts";
import { readSafetensors, writeSafetensors } from "./safetensors.ts";

/** The key of the header's metadata, and the version of what it holds. */
export const KEY = "papillon", VERSION = 1;

/**
 * Makes the bytes of a safetensors file that holds an operator, as it is: nothing simplified, nothing rounded.
 * The same operator gives the same bytes.
 *
 * @throws {TypeError} for an operator of a class that has no form in files
 * @throws {RangeError} for one that is nested too deeply, has too many parts, or repeats them too often
 *
 * @example
 * ```ts
 * import { Butterfly, loadOperator, saveOperator } from "@papillon/papillon";
 * const bytes = saveOperator(Butterfly.random(16, { seed: 1 }));
 * console.assert(loadOperator(bytes).cols === 16);
 * ```
 */
export function saveOperator(operator: Operator): Uint8Array {
  const writer = new Writer(FORMS), root = writer.save(operator, undefined, 0);
  return writeSafetensors(writer.tensors, { [KEY]: JSON.stringify({ version: VERSION, operator: root }) });
}

/**
 * The operator in the bytes of a file that {@link saveOperator} made. The file is untrusted input: every size in it
 * is checked against the tensors before anything is built. Weights are copied, `bytes` is free afterwards.
 *
 * @param name what messages call the file
 * @throws {RangeError | TypeError} where the file is malformed, holds no operator, or one with weights that are not
 * finite: a sentence that begins "Cannot read"
 */
export function loadOperator(bytes: Uint8Array, name?: string): Operator {
  const label = name === undefined ? "operator" : quote(name);
  const file = readSafetensors(bytes, name);
  const json = file.metadata[KEY];
  if (json === undefined) {
    const why = COMPILED in file.metadata
      ? "it holds a compiled operator, which loadCompiled of @papillon/papillon/core reads"
      : `it is a safetensors file without an operator (no ${quote(KEY)} in its metadata)`;
    throw new RangeError(`Cannot read ${label}: ${why}`);
  }
  const root = rootOf(json, label);
  if (Array.isArray(root.operators)) {
    const names = root.operators.slice(0, 5).map((node) => quote(String(isNode(node) ? node.tensor : node)));
    throw new RangeError(
      `Cannot read ${label}: it is a checkpoint, with operators for ${names.join(", ") || "no tensor"}` +
        `${
          root.operators.length > 5 ? " and others" : ""
        }; loadCheckpoint reads them, on the command line --tensor names one`,
    );
  }
  return new Reader(FORMS, file, label).load(root.operator, undefined, 0);
}

/** What the metadata of a file says, of a version that is known. */
export function rootOf(json: string, label: string): Node {
  let root: unknown;
  try {
    root = JSON.parse(json);
  } catch {
    throw new RangeError(`Cannot read ${label}: its metadata ${quote(KEY)} is not JSON`);
  }
  const version = isNode(root) ? root.version : undefined;
  if (!isNode(root) || version !== VERSION) {
    const got = typeof version === "number" ? `version ${version}` : "no version";
    throw new RangeError(`Cannot read ${label}: it has ${got} of the operator format, expected ${VERSION}`);
  }
  return root;
}
