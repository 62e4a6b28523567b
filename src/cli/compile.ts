/**
 * `papillon compile`: an operator for where only the core of the library is.
 *
 * @module
 */

import { saveCompiled } from "../io/compiled_file.ts";
import { parse } from "./args.ts";
import { EXIT, InputError, refusing } from "./errors.ts";
import { checkExtension, checkOutput, readOperator, writeFiles } from "./files.ts";
import { count } from "./text.ts";

/** What `papillon compile --help` prints. */
export const COMPILE_HELP = `Compiles an operator, for programs that have only @papillon/papillon/core.

Usage: papillon compile OPERATOR --out FILE.safetensors [--tensor NAME] [--json]

  OPERATOR   a file that 'papillon learn', 'build' or 'compress' wrote, .safetensors
  --out      where to write the compiled operator, .safetensors
  --tensor   of a file that 'papillon compress' wrote, the tensor whose operator is meant
  --json     print one JSON object

What is compiled can be applied and nothing else, and not be turned back: keep OPERATOR as well.

Example:
  papillon build dct2 --n 256 --out dct.safetensors
  papillon compile dct.safetensors --out dct.compiled.safetensors`;

/** Runs the command; returns the exit code. */
export function runCompile(args: readonly string[]): number {
  const given = parse(args, {
    command: "compile",
    operands: ["OPERATOR"],
    values: ["out", "tensor"],
    switches: ["json"],
  });
  const [path] = given.operands, out = given.values.get("out");
  if (out === undefined) {
    throw new InputError("Cannot compile: --out is missing, the file for the compiled operator");
  }
  checkExtension(out, ".safetensors", "a compiled operator");
  checkOutput(out, [path]);
  const operator = readOperator(path, given.values.get("tensor")), { rows, cols, field } = operator;
  const bytes = refusing(() => saveCompiled(operator));
  writeFiles([{ path: out, bytes }]);
  if (given.switches.has("json")) {
    console.log(JSON.stringify({ operator: path, out, rows, cols, field, bytes: bytes.length }));
  } else console.log(`Compiled ${operator.describe()}; wrote ${out}, ${count(bytes.length)} bytes`);
  return EXIT.ok;
}
