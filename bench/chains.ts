/**
 * Chains of 1024 points beside the butterfly: what they would take if each of their multiply-adds took as long as one of
 * the butterfly's is what the goals compare with.
 *
 * @module
 */
import {
  blockButterflyPatterns,
  Chain,
  mixedRadixPatterns,
  monarchPatterns,
  type Pattern,
  patternWeights,
  radixPatterns,
} from "../src/mod.ts";
import { butterflySample } from "./families.ts";
import type { Subject } from "./lib/measure.ts";
import { normal } from "./lib/problem.ts";
import { assertAccurate, type Numbers } from "./lib/reference.ts";
import { forwardSubject, type Machines } from "./papillon.ts";

/** Their group in the tables. */
export const CHAIN_GROUP = "chains";

/** Points. */
const N = 1024;

/** The chains that are timed. */
export const CHAINS: readonly { readonly label: string; readonly patterns: readonly Pattern[] }[] = [
  { label: "radix-4 chain", patterns: radixPatterns(N, 4) },
  { label: "chain of radices 8, 8, 16", patterns: mixedRadixPatterns([8, 8, 16]) },
  { label: "chain of radices 16, 4, 16", patterns: mixedRadixPatterns([16, 4, 16]) },
  { label: "Monarch matrix", patterns: monarchPatterns(N, N) },
  { label: "block butterfly, blocks of 8", patterns: blockButterflyPatterns(N, 8) },
];

/** Weights of a chain for each one of the butterfly, which has 2n·log₂n. */
export function arithmetic(patterns: readonly Pattern[]): number {
  return patterns.reduce((sum, pattern) => sum + patternWeights(pattern), 0) / (2 * N * Math.log2(N));
}

/** The rows of all chains, and of the butterfly; one vector. */
export function chainSubjects(machines: Machines): Subject[] {
  return (["relaxed", "simd"] as const).flatMap((build) => {
    const machine = machines.get(build);
    if (machine === undefined) return [];
    const butterfly = butterflySample(N, "real", "Gaussian"), x = normal(N, 1);
    return [
      ...CHAINS.map(({ label, patterns }) => {
        const operator = Chain.random(patterns, { seed: 1 }), x = normal(operator.cols, 2);
        const want = chained(operator, x);
        const check = (who: string, y: Numbers): void => assertAccurate(who, y, want, N);
        return forwardSubject(`papillon ${label}, ${build}`, CHAIN_GROUP, {
          n: N,
          batch: 1,
          operator,
          x,
          check,
        }, machine);
      }),
      forwardSubject(`papillon butterfly, ${build}`, CHAIN_GROUP, {
        n: N,
        batch: 1,
        operator: butterfly.operator,
        x,
        check: (who, y) => assertAccurate(who, y, butterfly.reference(x), N),
      }, machine),
    ];
  });
}

/** A chain by definition, in float64. */
function chained({ patterns, factors }: Chain, x: Numbers): Float64Array {
  let values = Float64Array.from(x);
  patterns.forEach(({ a, b, c, d }, k) => {
    const next = new Float64Array(a * b * d), weights = factors[k];
    for (let i = 0, at = 0; i < a; i++) {
      for (let beta = 0; beta < b; beta++) {
        for (let gamma = 0; gamma < c; gamma++) {
          for (let delta = 0; delta < d; delta++) {
            next[(i * b + beta) * d + delta] += weights[at++] * values[(i * c + gamma) * d + delta];
          }
        }
      }
    }
    values = next;
  });
  return values;
}
