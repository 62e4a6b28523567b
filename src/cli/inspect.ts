/**
 * `papillon inspect`: what is in an operator's file.
 *
 * @module
 */

import { parse } from "./args.ts";
import { EXIT } from "./errors.ts";
import { checkExtension, checkOutput, readOperator, writeFiles } from "./files.ts";
import { drawFactors } from "./plot/factors.ts";
import { classIn, classReport, costs, hasBias, partsOf } from "./structure.ts";
import { count } from "./text.ts";

/** What `papillon inspect --help` prints. */
export const INSPECT_HELP = `Shows what an operator consists of, and draws it.

Usage: papillon inspect OPERATOR [--plot FILE.svg] [--tensor NAME] [--json]

  OPERATOR   a file that 'papillon learn', 'build' or 'compress' wrote, .safetensors
  --plot     where to write a picture of its factors, .svg
  --tensor   of a file that 'papillon compress' wrote, the tensor whose operator is meant
  --json     print one JSON object

Example:
  papillon inspect learned-dft-256.safetensors --plot factors.svg`;

/** Runs the command; returns the exit code. */
export async function runInspect(args: readonly string[]): Promise<number> {
  const given = parse(args, {
    command: "inspect",
    operands: ["OPERATOR"],
    values: ["plot", "tensor"],
    switches: ["json"],
  });
  const [path] = given.operands, plot = given.values.get("plot");
  if (plot !== undefined) {
    checkExtension(plot, ".svg", "a picture");
    checkOutput(plot, [path]);
  }
  const operator = readOperator(path, given.values.get("tensor")),
    { rows, cols, field, parameters, operations } = operator;
  if (plot !== undefined) {
    const title = path.replace(/^.*[/\\]/s, "");
    writeFiles([{ path: plot, bytes: new TextEncoder().encode(await drawFactors(operator, { title })) }]);
  }

  const parts = partsOf(operator), kind = classIn(operator);
  if (given.switches.has("json")) {
    const bias = hasBias(operator);
    console.log(
      JSON.stringify({
        operator: path,
        rows,
        cols,
        field,
        parameters,
        operations,
        bias,
        class: classReport(kind),
        parts,
        plot: plot ?? null,
      }),
    );
    return EXIT.ok;
  }
  const lines = [
    `${path}: ${operator.describe()}`,
    "",
    ...costs(operator, kind),
    "",
    "  in the order in which they are applied:",
    ...parts.map((part, i) =>
      `  ${i + 1}. ${part.what} (${part.rows}×${part.cols}, ${part.field}, ${count(part.parameters)} numbers)`
    ),
  ];
  if (plot !== undefined) lines.push("", `Wrote ${plot}`);
  console.log(lines.join("\n"));
  return EXIT.ok;
}
