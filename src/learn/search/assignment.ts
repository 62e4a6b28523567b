/**
 * Starts of kaleidoscope matrices from the largest entries of the target, one in each row and column: a permutation times a
 * diagonal is BB*, exactly. From there descent ends lower than from random starts where entries are few.
 *
 * @module
 */
import { permutationSwaps } from "../../kaleidoscope/permutation.ts";
import type { Random } from "../../program/random.ts";
import type { TrialTarget } from "./trial.ts";

/** How far from zero the weights begin that a permutation has no use for: at zero their slopes would vanish. */
const NOISE = 0.05;

/**
 * The columns that rows take so that the sum of what they take is largest, by shortest augmenting paths (Jonker and Volgenant
 * 1987), in n³ steps at most.
 *
 * @param gains row-major
 */
export function largestAssignment(gains: Float64Array, n: number): Uint32Array {
  // As is usual, rows and columns count from 1, and column 0 stands for the row that is looked after.
  const rows = new Float64Array(n + 1), columns = new Float64Array(n + 1);
  const owner = new Int32Array(n + 1), way = new Int32Array(n + 1);
  for (let row = 1; row <= n; row++) {
    const least = new Float64Array(n + 1).fill(Infinity), done = new Uint8Array(n + 1);
    let column = 0;
    owner[0] = row;
    do {
      done[column] = 1;
      const from = owner[column];
      let step = Infinity, next = 0;
      for (let j = 1; j <= n; j++) {
        if (done[j]) continue;
        const cost = -gains[(from - 1) * n + j - 1] - rows[from] - columns[j];
        if (cost < least[j]) {
          least[j] = cost;
          way[j] = column;
        }
        if (least[j] < step) {
          step = least[j];
          next = j;
        }
      }
      for (let j = 0; j <= n; j++) {
        if (done[j]) {
          rows[owner[j]] += step;
          columns[j] -= step;
        } else least[j] -= step;
      }
      column = next;
    } while (owner[column] !== 0);
    for (; column !== 0; column = way[column]) owner[column] = owner[way[column]];
  }
  const index = new Uint32Array(n);
  for (let j = 1; j <= n; j++) index[owner[j] - 1] = j - 1;
  return index;
}

/**
 * Canonical weights of both butterflies of a start: the Beneš network of the assignment, the entries in the factor that is
 * applied last, and noise.
 *
 * @param increasing whether the butterfly that is applied first has strides 1, 2 … n/2, as in B*B
 * @returns the butterfly applied first, then the other
 */
export function assignmentStart(
  { n, field, matrix }: TrialTarget,
  increasing: boolean,
  random: Random,
): [Float64Array, Float64Array] {
  const unit = matrix.length / (n * n), width = field === "complex" ? 2 : 1;
  const gains = Float64Array.from(
    { length: n * n },
    (_, i) => matrix[unit * i] ** 2 + (unit === 2 ? matrix[2 * i + 1] ** 2 : 0),
  );
  const index = largestAssignment(gains, n), swaps = permutationSwaps(index, { increasing });
  const levels = Math.log2(n), half = n / 2;
  const weights = [0, 1].map((butterfly) => {
    const up = increasing === (butterfly === 0);
    const own = Float64Array.from({ length: 2 * n * levels * width }, () => NOISE * random.normal());
    for (let factor = 0; factor < levels; factor++) {
      const power = up ? factor : levels - 1 - factor, s = 2 ** power, last = butterfly + factor === levels;
      let pair = (butterfly * levels + factor) * half;
      for (let base = 0; base < 2 * n; base += 4 * s) {
        for (let d = 0; d < s; d++) {
          const swap = swaps[pair++];
          for (const [row, column] of [[0, swap], [1, 1 - swap]]) {
            const at = (2 * n * power + base + (2 * row + column) * s + d) * width;
            const entry = base / 2 + row * s + d, from = unit * (entry * n + index[entry]);
            own[at] += last ? matrix[from] : 1;
            if (last && width === 2 && unit === 2) own[at + 1] += matrix[from + 1];
          }
        }
      }
    }
    return own;
  });
  return [weights[0], weights[1]];
}
