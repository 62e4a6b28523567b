/**
 * Matrices with the simplest structures: scaled permutations, diagonals, low rank.
 *
 * @module
 */
import { Random } from "../program/random.ts";
import { approximateLowRank } from "./baselines/low_rank.ts";
import { CLOSE, type Ledger } from "./ledger.ts";
import { factorParts, type FitPart } from "./parts.ts";
import { singularEnergies } from "./singular.ts";
import type { Target } from "./target.ts";
import type { StopReason, Task } from "./task.ts";

/** Rows and columns of the minor that tells the rank. */
export const MINOR = 48;

/** A scaled permutation, where the largest entries of all rows lie in different columns and have most of the energy. */
export function monomial(target: Target, ledger: Ledger): void {
  const { n, field, values, norm } = target, width = field === "complex" ? 2 : 1;
  const columns = new Int32Array(n).fill(-1), taken = new Uint8Array(n);
  const weights = new Float32Array(n * width);
  let inside = 0;
  for (let row = 0; row < n; row++) {
    let most = 0;
    for (let column = 0; column < n; column++) {
      const at = (n * row + column) * width;
      const size = width === 2 ? Math.hypot(values[at], values[at + 1]) : Math.abs(values[at]);
      if (size > most) [most, columns[row]] = [size, column];
    }
    if (columns[row] < 0) continue;
    if (taken[columns[row]]++) return;
    for (let part = 0; part < width; part++) {
      weights[row * width + part] = values[(n * row + columns[row]) * width + part];
    }
    inside += (most / norm) ** 2;
  }
  if (1 - inside > CLOSE ** 2) return;
  let free = 0;
  for (let row = 0; row < n; row++) {
    if (columns[row] >= 0) continue;
    while (taken[free]) free++;
    taken[columns[row] = free] = 1;
  }
  const still = columns.every((column, row) => column === row);
  const unit = weights.every((w, i) => i % width === 0 ? w === 1 : w === 0);
  const parts: FitPart[] = [
    ...(still ? [] : [{ kind: "permutation" as const, index: Uint32Array.from(columns) }]),
    ...(unit ? [] : [{ kind: "diagonal" as const, weights }]),
  ];
  const text = still ? unit ? "the identity" : "a diagonal" : unit ? "a permutation" : "a scaled permutation";
  ledger.offer({ field, realPart: false, parts }, text, "closed-form");
}

/** The part of the norm of a sampled minor beyond each rank. */
export function minorRanks(target: Target, seed: number): Float64Array {
  const { n, field, values, norm } = target, width = field === "complex" ? 2 : 1;
  const random = new Random(seed), size = Math.min(n, MINOR);
  const pick = (): Uint32Array => random.permutation(n).slice(0, size);
  const rows = pick(), columns = pick(), minor = new Float64Array(size * size * width);
  let to = 0;
  for (const i of rows) {
    for (const j of columns) {
      for (let part = 0; part < width; part++) minor[to++] = values[(i * n + j) * width + part] * n / norm;
    }
  }
  const energies = singularEnergies(minor, size, size, width);
  const beyond = new Float64Array(size + 1);
  for (let rank = size - 1; rank >= 0; rank--) beyond[rank] = beyond[rank + 1] + energies[rank];
  return beyond.map((rest) => beyond[0] > 0 ? Math.sqrt(rest / beyond[0]) : 1);
}

/** A matrix of a given rank. */
export function* lowRankTask(target: Target, ledger: Ledger, rank: number): Task<StopReason | undefined> {
  const { n, field, values } = target;
  const stop = yield ledger.progress("closed form", 0);
  if (stop !== undefined) return stop;
  const { left, right } = approximateLowRank({ rows: n, cols: n, values, field }, rank);
  const width = field === "complex" ? 2 : 1, rows = new Float64Array(left.length);
  for (let k = 0; k < rank; k++) {
    for (let i = 0; i < n; i++) {
      for (let part = 0; part < width; part++) {
        rows[(i * rank + k) * width + part] = left[(k * n + i) * width + part];
      }
    }
  }
  const patterns = [{ a: 1, b: rank, c: n, d: 1 }, { a: 1, b: n, c: rank, d: 1 }];
  const parts = factorParts(patterns, [right, rows]);
  ledger.offer({ field, realPart: false, parts }, `a matrix of rank ${rank}`, "closed-form");
  return undefined;
}
