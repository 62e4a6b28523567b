/**
 * `papillon export`: operators for other programs.
 *
 * @module
 */

import { exportOnnx } from "../io/onnx/export.ts";
import { integer, parse } from "./args.ts";
import { EXIT, InputError, refusing } from "./errors.ts";
import { checkExtension, checkOutput, readOperator, writeFiles } from "./files.ts";
import { count } from "./text.ts";

/** What `papillon export --help` prints. */
export const EXPORT_HELP = `Writes an operator as an ONNX model, its fast form in standard operations.

Usage: papillon export OPERATOR --onnx FILE [--tensor NAME] [--block N] [--json]

  OPERATOR   a file that another command wrote, .safetensors
  --onnx     where to write the model, .onnx: opset 17, float32, any batch; the input is
             x [batch, columns] and the output y [batch, rows]; complex numbers have one more
             size of 2, for real and imaginary parts
  --tensor   of a file with several operators, which of them
  --block    fuse neighbouring factors to blocks of at most so many floats on each side, 1 to 1024;
             64, which runs fast; fewer make a smaller model
  --json     print one JSON object

Example:
  papillon export dct.safetensors --onnx dct.onnx`;

/** Runs the command; returns the exit code. */
export function runExport(args: readonly string[]): number {
  const given = parse(args, {
    command: "export",
    operands: ["OPERATOR"],
    values: ["onnx", "tensor", "block"],
    switches: ["json"],
  });
  const [path] = given.operands, onnx = given.values.get("onnx");
  if (onnx === undefined) throw new InputError("Cannot export: --onnx is missing, the file for the model");
  const block = integer(given, "block", 1, 1024);
  checkExtension(onnx, ".onnx", "a model");
  checkOutput(onnx, [path]);
  const operator = readOperator(path, given.values.get("tensor")),
    { rows, cols, field, parameters } = operator;
  const bytes = refusing(() => exportOnnx(operator, { block }));
  writeFiles([{ path: onnx, bytes }]);
  if (given.switches.has("json")) {
    console.log(JSON.stringify({ operator: path, onnx, rows, cols, field, parameters, bytes: bytes.length }));
  } else {
    console.log(`Wrote ${onnx}: ${operator.describe()}, ${count(bytes.length)} bytes`);
  }
  return EXIT.ok;
}
