/**
 * What `papillon learn` says at its end, as prose and as JSON.
 *
 * @module
 */

import type { Fit } from "../learn/fit.ts";
import type { Operator } from "../operator/operator.ts";
import type { Times } from "./compare.ts";
import { count, microseconds, ratio, small } from "./text.ts";

/** What is reported of the command line. */
export interface Names {
  /** The target: "dft", or a file. */
  readonly name: string;
  /** Where the operator is written. */
  readonly out: string;
  /** Where its picture is written, if it is. */
  readonly plot: string | undefined;
}

/** The object that --json prints. */
export function report(
  plan: Names,
  fit: Fit,
  operator: Operator,
  seconds: number,
  times?: Times,
  cancelled = false,
): unknown {
  const { rmse, relativeError, method, model, parameters } = fit, { operations, field } = operator;
  const stopped = cancelled ? "cancelled" : fit.stopped;
  return {
    target: plan.name,
    n: fit.n,
    field,
    rmse,
    relativeError,
    converged: stopped === "converged",
    stopped,
    parameters,
    operations,
    seconds,
    seed: fit.seed,
    method,
    model,
    realPart: fit.realPart,
    tried: fit.tried,
    microseconds: times ?? null,
    out: stopped === "cancelled" ? null : plan.out,
    plot: stopped === "cancelled" ? null : plan.plot ?? null,
  };
}

/** What was learned, in words. */
export function found(plan: Names, fit: Fit, operator: Operator, seconds: number): string {
  const { n, rmse, relativeError, stopped, model, parameters } = fit, { operations } = operator;
  const dense = n * n, kind = fit.field === "complex" ? "complex " : "";
  const what = `${fit.realPart ? "the real part of " : ""}${model}`;
  const head = stopped === "converged"
    ? `Learned ${plan.name}, n = ${n}, in ${small(seconds)} s: ${what}`
    : `Nothing found that is ${plan.name}, n = ${n}, in ${small(seconds)} s. The nearest: ${what}`;
  // Beside a real matrix a complex number is two real ones, and a complex multiply-add four.
  const row = (name: string, mine: number, what: string, each: number): string => {
    const times = dense / (mine * (fit.realPart ? each : 1));
    return `  ${name}  ${count(mine)} ${kind}${what}, dense ${count(dense)}${
      fit.realPart ? " real ones" : ""
    }${times === Infinity ? "" : times > 1 ? `: ${ratio(times)} times fewer` : ": no fewer"}`;
  };
  return [
    head,
    "",
    `  error       ${small(rmse)} root mean square of an entry (relative ${small(relativeError)})`,
    row("parameters", parameters, "numbers", 2),
    row("operations", operations, "multiply-adds", 4),
  ].join("\n");
}

/** How fast it is, and where it is, in words. */
export function measured({ out, plot }: Names, times: Times | undefined): string {
  const wrote = `\nWrote ${out}${plot === undefined ? "" : ` and ${plot}`}`;
  if (times === undefined) return wrote;
  const { learned, dense, fftjs } = times;
  const row = (name: string, time: number): string =>
    `    ${name.padEnd(20)} ${microseconds(time).padStart(8)} µs` +
    (time === learned ? "" : `   ${microseconds(time / learned)} × the learned one's`);
  const rows = [row("learned operator", learned)];
  if (fftjs !== undefined) rows.push(row("fft.js", fftjs));
  rows.push(row("dense product", dense));
  return ["", "  time for one vector (median)", ...rows, wrote].join("\n");
}

/** What a cancelled run has to say. */
export function cancelled(fit: Fit, seconds: number): string {
  return `Cancelled after ${small(seconds)} s. The best found so far has an error of ${
    small(fit.rmse)
  } (relative ` +
    `${small(fit.relativeError)}); nothing is written`;
}
