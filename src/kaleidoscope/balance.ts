/**
 * Balancing permutations: the 2-colouring behind Beneš networks (Kaleidoscope, lemmas G.1 to G.3).
 *
 * A vector of n different numbers is half-balanced when in each half every residue modulo n/2 occurs once. The graph
 * that joins the residues of v[i] and v[i + n/2] has two edges at each node, so it is a union of cycles: walk along
 * each and turn every edge into the direction of the walk.
 *
 * @module
 */

import { checkPowerOfTwo } from "../operator/check.ts";
import { checkPermutation } from "../operator/permutation.ts";

/** What {@link halfBalance} gives. */
export interface HalfBalance {
  /** Which positions change places, i with i + n/2: balanced[i] = v[swap[i]]. */
  swap: Uint32Array<ArrayBuffer>;
  /** The vector with one of each residue modulo n/2 in each half. */
  balanced: Uint32Array<ArrayBuffer>;
}

/** What {@link modularBalance} gives. */
export interface ModularBalance {
  /** For chunks of n, n/2, … 2 entries, which positions change places; to be applied one after another. */
  swaps: Uint32Array<ArrayBuffer>[];
  /** The vector in which for each j = 2, 4, … n every chunk of j entries has j different residues modulo j. */
  balanced: Uint32Array<ArrayBuffer>;
}

/**
 * Makes a permutation half-balanced by swapping entries i and i + n/2, in O(n).
 *
 * Many choices would do; this one walks each cycle from its highest residue, along an edge that needs no swap if there
 * is one and the higher position if there are two, like the papers' code, so that results agree with theirs.
 *
 * @param v a permutation of an even number of entries
 * @throws {RangeError} when it is none
 */
export function halfBalance(v: ArrayLike<number>): HalfBalance {
  checkPermutation("a half-balanced permutation", v);
  if (v.length % 2 !== 0) {
    throw new RangeError(
      `Cannot make a half-balanced permutation: expected an even number of entries, got ${v.length}`,
    );
  }
  const balanced = Uint32Array.from(v), swap = Uint32Array.from({ length: v.length }, (_, i) => i);
  const half = v.length / 2;
  halfBalanceInPlace(balanced, half, (i) => {
    swap[i] = i + half;
    swap[i + half] = i;
  });
  return { swap, balanced };
}

/**
 * Makes a permutation modular-balanced: half-balances it, then its halves, their halves …; what results is a
 * butterfly of swaps. O(n log n).
 *
 * @param v a permutation of a power of two of entries
 * @throws {RangeError} when it is none
 */
export function modularBalance(v: ArrayLike<number>): ModularBalance {
  checkPermutation("a modular-balanced permutation", v);
  checkPowerOfTwo("a modular-balanced permutation", "its length", v.length, 2 ** 30);
  const balanced = Uint32Array.from(v), swaps: Uint32Array<ArrayBuffer>[] = [];
  for (let half = v.length / 2; half >= 1; half /= 2) {
    const swap = Uint32Array.from({ length: v.length }, (_, i) => i);
    halfBalanceInPlace(balanced, half, (i) => {
      const low = i + Math.floor(i / half) * half;
      swap[low] = low + half;
      swap[low + half] = low;
    });
    swaps.push(swap);
  }
  return { swaps, balanced };
}

/**
 * Half-balances each chunk of 2·`half` entries of `v`, in which each residue modulo `half` must occur twice. Calls
 * `onSwap` with the number of each pair it swaps, counted through the chunks: pair i joins the entries
 * 2·half·⌊i/half⌋ + i mod half and that plus `half`.
 */
export function halfBalanceInPlace(v: Uint32Array, half: number, onSwap: (pair: number) => void): void {
  // The two positions in the chunk where each residue stands; low < high.
  const low = new Int32Array(half), high = new Int32Array(half);
  const used = new Uint8Array(half);
  for (let base = 0; base < v.length; base += 2 * half) {
    low.fill(-1);
    used.fill(0);
    for (let k = 0; k < 2 * half; k++) {
      const residue = v[base + k] % half;
      if (low[residue] < 0) low[residue] = k;
      else high[residue] = k;
    }
    for (let start = half - 1; start >= 0; start--) {
      // Positions k and k ± half are the two ends of the edge k mod half; a walk uses each edge once.
      let node = start;
      for (;;) {
        const k = leave(low[node], high[node], half, used);
        if (k < 0) break;
        const edge = k % half;
        used[edge] = 1;
        const other = k < half ? k + half : k - half;
        node = v[base + other] % half;
        if (k < half) continue;
        // The walk enters the edge in the second half: swap its ends, so that it leads from the first to the second.
        const kept = v[base + k];
        v[base + k] = v[base + other];
        v[base + other] = kept;
        onSwap(base / 2 + edge);
      }
    }
  }
}

/** The position by which a walk leaves a node: one in the first half if there is one, the higher if there are two. */
function leave(low: number, high: number, half: number, used: Uint8Array): number {
  const lowFree = used[low % half] === 0, highFree = used[high % half] === 0;
  if (highFree && (high < half || !(lowFree && low < half))) return high;
  return lowFree ? low : -1;
}
