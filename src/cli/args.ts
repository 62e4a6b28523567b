/**
 * A small strict parser of command lines: what is not known is refused, with the list of what is.
 *
 * @module
 */

import { quote } from "../io/bytes.ts";
import { InputError } from "./errors.ts";

/** What a command takes. */
export interface Usage {
  /** The command, for messages. */
  readonly command: string;
  /** Names of the operands, all of them needed, in order. */
  readonly operands: readonly string[];
  /** How many of the operands, the last ones, may be left out; none when absent. */
  readonly optional?: number;
  /** Flags that take a value. */
  readonly values: readonly string[];
  /** Flags that take a value and may be given several times. */
  readonly lists?: readonly string[];
  /** Flags that take none. */
  readonly switches: readonly string[];
}

/** A command line, taken apart. */
export interface Arguments {
  /** As many as {@link Usage.operands}, or fewer where some are optional. */
  readonly operands: string[];
  /** The values given, by flag. */
  readonly values: ReadonlyMap<string, string>;
  /** All values given, in order, of the flags that may be given several times. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
  /** The switches given. */
  readonly switches: ReadonlySet<string>;
}

/**
 * Takes a command line apart: `--flag value`, `--flag=value`, `--switch`, operands anywhere, and only operands after
 * `--`.
 *
 * @throws {InputError} for an unknown or repeated flag, a missing or an empty value, too few or too many operands
 */
export function parse(args: readonly string[], usage: Usage): Arguments {
  const { command } = usage;
  const operands: string[] = [];
  const values = new Map<string, string>(), lists = new Map<string, string[]>();
  const switches = new Set<string>();
  const see = `see 'papillon ${command} --help'`;

  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (arg === "--") {
      operands.push(...args.slice(i + 1));
      break;
    }
    if (!arg.startsWith("-") || arg === "-") {
      operands.push(arg);
      continue;
    }
    const [, flag, given] = /^(--?[^=]*)(?:=(.*))?$/s.exec(arg)!;
    const name = flag.slice(2);
    const known = flag.startsWith("--");
    if (known && usage.switches.includes(name)) {
      if (given !== undefined) {
        throw new InputError(`Cannot ${command}: ${flag} takes no value, got ${quote(given)}`);
      }
      switches.add(name);
    } else if (known && (usage.values.includes(name) || usage.lists?.includes(name))) {
      const value = given ?? args[++i];
      // "--out --json" is a forgotten value; a file of such a name can be given as --out=--json.
      if (value === undefined || value === "" || (given === undefined && value.startsWith("--"))) {
        throw new InputError(`Cannot ${command}: ${flag} needs a value; ${see}`);
      }
      if (usage.lists?.includes(name)) {
        lists.set(name, [...lists.get(name) ?? [], value]);
        continue;
      }
      if (values.has(name)) throw new InputError(`Cannot ${command}: ${flag} is given twice`);
      values.set(name, value);
    } else {
      const list = [...usage.values, ...usage.lists ?? [], ...usage.switches, "help"].map((flag) =>
        `--${flag}`
      ).join(", ");
      throw new InputError(`Cannot ${command}: the flag ${quote(flag)} is unknown, it takes ${list}`);
    }
  }

  if (operands.length > usage.operands.length) {
    const extra = quote(operands[usage.operands.length]);
    throw new InputError(`Cannot ${command}: the argument ${extra} is one too many; ${see}`);
  }
  if (operands.length < usage.operands.length - (usage.optional ?? 0)) {
    throw new InputError(`Cannot ${command}: ${usage.operands[operands.length]} is missing; ${see}`);
  }
  if (operands.includes("")) throw new InputError(`Cannot ${command}: an argument is empty; ${see}`);
  return { operands, values, lists, switches };
}

/**
 * The value of a flag as a whole number, or `otherwise` where it is not given.
 *
 * @throws {InputError} for what is no whole number from `least` to `most`
 */
export function integer(
  { values }: Arguments,
  flag: string,
  least: number,
  most: number,
): number | undefined {
  const text = values.get(flag);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^-?\d+$/.test(text) && value >= least && value <= most) return value;
  throw new InputError(`--${flag} must be a whole number from ${least} to ${most}, got ${quote(text)}`);
}
