/**
 * `papillon build`: transforms and structured matrices by name.
 *
 * @module
 */

import { quote } from "../io/bytes.ts";
import { saveOperator } from "../io/operator_file.ts";
import { type Arguments, integer, parse } from "./args.ts";
import { readAny } from "./arrays.ts";
import { type Built, type Construction, Request } from "./build/construction.ts";
import { relativeError } from "./build/reference.ts";
import { CONSTRUCTIONS } from "./build/table.ts";
import { EXIT, InputError, refusing } from "./errors.ts";
import { checkExtension, checkOutput, type Output, writeFiles } from "./files.ts";
import { drawFactors } from "./plot/factors.ts";
import { classIn, classReport, costs } from "./structure.ts";
import { near, small } from "./text.ts";

/** What `papillon build --help` prints. */
export const BUILD_HELP =
  `Makes a transform or a structured matrix by its name, as an exact product of sparse factors.

Usage: papillon build NAME [--n N] [--normalized] [--weights FILE] [--seed S]
                      [--out FILE] [--plot FILE.svg] [--json]

  NAME          see below
  --n           how many points; a power of two where nothing else is said
  --normalized  scaled to be unitary or orthonormal; without it, transforms are those of scipy.fft
                (fastfood: Hadamard matrices of ±1/√n instead of ±1)
  --weights     a FILE with the data of those that need some, .npy, .csv or .safetensors;
                drawn at random when absent
  --seed        of all that is random, a whole number; 0
  --out         where to write the operator, .safetensors
  --plot        where to write a picture of its factors, .svg
  --json        print one JSON object

Names, and what FILE holds for them:
${[...CONSTRUCTIONS.values()].map(described).join("\n")}

The error is that of all entries against the dense matrix in float64, which is made where it has
at most a million entries.

Examples:
  papillon build dct2 --n 1024 --normalized --out dct.safetensors
  papillon build circulant --weights column.csv --out c.safetensors --plot c.svg
  papillon build permutation --n 8 --seed 3 --plot p.svg`;

/** The dense matrix of a larger operator is not made. */
const LARGEST_DENSE = 2 ** 20;

function described({ name, about, file }: Construction): string {
  const indent = " ".repeat(15), more = file === undefined ? [] : `FILE: ${file}`.split("\n");
  return [`  ${name.padEnd(12)} ${about}`, ...more.map((line) => `${indent}${line}`)].join("\n");
}

/** What is to be made, and where it is to be written. */
interface Plan {
  readonly construction: Construction;
  readonly request: Request;
  readonly out: string | undefined;
  readonly plot: string | undefined;
  readonly json: boolean;
}

/** Runs the command; returns the exit code. */
export async function runBuild(args: readonly string[]): Promise<number> {
  const plan = planned(args), { construction: { name }, out, plot } = plan;
  const { operator, reference, note } = built(plan);
  const { rows, cols, field, parameters, operations } = operator, kind = classIn(operator);
  const error = rows * cols <= LARGEST_DENSE ? relativeError(operator.toDense(), reference()) : undefined;

  const size = rows === cols ? `n = ${rows}` : `${rows}×${cols}`;
  const files: Output[] = [];
  if (out !== undefined) files.push({ path: out, bytes: refusing(() => saveOperator(operator)) });
  if (plot !== undefined) {
    const svg = await drawFactors(operator, { title: `${name}, ${size}`, note });
    files.push({ path: plot, bytes: new TextEncoder().encode(svg) });
  }
  writeFiles(files);

  if (plan.json) {
    console.log(JSON.stringify({
      name,
      rows,
      cols,
      field,
      normalized: plan.request.normalized,
      parameters,
      operations,
      class: classReport(kind),
      relativeError: error ?? null,
      out: out ?? null,
      plot: plot ?? null,
    }));
    return EXIT.ok;
  }
  const wrote = [out, plot].filter((path) => path !== undefined);
  console.log([
    `${name}, ${size}: ${operator.describe()}${note === undefined ? "" : `, ${note}`}`,
    "",
    ...costs(operator, kind),
    error === undefined
      ? `  error       not measured: the dense matrix has more than ${LARGEST_DENSE} entries`
      : `  error       ${small(error)} relative to the dense matrix in float64`,
    "",
    wrote.length > 0
      ? `Wrote ${wrote.join(" and ")}`
      : "Nothing is written: --out FILE.safetensors keeps the operator, --plot FILE.svg draws it",
  ].join("\n"));
  return EXIT.ok;
}

/** All that can be refused before anything is calculated is refused here. */
function planned(args: readonly string[]): Plan {
  const given = parse(args, {
    command: "build",
    operands: ["NAME"],
    values: ["n", "weights", "seed", "out", "plot"],
    switches: ["normalized", "json"],
  });
  const construction = find(given.operands[0]), { name, file } = construction;
  const normalized = given.switches.has("normalized"), path = given.values.get("weights");
  if (normalized && !construction.normalized) {
    throw new InputError(`Cannot build ${name}: --normalized has no meaning for it`);
  }
  if (path !== undefined && file === undefined) {
    throw new InputError(`Cannot build ${name}: it takes no --weights, its size says all`);
  }
  const n = integer(given, "n", 1, 2 ** 20), seed = seedOf(given, construction);
  const out = given.values.get("out"), plot = given.values.get("plot");
  const others = path === undefined ? [] : [path];
  if (out !== undefined) {
    checkExtension(out, ".safetensors", "an operator");
    checkOutput(out, others);
  }
  if (plot !== undefined) {
    checkExtension(plot, ".svg", "a picture");
    checkOutput(plot, out === undefined ? others : [...others, out]);
  }
  const data = path === undefined ? undefined : readAny(path);
  const request = new Request(construction, { n, normalized, seed, path, data });
  return { construction, request, out, plot, json: given.switches.has("json") };
}

function find(name: string): Construction {
  const found = CONSTRUCTIONS.get(name);
  if (found) return found;
  const names = [...CONSTRUCTIONS.keys()], nearest = near(name, names);
  const hint = nearest.length > 0
    ? `did you mean ${nearest.join(" or ")}?`
    : `the names are ${names.join(", ")}`;
  throw new InputError(`Cannot build ${quote(name)}: the name is unknown, ${hint}`);
}

function seedOf(given: Arguments, { name, file, random }: Construction): number | undefined {
  const seed = integer(given, "seed", Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  if (seed !== undefined && file === undefined && !random) {
    throw new InputError(`Cannot build ${name}: nothing in it is random, leave out --seed`);
  }
  return seed;
}

/** The operator; what the library refuses is said of the name. */
function built({ construction, request }: Plan): Built {
  const result = refusing(() => construction.build(request));
  if (request.seeded && !request.drawn) {
    throw request.refuse("nothing in it is random then, leave out --seed");
  }
  return result;
}
