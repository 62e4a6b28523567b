/**
 * Files, read whole and written whole or not at all.
 *
 * @module
 */

import { quote } from "../io/bytes.ts";
import { loadCheckpoint } from "../io/checkpoint.ts";
import { loadOperator } from "../io/operator_file.ts";
import type { Operator } from "../operator/operator.ts";
import { InputError, refusing } from "./errors.ts";
import { suggestion } from "./text.ts";

/** The largest file that is read: larger ones would not fit an array. */
const LARGEST = 2 ** 32;

/**
 * Reads a file.
 *
 * @throws {InputError} where that is not possible
 */
export function readFile(path: string): Uint8Array {
  try {
    const { isDirectory, size } = Deno.statSync(path);
    if (isDirectory) throw new InputError(`Cannot read ${quote(path)}: it is a folder`);
    if (size > LARGEST) {
      throw new InputError(`Cannot read ${quote(path)}: it has ${size} bytes, more than 4 GiB`);
    }
    return Deno.readFileSync(path);
  } catch (error) {
    throw refused("read", path, error);
  }
}

/** Reads an operator that `papillon learn` or `saveOperator` wrote, or that of a tensor of `papillon compress`. */
export function readOperator(path: string, tensor: string | undefined): Operator {
  const bytes = readFile(path);
  if (tensor === undefined) return refusing(() => loadOperator(bytes, path));
  const { operators } = refusing(() => loadCheckpoint(bytes, path)), operator = operators.get(tensor);
  if (operator) return operator;
  throw new InputError(
    `Cannot read ${quote(path)}: it has no operator for the tensor ${quote(tensor)}, ${
      suggestion(tensor, [...operators.keys()])
    }`,
  );
}

/** One file to write. */
export interface Output {
  /** Where to. */
  readonly path: string;
  /** What. */
  readonly bytes: Uint8Array;
}

/**
 * Writes files, all or none: each goes to a temporary file in its folder first, and all are renamed when all are
 * there, so that nobody ever sees a part of one.
 *
 * @throws {InputError} where that is not possible; what was there before is then still there
 */
export function writeFiles(outputs: readonly Output[]): void {
  const written: string[] = [];
  let at = outputs[0]?.path ?? "";
  try {
    for (const { path, bytes } of outputs) {
      at = path;
      const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}.tmp`;
      written.push(temporary);
      Deno.writeFileSync(temporary, bytes, { createNew: true });
    }
    for (const [i, { path }] of outputs.entries()) {
      at = path;
      Deno.renameSync(written[i], path);
    }
  } catch (error) {
    for (const temporary of written) {
      try {
        Deno.removeSync(temporary);
      } catch {
        // It was renamed, or never made.
      }
    }
    throw refused("write", at, error);
  }
}

/**
 * Refuses an output that could not be written, before long work begins: its folder must exist, it must be no folder
 * itself, and none of the files that are read or written besides.
 */
export function checkOutput(path: string, others: readonly string[]): void {
  const cannot = `Cannot write ${quote(path)}`;
  const folder = /^(.*)[/\\][^/\\]*$/s.exec(path)?.[1] ?? ".";
  if (!stat(folder === "" ? "/" : folder)?.isDirectory) {
    throw new InputError(`${cannot}: there is no folder ${quote(folder)}`);
  }
  if (stat(path)?.isDirectory) throw new InputError(`${cannot}: it is a folder`);
  for (const other of others) {
    if (path === other || (stat(path) && real(path) === real(other))) {
      throw new InputError(`${cannot}: it is also ${quote(other)}, give another name`);
    }
  }
}

/** Refuses a name without the extension that its kind of file has. */
export function checkExtension(
  path: string,
  extension: string,
  what: string,
  action: "read" | "write" = "write",
): void {
  if (!path.toLowerCase().endsWith(extension)) {
    const done = action === "read" ? "read from" : "written as";
    throw new InputError(`Cannot ${action} ${quote(path)}: ${what} is ${done} ${extension}`);
  }
}

function stat(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch {
    return undefined;
  }
}

function real(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    return path;
  }
}

/** An error of the system as a sentence. */
function refused(action: "read" | "write", path: string, error: unknown): Error {
  if (error instanceof InputError || !(error instanceof Error)) return error as Error;
  const why = error instanceof Deno.errors.NotFound
    ? action === "read" ? "there is no such file" : "there is no such folder"
    : error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable
    ? "permission denied"
    : error.message;
  return new InputError(`Cannot ${action} ${quote(path)}: ${why}`, { cause: error });
}
