/**
 * Simplification of programs before they run: small rules (rules.ts) on one step, or on a step and the only step that
 * reads it, applied until none applies. What is saved and differentiated is always the plain program.
 *
 * @module
 */

import { findRuns } from "./chain.ts";
import { Program, ProgramBuilder } from "./program.ts";
import {
  absorbDiagonal,
  absorbWindow,
  cancelFactors,
  dropIdentity,
  factorToDiagonal,
  mergeDiagonals,
  mergeFactors,
  mergePermutations,
  mergeWindows,
  type PairRule,
  passPermutation,
  type SingleRule,
  type TripleRule,
  type Unary,
} from "./rules.ts";
import { inputsOf, type Step } from "./step.ts";

const singles: readonly SingleRule[] = [dropIdentity, factorToDiagonal];
const pairs: readonly PairRule[] = [
  mergeDiagonals,
  mergePermutations,
  mergeWindows,
  absorbDiagonal,
  absorbWindow,
  cancelFactors,
];
const triples: readonly TripleRule[] = [passPermutation];
/** What is done where nothing else is left to do. */
const lastPairs: readonly PairRule[] = [mergeFactors];

/** Applies all rules until none applies. The result computes the same map up to rounding. */
export function simplify(program: Program): Program {
  let current = realWeights(dropUnread(program));
  const step = (): Program | undefined =>
    sweep(current, singles, pairs, triples) ?? sweep(current, [], lastPairs, []);
  for (let next = step(); next; next = step()) current = next;
  return current;
}

/** The values of a program that its result depends on. */
export function readValues({ steps, output }: Program): Set<number> {
  const read = new Set([output]);
  for (let i = steps.length - 1; i >= 0; i--) {
    if (read.has(i + 1)) { for (const value of inputsOf(steps[i])) read.add(value); }
  }
  return read;
}

/** Steps that nothing reads are left out. */
export function dropUnread(program: Program): Program {
  const { steps } = program, read = readValues(program);
  if (steps.every((_, i) => read.has(i + 1))) return program;
  return replace(program, new Map(steps.flatMap((_, i) => read.has(i + 1) ? [] : [[i, undefined]])));
}

/**
 * What a sweep puts in the place of a step: other steps, where it is the last of a chain that they replace, or nothing,
 * where its value is not there any more.
 */
type Replacements = Map<number, readonly Unary[] | undefined>;

/** Goes through the steps once and applies the first rule that applies to each; undefined when none does. */
function sweep(
  program: Program,
  singles: readonly SingleRule[],
  pairs: readonly PairRule[],
  triples: readonly TripleRule[],
): Program | undefined {
  const { steps, widths, output } = program;
  const readers = new Map<number, number>([[output, 1]]);
  for (const step of steps) {
    for (const value of inputsOf(step)) readers.set(value, (readers.get(value) ?? 0) + 1);
  }
  const found: Replacements = new Map();
  /** The step that makes what a step reads, if nothing else reads it and this sweep has not touched it. */
  const before = (i: number): number | undefined => {
    const step = steps[i];
    if (!("from" in step) || step.from === 0 || readers.get(step.from) !== 1) return undefined;
    return found.has(step.from - 1) || !("from" in steps[step.from - 1]) ? undefined : step.from - 1;
  };
  for (const [i, step] of steps.entries()) {
    if (!("from" in step)) continue;
    const j = before(i), k = j === undefined ? undefined : before(j);
    const first = j === undefined ? undefined : steps[j] as Extract<Step, { from: number }>;
    const result = firstOf(singles, (rule) => rule(step, widths[step.from]));
    if (result) {
      found.set(i, result);
      continue;
    }
    const pair = first && firstOf(pairs, (rule) => rule(first, step, widths[first.from]));
    if (pair) {
      found.set(j!, undefined).set(i, pair);
      continue;
    }
    const triple = k === undefined ? undefined : firstOf(triples, (rule) => rule(steps[k], first!, step));
    if (triple) found.set(k!, undefined).set(j!, undefined).set(i, triple);
  }
  return found.size > 0 ? replace(program, found) : undefined;
}

/** The first result that is one. */
function firstOf<Rule>(
  rules: readonly Rule[],
  apply: (rule: Rule) => Unary[] | undefined,
): Unary[] | undefined {
  for (const rule of rules) {
    const result = apply(rule);
    if (result) return result;
  }
  return undefined;
}

/** The program with steps, or chains of steps and their only readers, replaced by others. */
function replace(program: Program, by: Replacements): Program {
  const builder = new ProgramBuilder(program.inputWidth);
  const value = [0];
  program.steps.forEach((step, i) => {
    if (by.has(i) && "from" in step) {
      // A value that is gone stands for what was read to make it: the end of the chain starts from there.
      value.push(
        (by.get(i) ?? []).reduce((at, unary) => builder.step({ ...unary, from: at }), value[step.from]),
      );
    } else if (by.has(i)) value.push(0);
    else if (step.kind === "add" || step.kind === "concat") {
      value.push(builder.step({ ...step, inputs: step.inputs.map((v) => value[v]) }));
    } else value.push(builder.step({ ...step, from: value[step.from] }));
  });
  return builder.build(value[program.output]);
}

/**
 * Runs of complex factors whose weights are all real work on the real and imaginary parts alike: they become real
 * factors (a, b, c, 2d) at half the cost.
 */
export function realWeights(program: Program): Program {
  const { steps, output } = program;
  const convert = new Set<number>();
  for (const run of findRuns(steps, output, false)) {
    if (
      !run.complex || !run.factors.every(({ weights }) => weights.every((w, k) => (k & 1) === 0 || w === 0))
    ) continue;
    run.factors.forEach((_, k) => convert.add(run.first + k));
  }
  if (convert.size === 0) return program;
  const converted = steps.map((step, i): Step => {
    if (!convert.has(i) || step.kind !== "factor") return step;
    const { a, b, c, d } = step.pattern;
    const weights = step.weights.map((_, k) => step.weights[k & ~1]);
    return { kind: "factor", from: step.from, pattern: { a, b, c, d: 2 * d }, field: "real", weights };
  });
  return new Program(converted, program.widths, output);
}
