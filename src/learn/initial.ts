/**
 * Random weights to start from.
 *
 * @module
 */
import type { Random } from "../program/random.ts";
import type { Field } from "./target.ts";
import { weightCount } from "./chain64.ts";

/**
 * Canonical weights of a random orthogonal (unitary) chain: every 2×2 block a uniform rotation, or
 * Haar-random in U(2). Such a start keeps norms through any depth, so that no slope vanishes or explodes.
 */
export function orthogonalWeights(n: number, field: Field, random: Random): Float64Array {
  const width = field === "complex" ? 2 : 1;
  const weights = new Float64Array(weightCount(n, field));
  const put = (index: number, modulus: number, angle: number): void => {
    weights[index * width] = modulus * Math.cos(angle);
    if (width === 2) weights[index * width + 1] = modulus * Math.sin(angle);
  };
  const turn = (): number => 2 * Math.PI * random.uniform();
  for (let s = 1, base = 0; s < n; s *= 2, base += 2 * n) {
    for (let block = base; block < base + 2 * n; block += 4 * s) {
      for (let first = block; first < block + s; first++) {
        const phi = field === "complex" ? Math.asin(Math.sqrt(random.uniform())) : turn();
        const [alpha, psi, chi] = field === "complex" ? [turn(), turn(), turn()] : [0, 0, 0];
        put(first, Math.cos(phi), alpha + psi);
        put(first + s, Math.sin(phi), alpha + chi);
        put(first + 2 * s, -Math.sin(phi), alpha - chi);
        put(first + 3 * s, Math.cos(phi), alpha - psi);
      }
    }
  }
  return weights;
}
