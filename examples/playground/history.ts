/** What the gradient went through, for the plot and for going back in it. */
import { bitReversal, type Operator, toOperator } from "@papillon/papillon";
import { butterflyPatterns } from "../../src/operator/pattern.ts";
import { appliedFactors, HYPOTHESES } from "../../src/learn/hypothesis.ts";
import { balancedWeights, type FitPart, orderParts } from "../../src/learn/parts.ts";
import type { Line } from "./draw.ts";
import type { Matrix, Snapshot } from "./messages.ts";

/** The four forms that a butterfly may take, as the page calls them. */
export const FORMS: readonly string[] = HYPOTHESES.map(({ increasing, permutation }) =>
  `${permutation === "none" ? "" : "bit reversal, "}strides ${increasing ? "up" : "down"}`
);

/** Every evaluation of the loss, in order, and the weights at some of them. */
export class History {
  /** The line and the error of each step. */
  readonly lines: number[] = [];
  readonly errors: number[] = [];
  readonly #snapshots: Snapshot[] = [];

  add(lines: Int32Array, errors: Float32Array, snapshots: readonly Snapshot[]): void {
    lines.forEach((line) => this.lines.push(line));
    errors.forEach((error) => this.errors.push(error));
    snapshots.forEach((snapshot) => this.#snapshots.push(snapshot));
  }

  get length(): number {
    return this.lines.length;
  }

  /** What was drawn by the first steps: the lines, and which of them the last step belongs to. */
  drawn(steps: number): { lines: Line[]; head: number } {
    const found = new Map<number, number[]>();
    for (let i = 0; i < steps; i++) {
      let errors = found.get(this.lines[i]);
      if (errors === undefined) found.set(this.lines[i], errors = []);
      errors.push(this.errors[i]);
    }
    const newest = new Map([...found.keys()].map((line) => [line % FORMS.length, line]));
    const lines = [...found].map(([line, errors]) => {
      const form = line % FORMS.length;
      return { form, errors, old: newest.get(form) !== line };
    });
    return { lines, head: [...found.keys()].indexOf(this.lines[steps - 1]) };
  }

  /** The weights that were tried last before a step. */
  at(step: number): Snapshot | undefined {
    let low = 0, high = this.#snapshots.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#snapshots[middle].step < step) low = middle + 1;
      else high = middle;
    }
    return this.#snapshots[Math.max(0, low - 1)];
  }
}

/** The operator of the weights of a moment. */
export function momentary({ form, weights }: Snapshot, { n, field }: Matrix): Operator {
  const hypothesis = HYPOTHESES[form], { increasing, permutation } = hypothesis;
  const patterns = butterflyPatterns(n, { increasing });
  const balanced = balancedWeights(Float64Array.from(weights), n, field, 1);
  const factors = appliedFactors(balanced, n, field, hypothesis).map((own, i): FitPart => ({
    kind: "factor",
    pattern: patterns[i],
    weights: Float32Array.from(own),
  }));
  const front = permutation === "none" ? [] : orderParts(bitReversal(n));
  return toOperator({ n, field, parts: [...front, ...factors], realPart: false });
}
