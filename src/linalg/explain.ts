/**
 * What would be done, and why, as a text.
 *
 * @module
 */
import type { LinearOperator } from "./operator.ts";
import { defaultRules } from "./rules/default.ts";
import type { FunctionName, Functions, LinalgOptions, Which } from "./rules/functions.ts";
import type { Plan } from "./rules/rule_set.ts";
import { exponential, logarithm, named, powerOf, type ScalarFunction } from "./spectral_functions.ts";

/** What can be explained: a function of this library by its name, or one of a number. */
export type Explainable =
  | FunctionName
  | "solve"
  | "lstsq"
  | "logdet"
  | "det"
  | "eigh"
  | "exp"
  | "log"
  | "sqrt"
  | "isqrt"
  | ScalarFunction;

/** Options, and what the function takes apart from the operator. */
export interface ExplainOptions extends LinalgOptions {
  /** How many eigenvalues or singular values. */
  readonly k?: number;
  /** Which eigenvalues. */
  readonly which?: Which;
  /** Which norm. */
  readonly p?: 1 | 2 | "fro" | "inf";
}

/**
 * What a function would do for an operator: the rule that is chosen, its cost in multiply-adds, why, what it asks of
 * parts, and which rules were refused.
 */
export function plan(f: Explainable, A: LinearOperator, options: ExplainOptions = {}): Plan {
  const rules = options.rules ?? defaultRules;
  const ask = <F extends FunctionName>(name: F, ...args: Functions[F]["args"]): Plan =>
    rules.plan(name, A, args, options);
  const shown = typeof f === "string" ? f : named(f).name, { k, which, p = 2 } = options;
  if (typeof f !== "string") return { ...ask("function", named(f)), name: shown };
  switch (f) {
    case "solve":
      return { ...ask("inv"), name: shown };
    case "lstsq":
      return { ...ask("pinv"), name: shown };
    case "logdet":
    case "det":
      return { ...ask("slogdet"), name: shown };
    case "exp":
      return { ...ask("function", exponential), name: shown };
    case "log":
      return { ...ask("function", logarithm), name: shown };
    case "sqrt":
    case "isqrt":
      return { ...ask("function", powerOf(f === "sqrt" ? 0.5 : -0.5)), name: shown };
    case "eig":
    case "eigh":
      return { ...ask("eig", k, which), name: shown };
    case "svd":
      return ask("svd", k);
    case "norm":
      return ask("norm", p);
    case "function":
      throw new TypeError("Cannot explain a function without knowing which: give it rather than its name");
    default:
      if (!rules.rules.some((rule) => rule.of === f)) {
        throw new TypeError(`Cannot explain ${String(f)}: it is no function of operators`);
      }
      return ask(f);
  }
}

/**
 * Says what a function would do for an operator, as a tree: the rule chosen, its cost, why, and the rules refused on the
 * way, with their reasons; cutoffs among them, and the option that moves them.
 *
 * @example
 * ```ts
 * import { dense, explain, kron } from "@papillon/papillon/linalg";
 * const a = dense([[2, 1], [1, 3]]);
 * const text = explain("solve", kron(a, a));
 * console.assert(text.includes("factor by factor") && text.includes("dense LU"));
 * ```
 */
export function explain(f: Explainable, A: LinearOperator, options: ExplainOptions = {}): string {
  return lines(plan(f, A, options)).join("\n");
}

function lines(plan: Plan): string[] {
  const { name, operator, rule, why, cost, parts, refused, others } = plan;
  const head = `${name} of ${operator.describe().replace(/^an? /, "")}`;
  const known = operator.annotations.length === 0 ? "" : ` [${operator.annotations.join(", ")}]`;
  const result = [
    `${head}${known}: ${rule === undefined ? "no rule applies" : `${rule}, about ${amount(cost)}`}`,
  ];
  if (why !== "") result.push(`  because: ${why}`);
  for (const { rule: other, reason } of refused) result.push(`  refused: ${other}: ${reason}`);
  for (const { rule: other, cost: price } of others) {
    result.push(`  also possible: ${other}, about ${amount(price)}`);
  }
  for (const part of parts) result.push(...lines(part).map((line) => `  ${line}`));
  return result;
}

/** 12, 3.4e5. */
function amount(cost: number): string {
  const shown = cost < 1000 ? String(Math.round(cost)) : cost.toExponential(1).replace("e+", "e");
  return `${shown} multiply-adds`;
}
