/**
 * Rules for one type of operator, in short.
 *
 * @module
 */
import type { LinearOperator } from "../operator.ts";
import type { FunctionName, Functions } from "./functions.ts";
import { type AnyRule, type Call, OTHER, type Plan, type Rule } from "./rule_set.ts";

/** The classes of operators. */
export type Type<T extends LinearOperator> = abstract new (...args: never[]) => T;

/** A rule, but for operators of one class. */
export interface Typed<F extends FunctionName, T extends LinearOperator> {
  readonly name: string;
  readonly why: string;
  applies?(A: T, call: Call<F>): true | string;
  cost?(A: T, call: Call<F>): number;
  parts?(A: T, call: Call<F>): readonly Plan[];
  run(A: T, call: Call<F>): Functions[F]["result"];
}

/** The rule for operators of that class and no other. Costs nothing of its own where it says nothing. */
export function typed<F extends FunctionName, T extends LinearOperator>(
  of: F,
  type: Type<T>,
  { name, why, applies, cost, parts, run }: Typed<F, T>,
): AnyRule {
  const rule: Rule<F> = {
    name,
    of,
    why,
    applies: (A, call) => A instanceof type ? applies?.(A, call) ?? true : OTHER,
    cost: (A, call) => cost?.(A as T, call) ?? 0,
    parts: (A, call) => parts?.(A as T, call) ?? [],
    run: (A, call) => run(A as T, call),
  };
  return rule as unknown as AnyRule;
}

/** A rule for any operators. */
export function general<F extends FunctionName>(rule: Rule<F>): AnyRule {
  return rule as unknown as AnyRule;
}

/** Whether all parts are square. */
export function allSquare(parts: readonly LinearOperator[], what: string): true | string {
  const at = parts.findIndex((part) => !part.isSquare);
  return at < 0 || `${what} ${at + 1} is ${parts[at].rows}×${parts[at].cols}, not square`;
}
