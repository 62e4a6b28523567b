/**
 * The gauge of a chain: between two factors a diagonal and its inverse can be put without changing the
 * product.
 *
 * Fitting does not care, but float32 and a reader do: {@link balance} picks the one choice in which, at
 * every point between two factors, all that lies to the left and all that lies to the right have the same
 * norm.
 *
 * @module
 */
import { type Field, log2 } from "./target.ts";

/**
 * Rescales the canonical weights of a chain, in place, to factors of comparable norms with the same product
 * times `scale`. (For a multiple of a unitary chain: all factors multiples of unitary ones, by the same
 * number.)
 *
 * Points through which nothing passes are set to zero on both sides.
 */
export function balance(weights: Float64Array, n: number, field: Field, scale = 1): void {
  const width = field === "complex" ? 2 : 1;
  const depth = log2(n);
  const size = 2 * n * width;
  // Squared norms of the rows of F_j ⋯ F_1 and of the columns of F_m ⋯ F_{j+1}. The supports of the terms
  // of a row are disjoint, so their squared norms add.
  const rows = [new Float64Array(n).fill(1)];
  for (let level = 0; level < depth; level++) {
    const next = new Float64Array(n);
    eachWeight(n, level, (weight, row, column) => {
      next[row] += square(weights, level * size + weight * width, width) * rows[level][column];
    });
    rows.push(next);
  }
  let total = 0;
  for (let k = 0; k < n; k++) total += rows[depth][k];
  if (total === 0) {
    weights.fill(0);
    return;
  }
  const norm = Math.sqrt(total / n);
  const each = (norm * scale) ** (1 / depth);
  // gauge[k] multiplies row k of the factor below and divides column k of the factor above; none at the ends.
  let columns: Float64Array = new Float64Array(n).fill(1);
  let above: Float64Array = new Float64Array(n).fill(1);
  for (let level = depth - 1; level >= 0; level--) {
    const next = new Float64Array(n);
    eachWeight(n, level, (weight, row, column) => {
      next[column] += square(weights, level * size + weight * width, width) * columns[row];
    });
    columns = next;
    const below = new Float64Array(n);
    for (let k = 0; k < n; k++) {
      const both = rows[level][k] > 0 && columns[k] > 0;
      // ‖left‖/norm = ‖right‖ in the balanced gauge: the norm of the whole is spread over the factors
      // afterwards.
      below[k] = level === 0 ? 1 : both ? (columns[k] / rows[level][k]) ** 0.25 / Math.sqrt(norm) : 0;
    }
    eachWeight(n, level, (weight, row, column) => {
      const gauge = below[column] > 0
        ? (above[row] / below[column]) * (each / (level === depth - 1 ? norm : 1))
        : 0;
      const at = level * size + weight * width;
      for (let part = 0; part < width; part++) weights[at + part] *= gauge;
    });
    above = below;
  }
}

function square(weights: Float64Array, at: number, width: number): number {
  return width === 1 ? weights[at] ** 2 : weights[at] ** 2 + weights[at + 1] ** 2;
}

/** Calls back for each weight of the factor of stride 2^level, with its row and its column. */
function eachWeight(
  n: number,
  level: number,
  visit: (weight: number, row: number, column: number) => void,
): void {
  const s = 2 ** level;
  for (let weight = 0; weight < 2 * n; weight++) {
    const delta = weight & (s - 1);
    const gamma = (weight >> level) & 1;
    const beta = (weight >> (level + 1)) & 1;
    const pair = (weight >> (level + 2)) * 2 * s;
    visit(weight, pair + beta * s + delta, pair + gamma * s + delta);
  }
}
