/**
 * `papillon apply`: an operator on vectors in files.
 *
 * @module
 */

import { arrayFormat, writeArray } from "../io/array.ts";
import { integer, parse } from "./args.ts";
import { readBatch } from "./arrays.ts";
import { EXIT, InputError, refusing } from "./errors.ts";
import { checkOutput, readOperator, writeFiles } from "./files.ts";
import { count, small } from "./text.ts";

/** What `papillon apply --help` prints. */
export const APPLY_HELP = `Applies an operator to vectors in a file.

Usage: papillon apply OPERATOR --in X --out Y [--hop H] [--tensor NAME] [--json]

  OPERATOR   a file that 'papillon learn', 'build' or 'compress' wrote, .safetensors
  --in       a vector, or a matrix with a vector in each row: .npy, .csv, .safetensors; or a mono
             16-bit .wav file, which is cut into frames of as many samples as the operator has
             columns (values from -1 to 1, the last frame filled with zeros)
  --out      where to write the results, in the same arrangement: .npy, .csv or .safetensors;
             complex numbers as complex64
  --hop      samples from the start of one frame of a .wav file to the next; the frame's length
  --tensor   of a file that 'papillon compress' wrote, the tensor whose operator is meant
  --json     print one JSON object

A complex operator takes real numbers too; a real one takes no complex ones.

Examples:
  papillon apply learned-dft-256.safetensors --in x.csv --out y.npy
  papillon apply learned-dft-256.safetensors --in speech.wav --hop 64 --out frames.npy`;

/** Runs the command; returns the exit code. */
export function runApply(args: readonly string[]): number {
  const given = parse(args, {
    command: "apply",
    operands: ["OPERATOR"],
    values: ["in", "out", "hop", "tensor"],
    switches: ["json"],
  });
  const [path] = given.operands;
  const input = given.values.get("in"), output = given.values.get("out");
  if (input === undefined) throw new InputError("Cannot apply: --in is missing, the file with the vectors");
  if (output === undefined) throw new InputError("Cannot apply: --out is missing, the file for the results");
  const hop = integer(given, "hop", 1, 2 ** 30);
  refusing(() => arrayFormat(output, "write"));
  checkOutput(output, [path, input]);

  const operator = readOperator(path, given.values.get("tensor"));
  const { leading, values } = readBatch(input, operator, hop);
  const begin = performance.now();
  const data = refusing(() => operator.apply(values));
  const seconds = (performance.now() - begin) / 1000;
  const { rows, cols, field } = operator, shape = [...leading, rows];
  writeFiles([{ path: output, bytes: refusing(() => writeArray(output, { shape, field, data })) }]);

  const vectors = leading.reduce((product, size) => product * size, 1);
  if (given.switches.has("json")) {
    console.log(
      JSON.stringify({ operator: path, in: input, out: output, rows, cols, field, vectors, shape, seconds }),
    );
  } else {
    console.log(
      `Applied ${operator.describe()} to ${count(vectors)} vector${vectors === 1 ? "" : "s"} in ` +
        `${small(seconds * 1000)} ms; wrote ${output}, ${field}, of shape [${shape.join(", ")}]`,
    );
  }
  return EXIT.ok;
}
