/**
 * What a program is, what simplification makes of it, and in which passes it runs, in words.
 *
 * @module
 */

import { findRuns, type Pass, type Run } from "./chain.ts";
import { findPasses } from "./compile.ts";
import { describeMoves, gathered, planMoves } from "./moves.ts";
import { asFactor, packedLength } from "./factors.ts";
import { type PackedPass, packRun } from "./pack.ts";
import type { Program } from "./program.ts";
import { readValues, simplify } from "./simplify.ts";
import { floats, isWeighted, type Step } from "./step.ts";
import { describeMirrored, mirroredCost } from "./streams.ts";

/** Weights and multiply-adds of a program, in real numbers. */
interface Cost {
  readonly weights: number;
  readonly madds: number;
}

/**
 * Explains a program: its steps as written, its steps after simplification, and the passes that run, each with its
 * weights and multiply-adds counted in real numbers.
 */
export function explain(program: Program): string {
  const simple = simplify(program);
  const read = readValues(program), running = program.steps.filter((_, i) => read.has(i + 1));
  const lines = [`as written: ${summary(program, costOf(running))}`, ...list(program)];
  if (simple === program) lines.push("nothing to simplify");
  else lines.push(`simplified: ${summary(simple, costOf(simple.steps))}`, ...list(simple));
  const { text, cost } = execution(simple);
  lines.push(`runs as: ${numbers(cost)}`, ...text);
  return lines.join("\n");
}

function summary(program: Program, cost: Cost): string {
  const count = program.steps.length;
  return `${count} ${count === 1 ? "step" : "steps"}, ${numbers(cost)}`;
}

function numbers({ weights, madds }: Cost): string {
  return `${weights} weights, ${madds} multiply-adds`;
}

function costOf(steps: readonly Step[]): Cost {
  let weights = 0, madds = 0;
  for (const step of steps) {
    if (!isWeighted(step)) continue;
    weights += step.weights.length;
    // A complex product takes four real ones.
    if (step.kind !== "bias") madds += step.weights.length * floats(step.field);
  }
  return { weights, madds };
}

/** One line for each step; factors that follow each other share one. What nothing reads does not run, and costs nothing. */
function list(program: Program): string[] {
  const read = readValues(program);
  const lines: string[] = [];
  const runs = new Map(findRuns(program.steps, program.output, false).map((run) => [run.first, run]));
  for (let i = 0; i < program.steps.length; i++) {
    const run = runs.get(i);
    const steps = program.steps.slice(i, i + (run?.length ?? 1)), end = i + steps.length;
    if (!read.has(end)) {
      lines.push(`  ${run ? factors(run) : single(steps[0])}, which nothing reads`);
      i = end - 1;
      continue;
    }
    const cost = costOf(steps);
    lines.push(`  ${run ? factors(run) : single(steps[0])}${cost.weights ? `: ${numbers(cost)}` : ""}`);
    i += steps.length - 1;
  }
  return lines;
}

function factors({ factors, complex, n }: Run): string {
  const strides = factors.map(({ pattern: { d } }) => d).join(" ");
  return `${factors.length} ${
    complex ? "complex" : "real"
  } butterfly factors of ${n} points, strides ${strides}`;
}

function single(step: Step): string {
  switch (step.kind) {
    case "factor": {
      const { a, b, c, d } = step.pattern;
      return `${step.field} factor (${a}, ${b}, ${c}, ${d})`;
    }
    case "diagonal":
      return `${step.field} diagonal`;
    case "permutation":
      return `permutation of ${step.index.length}`;
    case "dense":
      return `${step.field} dense block ${step.rows}×${step.columns}`;
    case "window":
      return `window of ${step.width} floats from ${step.shift}`;
    case "add":
      return `sum of ${step.inputs.length} values`;
    case "concat":
      return `${step.inputs.length} values one after another`;
    case "bias":
      return `${step.field} bias`;
  }
}

const FORMS: Record<PackedPass["form"], string> = {
  general: "two weights for an output",
  unit: "unit diagonals",
  signs: "±1, no weights",
  twiddles: "one product for two outputs",
};

/** The passes of the runs of a program, and its other steps. */
function execution(program: Program): { text: string[]; cost: Cost } {
  const text: string[] = [];
  let weights = 0, madds = 0;
  const count = (cost: Cost): string => {
    weights += cost.weights;
    madds += cost.madds;
    return cost.weights || cost.madds ? `: ${numbers(cost)}` : "";
  };
  const { runs, mirrored, sums } = findPasses(program.steps, program.output);
  for (let i = 0; i < program.steps.length; i++) {
    const half = sums.get(i),
      run = runs.get(i) ?? half?.run,
      streams = mirrored.get(i),
      step = program.steps[i];
    if (half) text.push(`  ${single(step)}, sums and differences of its halves on the way`);
    if (run) {
      for (const packed of packRun(run, "vector").slice(half ? 1 : 0)) {
        text.push(`  ${describePass(run, packed)}${count(passCost(run, packed))}`);
      }
    } else if (streams) text.push(`  ${describeMirrored(streams)}${count(mirroredCost(streams))}`);
    else text.push(`  ${describeStep(step)}${count(stepCost(step))}`);
    i += ((half ?? run ?? streams)?.length ?? 1) - 1;
  }
  return { text, cost: { weights, madds } };
}

/** A step that runs on its own. */
function describeStep(step: Step): string {
  const moves = step.kind === "permutation" ? planMoves(gathered(step)) : undefined;
  return moves ? `${single(step)}: ${describeMoves(moves)}` : single(step);
}

/** The cost of a step outside a run; the weights of factors and dense blocks are packed into whole vectors. */
function stepCost(step: Step): Cost {
  const cost = costOf([step]);
  if (step.kind !== "factor" && step.kind !== "dense") return cost;
  return { ...cost, weights: packedLength(asFactor(step)) };
}

function describePass(run: Run, { pass, form, scaled }: PackedPass): string {
  const strides = run.factors.slice(pass.first, pass.first + pass.count).map(({ pattern: { d } }) => d).join(
    " ",
  );
  const extra = [
    FORMS[form],
    ...(scaled ? ["then a diagonal"] : []),
    ...(pass.lanes === 3 ? ["bit reversal on the way"] : []),
  ];
  return `${run.complex ? "complex" : "real"} pass, strides ${strides}, ${extra.join(", ")}`;
}

/** Real multiply-adds of a pass: per factor and point 2 in general form, 1 in unit form; four times that if complex. */
function passCost(run: Run, { pass, form, scaled, weights }: PackedPass): Cost {
  return { weights: weights.length, madds: passMadds(run, pass, form, scaled) };
}

function passMadds({ n, complex }: Run, pass: Pass, form: PackedPass["form"], scaled: boolean): number {
  const each = { general: 2, unit: 1, signs: 0, twiddles: 0.5 }[form];
  return n * (complex ? 4 : 1) * (pass.count * each + (scaled ? 1 : 0));
}
