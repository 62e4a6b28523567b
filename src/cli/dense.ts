/**
 * `papillon dense`: the matrix of an operator.
 *
 * @module
 */

import { arrayFormat, writeArray } from "../io/array.ts";
import { parse } from "./args.ts";
import { EXIT, InputError, refusing } from "./errors.ts";
import { checkOutput, readOperator, writeFiles } from "./files.ts";
import { hasBias } from "./structure.ts";
import { count } from "./text.ts";

/** What `papillon dense --help` prints. */
export const DENSE_HELP = `Writes the dense matrix of an operator.

Usage: papillon dense OPERATOR --out M [--tensor NAME] [--json]

  OPERATOR   a file that 'papillon learn', 'build' or 'compress' wrote, .safetensors
  --out      where to write the matrix: .npy, .csv or .safetensors; complex numbers as complex64
  --tensor   of a file that 'papillon compress' wrote, the tensor whose operator is meant
  --json     print one JSON object

A bias is no part of the matrix and is left out.

Example:
  papillon dense learned-dft-256.safetensors --out dft.npy`;

/** Runs the command; returns the exit code. */
export function runDense(args: readonly string[]): number {
  const given = parse(args, {
    command: "dense",
    operands: ["OPERATOR"],
    values: ["out", "tensor"],
    switches: ["json"],
  });
  const [path] = given.operands, out = given.values.get("out");
  if (out === undefined) throw new InputError("Cannot dense: --out is missing, the file for the matrix");
  refusing(() => arrayFormat(out, "write"));
  checkOutput(out, [path]);

  const operator = readOperator(path, given.values.get("tensor")), { rows, cols, field } = operator;
  const bytes = refusing(() => writeArray(out, { shape: [rows, cols], field, data: operator.toDense() }));
  writeFiles([{ path: out, bytes }]);
  const bias = hasBias(operator);
  if (given.switches.has("json")) {
    console.log(
      JSON.stringify({ operator: path, out, rows, cols, field, entries: rows * cols, biasLeftOut: bias }),
    );
  } else {
    const left = bias ? "; its bias is no part of the matrix and is left out" : "";
    console.log(`Wrote ${out}: ${rows}×${cols}, ${count(rows * cols)} ${field} numbers${left}`);
  }
  return EXIT.ok;
}
