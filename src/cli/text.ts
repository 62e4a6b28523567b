/**
 * Numbers as people read them.
 *
 * @module
 */

import { quote } from "../io/bytes.ts";

/** "65 536" */
export function count(value: number): string {
  return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, " ");
}

/** "5.5e-9", "0.28", "0" */
export function small(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  return value >= 0.01 && value < 1000 ? String(Number(value.toPrecision(2))) : value.toExponential(1);
}

/** "16", "3.4", "0.65" */
export function ratio(value: number): string {
  return value >= 100 ? count(value) : String(Number(value.toPrecision(value >= 10 ? 3 : 2)));
}

/** "0.065", "1.8", "44", "1 190": two digits, or all before the point. */
export function microseconds(value: number): string {
  return value >= 10 ? count(value) : value.toPrecision(2);
}

/** "65 536 complex numbers", "1 real number" */
export function numbers(amount: number, field: "real" | "complex"): string {
  return `${count(amount)} ${field} number${amount === 1 ? "" : "s"}`;
}

/** The names that are nearly a misspelt one: at most two letters wrong, or the same beginning; nearest first. */
export function near(name: string, known: readonly string[]): string[] {
  const given = name.toLowerCase();
  return known.map((other) => ({ other, far: distance(given, other) }))
    .filter(({ other, far }) =>
      far <= Math.min(2, other.length / 2) || (given.length >= 3 && other.startsWith(given))
    )
    .sort((a, b) => a.far - b.far).slice(0, 4).map(({ other }) => other);
}

/** How many letters have to be inserted, removed or replaced to make one word of another (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= Math.min(a.length, 40); i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] + Math.max(0, a.length - 40);
}

/** What to look for instead of a name that is unknown: "did you mean 'a' or 'b'?", or "there are 'a', 'b', …". */
export function suggestion(name: string, known: readonly string[]): string {
  if (known.length === 0) return "there is none";
  const nearest = near(name, known);
  if (nearest.length > 0) return `did you mean ${nearest.map(quote).join(" or ")}?`;
  return `there are ${known.slice(0, 5).map(quote).join(", ")}${known.length > 5 ? ", …" : ""}`;
}

/** Text in lines of at most so many characters, each with some spaces before it. */
export function wrap(text: string, width: number, indent: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width - indent) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.map((line) => " ".repeat(indent) + line);
}
