/**
 * `papillon import`: what was trained in PyTorch, as operators.
 *
 * @module
 */

import { quote } from "../io/bytes.ts";
import { saveCheckpoint } from "../io/checkpoint.ts";
import { saveOperator } from "../io/operator_file.ts";
import { type Imported, importTrained } from "../io/trained/import.ts";
import type { ModuleOptions } from "../io/trained/module.ts";
import { parse } from "./args.ts";
import { EXIT, InputError, refusing } from "./errors.ts";
import { checkExtension, checkOutput, readFile, writeFiles } from "./files.ts";
import { count, small } from "./text.ts";

/** What `papillon import --help` prints. */
export const IMPORT_HELP = `Makes operators of layers that were trained in PyTorch.

Usage: papillon import FILE [--set [MODULE:]OPTION=VALUE …] [--config adapter_config.json]
                       [--base MODEL] [--out FILE] [--json]

  FILE       what save_file wrote, .safetensors: butterflies of torch_butterfly and of the older
             butterfly package, butterfly transforms of channels (BFT), Monarch matrices, BOFT
             adapters of PEFT; the layouts are recognised by names and shapes of tensors
  --set      what the tensors do not tell, for all modules or for one: inputs, outputs, increasing,
             matrices, radix, residual, param, reduce, layout; may be given several times
  --config   adapter_config.json of an adapter, to check it against
  --base     the model of an adapter, .safetensors: its layers become part of the operators
  --out      where to write the operators, .safetensors; without it there is only the table
  --json     print one JSON object

One module alone is written as 'papillon build' writes operators. Several, or a file with other
tensors, become a checkpoint: 'papillon apply', 'inspect', 'dense' and 'export' take one operator
by --tensor, programs all by loadCheckpoint. All other tensors stay as they are.

The last column of the table compares each operator, on a random vector, with what its PyTorch
module calculates, done in float64.

Examples:
  papillon import model.safetensors --set fc1:inputs=784 --out operators.safetensors
  papillon import adapter_model.safetensors --config adapter_config.json --out boft.safetensors`;

const OPTIONS: readonly (keyof ModuleOptions)[] = [
  "inputs",
  "outputs",
  "increasing",
  "matrices",
  "radix",
  "residual",
  "param",
  "reduce",
  "layout",
];

/** Runs the command; returns the exit code. */
export function runImport(args: readonly string[]): number {
  const given = parse(args, {
    command: "import",
    operands: ["FILE"],
    values: ["config", "base", "out"],
    lists: ["set"],
    switches: ["json"],
  });
  const [path] = given.operands, out = given.values.get("out");
  const config = given.values.get("config"), base = given.values.get("base");
  if (out !== undefined) {
    checkExtension(out, ".safetensors", "an operator");
    checkOutput(out, [path, ...config === undefined ? [] : [config], ...base === undefined ? [] : [base]]);
  }
  const { forAll, modules } = settings(given.lists.get("set") ?? []);
  const file = readFile(path), text = config === undefined ? undefined : decoded(config);
  const imported = refusing(() =>
    importTrained(file, {
      ...forAll,
      modules,
      config: text,
      base: base === undefined ? undefined : readFile(base),
      name: path,
    })
  );
  const rows = imported.modules.map((module) => {
    const all = module.operators.map((name) => imported.operators.get(name)!), [first] = all;
    const parameters = all.reduce((sum, operator) => sum + operator.parameters, 0);
    return {
      module,
      rows: first.rows,
      cols: first.cols,
      field: first.field,
      parameters,
      error: module.check(),
    };
  });
  const alone = imported.operators.size === 1 && imported.tensors.size === 0;
  if (out !== undefined) {
    const [operator] = imported.operators.values();
    const bytes = refusing(() => alone ? saveOperator(operator) : saveCheckpoint(imported));
    writeFiles([{ path: out, bytes }]);
  }
  if (given.switches.has("json")) {
    console.log(JSON.stringify({
      file: path,
      modules: rows.map(({ module: { name, layout, tensors, operators }, ...rest }) => ({
        name,
        layout,
        operators,
        ...rest,
        tensors: tensors.map(([name, shape]) => ({ name, shape })),
      })),
      copied: [...imported.tensors].map(([name, { dtype, shape }]) => ({ name, dtype, shape })),
      out: out ?? null,
    }));
    return EXIT.ok;
  }
  const cells = rows.map(({ module, rows, cols, field, parameters, error }) => [
    module.name === "" ? module.operators[0] : module.name,
    module.layout,
    `${rows}×${cols}${field === "complex" ? " complex" : ""}`,
    count(parameters),
    small(error),
  ]);
  const ending = out === undefined
    ? "Nothing is written: --out FILE.safetensors keeps the operators"
    : `Wrote ${out}: ${alone ? "one operator" : contents(imported)}`;
  console.log(
    [...table([["module", "layout", "shape", "parameters", "check"], ...cells]), "", ending].join("\n"),
  );
  return EXIT.ok;
}

function contents({ operators, tensors }: Imported): string {
  const names = [...operators.keys()].slice(0, 4).map(quote).join(", ") + (operators.size > 4 ? ", …" : "");
  const others = tensors.size === 0
    ? "no other tensors"
    : tensors.size === 1
    ? "one other tensor as it was"
    : `${count(tensors.size)} other tensors as they were`;
  return `a checkpoint with the operators ${names}, and ${others}`;
}

/** Lines of a table, its last two columns to the right; control characters of names are escaped. */
function table(lines: readonly (readonly string[])[]): string[] {
  const safe = lines.map((line) => line.map((cell) => quote(cell).slice(1, -1)));
  const widths = safe[0].map((_, i) => Math.max(...safe.map((line) => line[i].length)));
  return safe.map((line) =>
    `  ${line.map((cell, i) => i < 3 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])).join("  ")}`
      .trimEnd()
  );
}

/** "fc1:inputs=784" for a module, "radix=2" for all. */
function settings(
  list: readonly string[],
): { forAll: ModuleOptions; modules: Record<string, ModuleOptions> } {
  const forAll: Record<string, unknown> = {}, modules: Record<string, Record<string, unknown>> = {};
  for (const text of list) {
    const [, module, option, value] = /^(?:(.*):)?([a-z]+)=(.+)$/s.exec(text) ?? [];
    if (!OPTIONS.some((known) => known === option)) {
      throw new InputError(
        `Cannot import: --set ${quote(text)} is not [MODULE:]OPTION=VALUE with one of ${OPTIONS.join(", ")}`,
      );
    }
    // A name may be any text, such as that of a prototype.
    const into = module === undefined
      ? forAll
      : Object.hasOwn(modules, module)
      ? modules[module]
      : modules[module] = {};
    into[option] = /^\d+$/.test(value)
      ? Number(value)
      : value === "true"
      ? true
      : value === "false"
      ? false
      : value;
  }
  return { forAll, modules };
}

function decoded(path: string): string {
  return new TextDecoder().decode(readFile(path));
}
