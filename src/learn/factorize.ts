/**
 * From a dense matrix to the factors of a chain, with a guarantee.
 *
 * @module
 */
import {
  checkChain,
  isChainable,
  patternColumns,
  patternRows,
  patternText,
  patternWeights,
  pieceRank,
  transposePattern,
} from "../operator/pattern.ts";
import type { Pattern } from "../program/step.ts";
import { type CheckedMatrix, checkMatrix, checkOrder, type DenseMatrix } from "./matrix.ts";
import { cutAt, fuseAll, splitTask } from "./split.ts";
import type { Field } from "./target.ts";
import { type RunOptions, runTask, type Task } from "./task.ts";

/** How {@link factorize} works. */
export interface FactorizeOptions extends RunOptions {
  /** The chain is that of the matrix whose row i is row `rowOrder[i]` of the given one. */
  readonly rowOrder?: ArrayLike<number>;
  /** The chain is that of the matrix whose column j is column `columnOrder[j]` of the given one. */
  readonly columnOrder?: ArrayLike<number>;
}

/** A matrix as a product of sparse factors, between permutations. */
export interface Factorization {
  /** Rows of the matrix. */
  readonly rows: number;
  /** Columns of the matrix. */
  readonly cols: number;
  /** The field of the factors. */
  readonly field: Field;
  /** The patterns in the order of application. */
  readonly patterns: readonly Pattern[];
  /** The weights of each factor, laid out [a][b][c][d], interleaved if complex. */
  readonly factors: readonly Float64Array[];
  /** Entry (i, j) of the product is entry (rowOrder[i], columnOrder[j]) of the matrix; the identity when absent. */
  readonly rowOrder?: Uint32Array;
  /** See {@link Factorization.rowOrder}. */
  readonly columnOrder?: Uint32Array;
  /** ‖M − product‖_F / ‖M‖_F; 0 for the zero matrix. */
  readonly error: number;
  /** No chain of these patterns (between these permutations) has a smaller relative error than this. */
  readonly bound: number;
  /** `error` is at most this times the smallest possible one, whatever the matrix: the number of cuts. */
  readonly constant: number;
}

/**
 * Factors a dense matrix as a chain of Kronecker-sparse factors, in closed form: exact, to rounding, when it is one; and
 * otherwise with an error of at most {@link Factorization.constant} times the smallest possible one. (In practice hardly
 * above: `error` and `bound` tell for the case at hand.)
 *
 * Time is of the order of the entries times the rank of the pieces; 1024×1024 with radix 2 takes some tenths of a
 * second.
 *
 * Source: Zheng, Riccietti, Gribonval, Efficient identification of butterfly sparse matrix factorizations, 2022; Le,
 * Zheng, Riccietti, Gribonval, Butterfly factorization with error guarantees, 2024 (orthonormalised neighbours).
 *
 * @param matrix any dense matrix, real or complex; `{ rows, cols, values, field }`.
 * @param patterns a chain in the order of application that is chainable, or the transpose of one that is (decreasing
 * strides).
 * @throws TypeError or RangeError (as a rejection) for a matrix with entries that are not finite or of another shape, a
 * chain that is not chainable, or a rank that the pieces cannot have; and the reason of the signal when cancelled.
 *
 * @example
 * ```ts
 * import { butterflyPatterns, factorize } from "@papillon/papillon";
 * // The Hadamard matrix of order 4.
 * const values = [1, 1, 1, 1, 1, -1, 1, -1, 1, 1, -1, -1, 1, -1, -1, 1];
 * const { factors, error } = await factorize({ rows: 4, cols: 4, values }, butterflyPatterns(4));
 * console.assert(factors.length === 2 && error < 1e-15);
 * ```
 */
export async function factorize(
  matrix: DenseMatrix,
  patterns: readonly Pattern[],
  options: FactorizeOptions = {},
): Promise<Factorization> {
  const result = await runTask(factorizeTask(matrix, patterns, options), options);
  if (!result) {
    throw options.signal?.reason ?? new Error("Stopped: the time for the factorization is used up");
  }
  return result;
}

/** The work of {@link factorize} as a task, for callers with their own scheduling; undefined when it was stopped. */
export function* factorizeTask(
  matrix: DenseMatrix,
  patterns: readonly Pattern[],
  options: Pick<FactorizeOptions, "rowOrder" | "columnOrder"> = {},
): Task<Factorization | undefined> {
  const what = "factorize a matrix";
  const checked = checkMatrix(what, matrix);
  const { rows, cols, field, norm } = checked;
  checkPatterns(what, rows, cols, patterns);
  checkOrder(what, "rowOrder", options.rowOrder, rows);
  checkOrder(what, "columnOrder", options.columnOrder, cols);
  const rowOrder = options.rowOrder && Uint32Array.from(options.rowOrder);
  const columnOrder = options.columnOrder && Uint32Array.from(options.columnOrder);
  // Worked at the norm of a unitary matrix, so that no square under- or overflows.
  const scale = norm > 0 ? Math.sqrt(Math.max(rows, cols)) / norm : 1;
  const transposed = !isChainable(patterns);
  const chain = transposed ? patterns.map(transposePattern).reverse() : patterns;
  const whole = fuseAll(chain);
  const support = onSupport(checked, whole, transposed, scale, rowOrder, columnOrder);
  const split = yield* splitTask(support.values, chain, field);
  if (split.stopped) return undefined;
  const each = (1 / scale) ** (1 / chain.length);
  const factors = split.factors.map((factor, i) => {
    for (let k = 0; k < factor.length; k++) factor[k] *= each;
    return transposed ? transposeWeights(factor, chain[i], field) : factor;
  });
  const relative = (square: number): number => norm > 0 ? Math.sqrt(Math.max(0, square)) / (norm * scale) : 0;
  return {
    rows,
    cols,
    field,
    patterns: [...patterns],
    factors: transposed ? factors.reverse() : factors,
    ...(rowOrder && { rowOrder }),
    ...(columnOrder && { columnOrder }),
    error: relative(split.squaredError + support.outside),
    // Beyond rounding the bound is never above the error.
    bound: Math.min(
      relative(split.bound ** 2 + support.outside),
      relative(split.squaredError + support.outside),
    ),
    constant: Math.max(1, chain.length - 1),
  };
}

/** Refuses chains that cannot be split. */
export function checkPatterns(what: string, rows: number, cols: number, patterns: readonly Pattern[]): void {
  checkChain("a factorization", patterns);
  const outputs = patternRows(patterns[patterns.length - 1]);
  const inputs = patternColumns(patterns[0]);
  if (outputs !== rows || inputs !== cols) {
    throw new RangeError(`Cannot ${what}: it is ${rows}×${cols}, and the chain ${outputs}×${inputs}`);
  }
  const flipped = patterns.map(transposePattern).reverse();
  if (!isChainable(patterns) && !isChainable(flipped)) {
    const at = patterns.findIndex((right, i) => i > 0 && pieceRank(right, patterns[i - 1]) === undefined);
    throw new RangeError(
      `Cannot ${what}: factors ${at} ${patternText(patterns[at - 1])} and ${at + 1} ${
        patternText(patterns[at])
      } are ` +
        "not chainable: their product does not fall into pieces",
    );
  }
  const chain = isChainable(patterns) ? patterns : flipped;
  for (let cut = 1; cut < chain.length; cut++) {
    const { left, right, rank } = cutAt(chain, cut);
    if (rank <= Math.min(left.b, right.c)) continue;
    throw new RangeError(
      `Cannot ${what}: between factors ${cut} and ${cut + 1} the rank is ${rank}, but the pieces are ` +
        `${left.b}×${right.c}; merge factors there or lower the rank`,
    );
  }
}

/** The entries on the support of the chain, [a][b][c][d], and the energy of those outside. */
function onSupport(
  { rows, cols, values, field }: CheckedMatrix,
  { a, b, c, d }: Pattern,
  transposed: boolean,
  scale: number,
  rowOrder?: Uint32Array,
  columnOrder?: Uint32Array,
): { values: Float64Array; outside: number } {
  const width = field === "complex" ? 2 : 1;
  const support = new Float64Array(a * b * c * d * width);
  let to = 0;
  let inside = 0;
  for (let block = 0; block < a; block++) {
    for (let beta = 0; beta < b; beta++) {
      for (let gamma = 0; gamma < c; gamma++) {
        for (let delta = 0; delta < d; delta++) {
          const output = (block * b + beta) * d + delta;
          const input = (block * c + gamma) * d + delta;
          const row = transposed ? input : output;
          const column = transposed ? output : input;
          const from =
            ((rowOrder ? rowOrder[row] : row) * cols + (columnOrder ? columnOrder[column] : column)) * width;
          for (let part = 0; part < width; part++, to++) {
            support[to] = values[from + part] * scale;
            inside += support[to] ** 2;
          }
        }
      }
    }
  }
  if (a * d === 1) return { values: support, outside: 0 };
  let all = 0;
  for (let i = 0; i < rows * cols * width; i++) all += (values[i] * scale) ** 2;
  const outside = all - inside;
  return { values: support, outside: outside > 1e-14 * all ? outside : 0 };
}

/** The weights of the transposed factor, without conjugation. */
function transposeWeights(weights: Float64Array, pattern: Pattern, field: Field): Float64Array {
  const { a, b, c, d } = pattern;
  const run = d * (field === "complex" ? 2 : 1);
  const result = new Float64Array(patternWeights(pattern) * (run / d));
  for (let block = 0; block < a; block++) {
    for (let beta = 0; beta < b; beta++) {
      for (let gamma = 0; gamma < c; gamma++) {
        const from = ((block * b + beta) * c + gamma) * run;
        result.set(weights.subarray(from, from + run), ((block * c + gamma) * b + beta) * run);
      }
    }
  }
  return result;
}
