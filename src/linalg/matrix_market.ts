/**
 * Matrices in the text format of the Matrix Market (Boisvert, Pozo, Remington 1996), coordinate and array.
 *
 * @module
 */
import type { LinearOperator } from "./operator.ts";
import { dense } from "./operators/dense.ts";
import { fromTriplets, type SparseOperator, type Triplet } from "./operators/sparse.ts";
import type { Scalar } from "./scalar.ts";
import type { Vector } from "./types.ts";

/** The most entries that a file may say it has; what it says is checked against its lines all the same. */
const MOST = 2 ** 27;

function bad(line: number, what: string): RangeError {
  return new RangeError(`Cannot read a Matrix Market file: line ${line}: ${what}`);
}

/** A finite number, as files write it. */
function numberOf(word: string | undefined, line: number): number {
  const value = word === undefined || word === "" ? NaN : Number(word.replace(/[dD]/, "e"));
  if (!Number.isFinite(value)) throw bad(line, `expected a finite number, got ${JSON.stringify(word ?? "")}`);
  return value;
}

function sizeOf(word: string | undefined, line: number, most = 2 ** 31): number {
  const value = Number(word);
  if (word === undefined || !/^\d+$/.test(word) || value > most) {
    throw bad(line, `expected a whole number up to ${most}, got ${JSON.stringify(word ?? "")}`);
  }
  return value;
}

/**
 * Reads a Matrix Market file: a sparse operator from "coordinate", a dense one from "array"; real, integer, complex or
 * pattern entries; general, symmetric, skew-symmetric or Hermitian. Self-adjoint ones are annotated.
 *
 * @throws {RangeError} naming the line that is wrong
 *
 * @example
 * ```ts
 * import { parseMatrixMarket } from "@papillon/papillon/linalg";
 * const text = "%%MatrixMarket matrix coordinate real symmetric\n2 2 2\n1 1 4\n2 1 -1\n";
 * console.assert(parseMatrixMarket(text).toDense().values.join() === "4,-1,-1,0");
 * ```
 */
export function parseMatrixMarket(text: string): LinearOperator {
  if (typeof text !== "string") throw new TypeError("Cannot read a Matrix Market file: expected its text");
  const lines = text.split(/\r\n|\r|\n/);
  const words = lines[0].trim().toLowerCase().split(/\s+/), [banner, object, format, kind, symmetry] = words;
  if (banner !== "%%matrixmarket" || object !== "matrix") {
    throw bad(1, 'expected "%%MatrixMarket matrix …"');
  }
  const known = (word: string | undefined, list: readonly string[]): void => {
    if (word === undefined || !list.includes(word)) {
      throw bad(1, `expected one of ${list.join(", ")}, got ${word ?? "nothing"}`);
    }
  };
  known(format, ["coordinate", "array"]);
  known(kind, ["real", "integer", "complex", "pattern"]);
  known(symmetry, ["general", "symmetric", "skew-symmetric", "hermitian"]);
  if (kind === "pattern" && format === "array") throw bad(1, "an array has no pattern");
  const rest: { line: number; words: string[] }[] = [];
  for (let i = 1; i < lines.length; i++) {
    const content = lines[i].trim();
    if (content !== "" && !content.startsWith("%")) rest.push({ line: i + 1, words: content.split(/\s+/) });
  }
  if (rest.length === 0) throw bad(lines.length, "the line of sizes is missing");
  const sizes = rest[0], rows = sizeOf(sizes.words[0], sizes.line), cols = sizeOf(sizes.words[1], sizes.line);
  if (rows < 1 || cols < 1) throw bad(sizes.line, `a matrix of ${rows}×${cols} has no entries`);
  if (symmetry !== "general" && rows !== cols) {
    throw bad(sizes.line, `a ${symmetry} matrix of ${rows}×${cols} is not square`);
  }
  const value = (from: readonly string[], at: number, line: number): Scalar => {
    if (kind === "pattern") return 1;
    const re = numberOf(from[at], line);
    return kind === "complex" ? [re, numberOf(from[at + 1], line)] : re;
  };
  const triplets: Triplet[] = [], complex = kind === "complex";
  const add = (i: number, j: number, entry: Scalar, line: number): void => {
    triplets.push([i, j, entry]);
    if (symmetry === "general") return;
    if (i < j) throw bad(line, `entry (${i + 1}, ${j + 1}) lies above the diagonal of a ${symmetry} matrix`);
    const [re, im] = typeof entry === "number" ? [entry, 0] : entry;
    if (i === j) {
      if (symmetry === "skew-symmetric" && (re !== 0 || im !== 0)) {
        throw bad(line, "the diagonal of a skew-symmetric matrix is 0");
      }
      if (symmetry === "hermitian" && im !== 0) throw bad(line, "the diagonal of a Hermitian matrix is real");
      return;
    }
    const mirrored = symmetry === "skew-symmetric"
      ? [-re, -im] as const
      : [re, symmetry === "hermitian" ? -im : im] as const;
    triplets.push([j, i, complex ? mirrored : mirrored[0]]);
  };
  if (format === "coordinate") {
    const count = sizeOf(sizes.words[2], sizes.line, MOST);
    if (rest.length - 1 !== count) {
      throw bad(sizes.line, `${count} entries are said to follow, but there are ${rest.length - 1}`);
    }
    for (const { line, words: own } of rest.slice(1)) {
      const i = sizeOf(own[0], line, rows), j = sizeOf(own[1], line, cols);
      if (i < 1 || j < 1) throw bad(line, "rows and columns are counted from 1");
      add(i - 1, j - 1, value(own, 2, line), line);
    }
    return annotated(fromTriplets(rows, cols, triplets, complex ? "complex" : "real"), symmetry, complex);
  }
  const first = (j: number): number => symmetry === "general" ? 0 : symmetry === "skew-symmetric" ? j + 1 : j;
  let at = 1;
  for (let j = 0; j < cols; j++) {
    for (let i = first(j); i < rows; i++, at++) {
      if (at >= rest.length) throw bad(lines.length, `the file ends before entry (${i + 1}, ${j + 1})`);
      add(i, j, value(rest[at].words, 0, rest[at].line), rest[at].line);
    }
  }
  if (at < rest.length) throw bad(rest[at].line, "there are more entries than the matrix has");
  const made = fromTriplets(rows, cols, triplets, complex ? "complex" : "real");
  return annotated(dense(made.toDense()), symmetry, complex);
}

/** What the header says of a matrix. */
function annotated(A: LinearOperator, symmetry: string, complex: boolean): LinearOperator {
  const self = symmetry === "hermitian" || (symmetry === "symmetric" && !complex);
  return self ? A.annotate("SelfAdjoint") : A;
}

/**
 * Writes a sparse operator as "coordinate", any other as "array" of its dense matrix; all entries, as "general".
 *
 * @throws {RangeError} when the matrix is too large to be written
 */
export function writeMatrixMarket(A: LinearOperator): string {
  const kind = A.field === "complex" ? "complex" : "real", lines: string[] = [];
  const text = (values: Vector, at: number): string =>
    A.field === "real" ? String(values[at]) : `${values[2 * at]} ${values[2 * at + 1]}`;
  if (A.kind === "Sparse") {
    const { starts, columns, values, rows } = A as SparseOperator;
    lines.push(`%%MatrixMarket matrix coordinate ${kind} general`, `${A.rows} ${A.cols} ${columns.length}`);
    for (let i = 0; i < rows; i++) {
      for (let e = starts[i]; e < starts[i + 1]; e++) {
        lines.push(`${i + 1} ${columns[e] + 1} ${text(values, e)}`);
      }
    }
  } else {
    const { values } = A.toDense();
    lines.push(`%%MatrixMarket matrix array ${kind} general`, `${A.rows} ${A.cols}`);
    for (let j = 0; j < A.cols; j++) {
      for (let i = 0; i < A.rows; i++) lines.push(text(values, i * A.cols + j));
    }
  }
  return `${lines.join("\n")}\n`;
}
