/**
 * Rules, sets of them, and the choice between them.
 *
 * @module
 */
import { kindOf } from "../../operator/check.ts";
import { LinearOperator } from "../operator.ts";
import type { FunctionName, Functions, LinalgOptions, Settings } from "./functions.ts";

/** What a rule is asked: the function, its further arguments, the options; and how to ask for parts. */
export interface Call<F extends FunctionName> {
  /** The function. */
  readonly name: F;
  /** Its arguments after the operator. */
  readonly args: Functions[F]["args"];
  /** Options. */
  readonly options: Settings;
  /** Carries out a function for a part, with the same options. */
  run<G extends FunctionName>(
    name: G,
    A: LinearOperator,
    ...args: Functions[G]["args"]
  ): Functions[G]["result"];
  /** What would be done for a part. */
  plan<G extends FunctionName>(name: G, A: LinearOperator, ...args: Functions[G]["args"]): Plan;
}

/** How one function is carried out for some operators. */
export interface Rule<F extends FunctionName = FunctionName> {
  /** What `explain` calls it. */
  readonly name: string;
  /** Which function it is for. */
  readonly of: F;
  /** Why it is fast, or what it does. */
  readonly why: string;
  /** True, or the reason why not, as the end of the sentence "refused: …". */
  applies(A: LinearOperator, call: Call<F>): true | string;
  /** Multiply-adds, roughly; of its own, without those of `parts`. */
  cost(A: LinearOperator, call: Call<F>): number;
  /** What it asks of parts. */
  parts?(A: LinearOperator, call: Call<F>): readonly Plan[];
  /** Does it. */
  run(A: LinearOperator, call: Call<F>): Functions[F]["result"];
}

/** A rule for any function. */
export type AnyRule = { [F in FunctionName]: Rule<F> }[FunctionName];

/** What would be done, and why. */
export interface Plan {
  /** The function. */
  readonly name: string;
  /** The operator. */
  readonly operator: LinearOperator;
  /** The name of the rule, or undefined where none applies. */
  readonly rule: string | undefined;
  /** What the rule says for itself. */
  readonly why: string;
  /** Multiply-adds, with those of the parts; NaN where no rule applies. */
  readonly cost: number;
  /** What is done for parts. */
  readonly parts: readonly Plan[];
  /** Rules that were asked before and refused, with their reasons; those of other types of operators are left out. */
  readonly refused: readonly { readonly rule: string; readonly reason: string }[];
  /** The rules that would apply too, had this one not come first. */
  readonly others: readonly { readonly rule: string; readonly cost: number }[];
}

/** What a rule answers for operators of a type that it is not for; `explain` does not list it. */
export const OTHER = "it is for another type of operator";

/**
 * Rules in the order in which they are asked. It never changes: `extend` makes another one, and every function takes the
 * one to use as its option `rules`.
 *
 * @example
 * ```ts
 * import { defaultRules, dense, identity, inv, type Rule, scale } from "@papillon/papillon/linalg";
 * const mine: Rule<"inv"> = {
 *   name: "half for two",
 *   of: "inv",
 *   why: "an example",
 *   applies: (A) => A.kind === "Dense" || "it is not dense",
 *   cost: () => 0,
 *   run: (A) => scale(0.5, identity(A.rows)),
 * };
 * const rules = defaultRules.extend([mine]);
 * console.assert(inv(dense([[2]]), { rules }).kind === "ScalarMul");
 * console.assert(inv(dense([[2]])).kind !== "ScalarMul"); // nothing else has changed
 * ```
 */
export class RuleSet {
  /** The rules, those asked first in front. */
  readonly rules: readonly AnyRule[];

  /** A set of these rules. */
  constructor(rules: readonly AnyRule[]) {
    for (const rule of rules) {
      if (
        typeof rule?.applies !== "function" || typeof rule.run !== "function" ||
        typeof rule.cost !== "function"
      ) {
        throw new TypeError(
          `Cannot make a set of rules: a rule needs applies, cost and run; got ${kindOf(rule)}`,
        );
      }
    }
    this.rules = Object.freeze([...rules]);
  }

  /** Another set, in which the given rules are asked before these. */
  extend(rules: readonly AnyRule[]): RuleSet {
    return new RuleSet([...rules, ...this.rules]);
  }

  /** Carries out a function by the first rule that applies. */
  run<F extends FunctionName>(
    name: F,
    A: LinearOperator,
    args: Functions[F]["args"],
    options: LinalgOptions = {},
  ): Functions[F]["result"] {
    const call = callOf(this, name, A, args, options), refused: string[] = [];
    for (const rule of this.#for(name)) {
      const answer = rule.applies(A, call);
      if (answer === true) return rule.run(A, call);
      if (answer !== OTHER) refused.push(`${rule.name}: ${answer}`);
    }
    throw new RangeError(
      `Cannot find ${name} of ${A.describe()}: no rule applies (${
        refused.join("; ") || "there is none for its type"
      })`,
    );
  }

  /** What {@link RuleSet.run} would do. */
  plan<F extends FunctionName>(
    name: F,
    A: LinearOperator,
    args: Functions[F]["args"],
    options: LinalgOptions = {},
  ): Plan {
    const call = callOf(this, name, A, args, options);
    const refused: { rule: string; reason: string }[] = [], others: { rule: string; cost: number }[] = [];
    let chosen: Rule<F> | undefined, parts: readonly Plan[] = [];
    for (const rule of this.#for(name)) {
      const answer = rule.applies(A, call);
      if (answer !== true) {
        if (answer !== OTHER && chosen === undefined) refused.push({ rule: rule.name, reason: answer });
      } else if (chosen === undefined) {
        chosen = rule;
        parts = rule.parts?.(A, call) ?? [];
      } else {
        const all = (rule.parts?.(A, call) ?? []).reduce((sum, part) => sum + part.cost, rule.cost(A, call));
        others.push({ rule: rule.name, cost: all });
      }
    }
    const cost = chosen === undefined
      ? NaN
      : parts.reduce((sum, part) => sum + part.cost, chosen.cost(A, call));
    return { name, operator: A, rule: chosen?.name, why: chosen?.why ?? "", cost, parts, refused, others };
  }

  #for<F extends FunctionName>(name: F): Rule<F>[] {
    return this.rules.filter((rule) => rule.of === name) as AnyRule[] as unknown as Rule<F>[];
  }
}

function callOf<F extends FunctionName>(
  rules: RuleSet,
  name: F,
  A: LinearOperator,
  args: Functions[F]["args"],
  options: LinalgOptions,
): Call<F> {
  if (!(A instanceof LinearOperator)) {
    throw new TypeError(
      `Cannot find ${name}: the argument is not a linear operator but ${
        kindOf(A)
      } (see dense and operatorFrom)`,
    );
  }
  const below = options.dense?.below ?? 1000;
  if (!(below >= 0)) {
    throw new RangeError(`Cannot find ${name}: dense.below must not be negative, got ${below}`);
  }
  const settings: Settings = { ...options, rules, dense: { below } };
  return {
    name,
    args,
    options: settings,
    run: (other, part, ...rest) => rules.run(other, part, rest, settings),
    plan: (other, part, ...rest) => rules.plan(other, part, rest, settings),
  };
}

/** Whether an operator is small enough to be written as a dense matrix; if not, why. */
export function isSmall(A: LinearOperator, { options }: { readonly options: Settings }): true | string {
  const n = Math.max(A.rows, A.cols), { below } = options.dense;
  return n <= below ||
    `it is ${A.rows}×${A.cols}, and matrices are made dense up to ${below} (option dense.below)`;
}
