/**
 * The command line: `papillon learn`, `search`, `build`, `compress`, `import`, `compile`, `apply`, `dense`, `export` and
 * `inspect`. It is what alone touches files and terminals; the library does not.
 *
 * @module
 */

import { quote } from "../io/bytes.ts";
import { APPLY_HELP, runApply } from "./apply.ts";
import { COMPILE_HELP, runCompile } from "./compile.ts";
import { COMPRESS_HELP, runCompress } from "./compress.ts";
import { DENSE_HELP, runDense } from "./dense.ts";
import { BUILD_HELP, runBuild } from "./build.ts";
import { EXIT, InputError } from "./errors.ts";
import { EXPORT_HELP, runExport } from "./export.ts";
import { IMPORT_HELP, runImport } from "./import.ts";
import { INSPECT_HELP, runInspect } from "./inspect.ts";
import { LEARN_HELP, runLearn } from "./learn.ts";
import { runSearch, SEARCH_HELP } from "./search.ts";

interface Command {
  readonly help: string;
  readonly run: (args: readonly string[]) => number | Promise<number>;
}

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ["learn", { help: LEARN_HELP, run: runLearn }],
  ["search", { help: SEARCH_HELP, run: runSearch }],
  ["build", { help: BUILD_HELP, run: runBuild }],
  ["compress", { help: COMPRESS_HELP, run: runCompress }],
  ["import", { help: IMPORT_HELP, run: runImport }],
  ["compile", { help: COMPILE_HELP, run: runCompile }],
  ["apply", { help: APPLY_HELP, run: runApply }],
  ["dense", { help: DENSE_HELP, run: runDense }],
  ["export", { help: EXPORT_HELP, run: runExport }],
  ["inspect", { help: INSPECT_HELP, run: runInspect }],
]);

const HELP = `papillon finds the fast algorithm of a linear transform from its dense matrix, and uses it.

Usage: papillon COMMAND …

  learn     find a fast operator from a dense matrix
  search    the same by gradient alone, permutations learned too
  build     make a transform or a structured matrix by its name
  compress  replace the matrices of a checkpoint by smaller operators
  import    make operators of layers that were trained in PyTorch
  compile   make an operator ready for programs that only apply it
  apply     apply an operator to vectors in a file
  dense     write the dense matrix of an operator
  export    write an operator as an ONNX model
  inspect   show what an operator consists of, and draw it

'papillon COMMAND --help' tells more. Exit code 2 means bad input, with a sentence that says why.

Example:
  papillon learn
  papillon apply learned-dft-256.safetensors --in speech.wav --out frames.npy`;

/** Runs a command line; returns the exit code. Results go to stdout, all else to stderr. */
export async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  try {
    if (name === "--help" || name === "-h" || name === "help") {
      console.log(HELP);
      return EXIT.ok;
    }
    const command = name === undefined ? undefined : COMMANDS.get(name);
    if (command === undefined) {
      const known = `the commands are ${[...COMMANDS.keys()].join(", ")}; see 'papillon --help'`;
      throw new InputError(
        name === undefined ? `No command given: ${known}` : `The command ${quote(name)} is unknown: ${known}`,
      );
    }
    const end = rest.includes("--") ? rest.indexOf("--") : rest.length;
    if (rest.slice(0, end).some((arg) => arg === "--help" || arg === "-h")) {
      console.log(command.help);
      return EXIT.ok;
    }
    return await command.run(rest);
  } catch (error) {
    if (error instanceof InputError) {
      console.error(error.message);
      return EXIT.badInput;
    }
    console.error("This is a fault of papillon, please report it:");
    console.error(error);
    return EXIT.fault;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
