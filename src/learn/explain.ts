/**
 * A fit in words.
 *
 * @module
 */
import type { Attempt, Stopped } from "./fit.ts";
import type { Field } from "./target.ts";

/** What is told of a fit. */
export interface Explained {
  /** The order. */
  readonly n: number;
  /** The field of the parts. */
  readonly field: Field;
  /** Whether the matrix is the real part of the product. */
  readonly realPart: boolean;
  /** What it is, in words. */
  readonly model: string;
  /** Root mean square error of an entry. */
  readonly rmse: number;
  /** Relative error. */
  readonly relativeError: number;
  /** Numbers of the field of the parts. */
  readonly parameters: number;
  /** What gave the result. */
  readonly method: "closed-form" | "gradient";
  /** What was tried. */
  readonly tried: readonly Attempt[];
  /** Why it ended. */
  readonly stopped: Stopped;
}

/** Attempts told one by one, the best ones. */
const TOLD = 5;

/** Some sentences. */
export function explainFit(fit: Explained): string {
  const { n, field, realPart, model, rmse, relativeError, parameters, stopped, tried } = fit;
  const kind = field === "complex" ? "complex " : "", dense = n * n;
  // What is the real part of complex numbers is a matrix of real ones.
  const times = dense / Math.max(1, parameters * (realPart ? 2 : 1));
  const real = realPart ? "the real part of " : "";
  const head = relativeError === 0 || stopped === "converged"
    ? `The ${n}×${n} matrix is, to a relative error of ${short(relativeError)}, ${real}${model}.`
    : `The nearest that was found to the ${n}×${n} matrix is ${real}${model}: a relative error of ${
      short(relativeError)
    }, ${short(rmse)} root mean square of an entry.`;
  const fewer = times > 1 ? `, ${short(times)} times fewer` : ", no fewer: it is better left dense";
  const cost = `It takes ${parameters} ${kind}numbers, the dense matrix ${dense}${
    realPart ? " real ones" : ""
  }${fewer}.`;
  const found = `It was found ${fit.method === "gradient" ? "by gradient" : "in closed form"}.`;
  const listed = [...tried].sort((a, b) =>
    (a.relativeError ?? 1 + (a.misfit ?? 1)) - (b.relativeError ?? 1 + (b.misfit ?? 1))
  ).slice(0, TOLD).map((attempt) => `  ${attemptText(attempt)}`);
  const more = tried.length > TOLD ? [`  and ${tried.length - TOLD} more`] : [];
  return [
    `${head} ${cost} ${found}`,
    ...(listed.length > 0 ? ["Tried:", ...listed, ...more] : []),
    ending(stopped, relativeError),
  ].join("\n");
}

function attemptText({ method, model, misfit, relativeError, parameters, restarts }: Attempt): string {
  const how = method === "gradient" ? ", by gradient" : "";
  const starts = restarts === undefined ? "" : `, ${restarts} rounds of random starts`;
  const size = parameters === undefined ? "" : `, ${parameters} real numbers`;
  const error = relativeError !== undefined
    ? `error ${short(relativeError)}`
    : `passed over: the test says ${short(misfit ?? 1)} or more`;
  return `${model}${how}${size}${starts}: ${error}`;
}

function ending(stopped: Stopped, error: number): string {
  if (stopped === "converged") return "It ended because the error is within the tolerance.";
  if (stopped === "cancelled") return "It was cancelled; this is the best so far.";
  if (stopped === "budget") return "It ended because time or random starts were used up.";
  return error < 0.05
    ? "It ended because what is left looks like noise: more numbers do not fit it better than they would fit noise."
    : "It ended because nothing that is left to try promises more: the matrix shows none of these structures.";
}

/** Two digits: 0.031, 3.1e-8, 16. */
function short(value: number): string {
  if (value === 0) return "0";
  const text = value.toPrecision(2);
  return value >= 100 ? String(Math.round(value)) : text.replace(/\.0$/, "");
}
