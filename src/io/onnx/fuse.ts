/**
 * Factors multiplied into fewer, larger ones: what runs ONNX models is at its best in products of matrices, not in many
 * small steps.
 *
 * @module
 */

import { Chain } from "../../operator/chain.ts";
import { fusePatterns } from "../../operator/pattern.ts";
import { type Program, ProgramBuilder } from "../../program/program.ts";
import { type FactorStep, floats, inputsOf, type Step } from "../../program/step.ts";

/** A factor without where it reads from. */
type Factor = Omit<FactorStep, "from">;

/**
 * The same program with neighbouring factors fused while their blocks have at most so many rows and columns of floats; of
 * one number of groups, the most even one is taken.
 */
export function fuseFactors(program: Program, most: number): Program {
  const { steps, output } = program, builder = new ProgramBuilder(program.inputWidth);
  const reads = new Map<number, number>([[output, 1]]);
  for (const step of steps) for (const value of inputsOf(step)) reads.set(value, (reads.get(value) ?? 0) + 1);
  const value = [0];
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i], run: Factor[] = [];
    for (let j = i; follows(steps, j, i, reads); j++) run.push(steps[j] as FactorStep);
    if (run.length > 1) {
      let to = value[(step as FactorStep).from];
      for (const { pattern, field, weights } of grouped(run, most)) {
        to = builder.factor(to, pattern, field, weights);
      }
      i += run.length - 1;
      // Nobody reads what was between.
      value[i + 1] = to;
    } else if (step.kind === "add" || step.kind === "concat") {
      value[i + 1] = builder.step({ ...step, inputs: step.inputs.map((v) => value[v]) });
    } else value[i + 1] = builder.step({ ...step, from: value[step.from] });
  }
  return builder.build(value[output]);
}

/** Whether step j goes on with the factors that begin with step i. */
function follows(steps: readonly Step[], j: number, i: number, reads: ReadonlyMap<number, number>): boolean {
  const step = steps[j], first = steps[i];
  if (step?.kind !== "factor" || first.kind !== "factor" || step.field !== first.field) return false;
  return j === i || (step.from === j && reads.get(j) === 1);
}

function grouped(run: readonly Factor[], most: number): Factor[] {
  let best = greedy(run, most);
  for (let size = most / 2; size >= 4; size /= 2) {
    const even = greedy(run, size);
    if (even.length > best.length) break;
    best = even;
  }
  return best;
}

function greedy(run: readonly Factor[], most: number): Factor[] {
  const groups: Factor[] = [];
  for (const factor of run) {
    const last = groups.at(-1), fused = last && fusedPair(last, factor, most / floats(factor.field));
    if (fused) groups[groups.length - 1] = fused;
    else groups.push(factor);
  }
  return groups;
}

/** Two factors as one, where that is possible and its blocks are no larger than allowed. */
function fusedPair(first: Factor, second: Factor, most: number): Factor | undefined {
  try {
    const { b, c } = fusePatterns(second.pattern, first.pattern);
    if (b > most || c > most) return undefined;
    const chain = new Chain([first.pattern, second.pattern], [first.weights, second.weights], first.field);
    const { patterns: [pattern], factors: [weights] } = chain.fuse(0);
    return { kind: "factor", field: first.field, pattern, weights };
  } catch (error) {
    // Not chainable, or the product is more than float32 holds: they stay two.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
