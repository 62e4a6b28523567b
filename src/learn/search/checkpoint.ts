/**
 * Searches as text, to go on with them another day.
 *
 * @module
 */
import { modelParts } from "./trial.ts";
import type { SearchCheckpoint } from "./search.ts";

/** The key under which the numbers of an array stand. */
const FLOATS = "float64", INDICES = "uint32";

/** A checkpoint as JSON. Numbers are kept exactly. */
export function writeCheckpoint(checkpoint: SearchCheckpoint): string {
  return JSON.stringify({ papillon: "search", ...checkpoint }, (_, value) => {
    if (value instanceof Float64Array) return { [FLOATS]: Array.from(value, finite) };
    if (value instanceof Uint32Array) return { [INDICES]: [...value] };
    return typeof value === "number" ? finite(value) : value;
  });
}

/** JSON knows no infinities: a trial that ran away has them. */
function finite(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

/**
 * A checkpoint from its JSON.
 *
 * @throws {RangeError} when it is none, or is damaged
 */
export function readCheckpoint(text: string): SearchCheckpoint {
  const wrong = (why: string): RangeError => new RangeError(`Cannot read the checkpoint of a search: ${why}`);
  let value: SearchCheckpoint & { papillon?: string };
  try {
    value = JSON.parse(text, (_, part) => {
      if (part === "NaN" || part === "Infinity" || part === "-Infinity") return Number(part);
      if (Array.isArray(part?.[FLOATS])) return Float64Array.from(part[FLOATS]);
      if (Array.isArray(part?.[INDICES])) return Uint32Array.from(part[INDICES]);
      return part;
    });
  } catch {
    throw wrong("it is no JSON");
  }
  if (value?.papillon !== "search") throw wrong("it was not written by a search");
  const { target, plan, racing, out, bracket, round } = value;
  const counts = [target?.n, bracket, round, plan?.seed, plan?.trials, plan?.firstSteps];
  if (
    !counts.every(Number.isSafeInteger) || !Array.isArray(racing) || !Array.isArray(out) ||
    !Array.isArray(plan.models) || !Array.isArray(plan.rates) || plan.models.length === 0 || bracket < 0 ||
    round < 0 || plan.trials < 1 || plan.firstSteps < 1
  ) throw wrong("parts of it are missing");
  plan.models.forEach(modelParts);
  for (const state of [...racing, ...out]) {
    const { trial, weights, mean, square, errors, steps } = state ?? {};
    const arrays = [weights, mean, square].every((array) =>
      array instanceof Float64Array && array.length === weights.length
    );
    if (
      !arrays || !Array.isArray(errors) || !Number.isSafeInteger(steps) || typeof trial?.model !== "string"
    ) {
      throw wrong("a trial in it is damaged");
    }
  }
  return value;
}
