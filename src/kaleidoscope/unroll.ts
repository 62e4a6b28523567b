/**
 * From an operator to the list of butterfly factors that it is, if it is one.
 *
 * @module
 */

import { BlockDiagonal } from "../operator/block_diagonal.ts";
import { LARGEST } from "../operator/check.ts";
import { Corner } from "../operator/corner.ts";
import { Diagonal } from "../operator/diagonal.ts";
import { Kronecker } from "../operator/kronecker.ts";
import type { Operator } from "../operator/operator.ts";
import { Permutation } from "../operator/permutation.ts";
import { Product, product } from "../operator/product.ts";
import { Sum, sum } from "../operator/sum.ts";
import { asComplex, type Program, ProgramBuilder } from "../program/program.ts";
import { type FactorStep, type Field, floats, type Step } from "../program/step.ts";
import { arrange, placed, type Sheet } from "./arrange.ts";
import { addButterflies, blockDiagonalButterflies, kroneckerButterflies } from "./closure.ts";
import { conjugatePairs } from "./conjugate_pairs.ts";
import { Convolution } from "./convolution.ts";
import { Repeated } from "./transforms/axes.ts";
import { type Unrolled, Walk } from "./walk.ts";

export type { Unrolled } from "./walk.ts";

/** A part of a chain: steps after each other, or a change of size. */
type Link = { readonly program: Program; readonly field: Field } | { readonly size: number };

/** Factors of more rows or columns of each block are not taken apart. */
const WIDEST = 64;
/** Real convolutions of more points would be too large for complex numbers. */
const LARGEST_REAL = 2 ** 19;

/**
 * The sheets of an operator; undefined where it is no chain of butterfly factors, diagonals, permutations, paddings and
 * cuts, nor a sum, a block diagonal or a Kronecker product of such.
 *
 * @param least how many points there are at least
 */
export function unroll(operator: Operator, least = 1): Unrolled | undefined {
  const links = linksOf(operator);
  if (links === undefined) return undefined;
  let most = Math.max(least, operator.cols);
  for (const link of links) {
    if ("size" in link) most = Math.max(most, link.size);
    else most = Math.max(most, ...link.program.widths.map((width) => width / floats(link.field)));
  }
  let n = 1;
  while (n < most) n *= 2;
  const complex = links.some((link) =>
    "program" in link && (link.field === "complex" || link.program.steps.some(isComplex))
  );
  const state = new Walk(n, operator.cols, complex ? "complex" : operator.field);
  for (const link of links) {
    if ("size" in link) state.resize(link.size);
    else {
      for (const step of link.program.steps) {
        if (!state.add(step, link.field)) return undefined;
      }
    }
  }
  return state.finish();
}

/** In how few blocks sheets fit, in this order of strides; 0 for a diagonal. */
export function blocksOf(sheets: readonly Sheet[], increasing: boolean): number {
  const strides = sheets.filter((sheet) => sheet.stride !== undefined).map((sheet) => sheet.stride);
  return strides.length === 0 ? 0 : placed(strides, increasing)[strides.length - 1] + 1;
}

/** The links of an operator in the order of application. */
function linksOf(operator: Operator): Link[] | undefined {
  if (operator instanceof Product) {
    const parts = operator.operators.map(linksOf).reverse();
    return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
  }
  if (operator instanceof Corner) {
    const inner = linksOf(operator.of);
    return inner && [{ size: operator.of.cols }, ...inner, { size: operator.rows }];
  }
  if (operator instanceof BlockDiagonal) {
    const { rows, cols } = operator.operators[0];
    const even = rows === cols && (rows & (rows - 1)) === 0 &&
      operator.operators.every((part) => part.rows === rows && part.cols === rows);
    const parts = even ? wholes(operator.operators) : undefined;
    // A part of expansion would need the points of the next one.
    if (parts === undefined || parts[0].n !== rows) return undefined;
    return linksOf(blockDiagonalButterflies(...parts));
  }
  if (operator instanceof Sum) {
    const parts = wholes(operator.operators);
    if (parts === undefined) return undefined;
    const inner = linksOf(addButterflies(...parts));
    return inner && [{ size: parts[0].n }, ...inner, { size: operator.rows }];
  }
  if (operator instanceof Kronecker) {
    const parts = [operator.left, operator.right].map((part) => unroll(part, 2));
    const [left, right] = parts;
    if (left?.n === operator.left.rows && right?.n === operator.right.rows) {
      const up = [left, right].every(({ sheets }) => blocksOf(sheets, true) <= 1);
      const both = [left, right].map(({ n, sheets, field }) => arrange(n, sheets, field, up));
      return linksOf(kroneckerButterflies(both[0], both[1]));
    }
  }
  if (operator instanceof Repeated && operator.program.steps.some(({ kind }) => kind === "concat")) {
    return repeatedLinks(operator);
  }
  if (operator instanceof Convolution && operator.field === "real" && operator.cols <= LARGEST_REAL) {
    // The same matrix, by complex transforms: those of the real program take neighbours for complex numbers.
    const kernel = asComplex(operator.kernel), { size, inputs, outputs } = operator;
    return linksOf(new Convolution(kernel, { size, inputs, outputs, field: "complex" }));
  }
  const { program, field } = operator;
  const chain = program.output === program.steps.length &&
    program.steps.every((step, i) => "from" in step && step.from === i);
  if (!chain) return undefined;
  return programLinks(program, field);
}

/** The links of a chain of steps; factors of larger blocks are taken apart. */
function programLinks(program: Program, field: Field): Link[] | undefined {
  const at = program.steps.findIndex((step) => isWide(step, field));
  if (at < 0) return [{ program, field }];
  const before: Link = { program: part(program, 0, at), field },
    inner = wideLinks(program.steps[at] as FactorStep, field);
  const rest = inner && programLinks(part(program, at + 1, program.steps.length), field);
  return inner && rest && [before, ...inner, ...rest];
}

/** Whether a step is a factor of blocks of more than 2×2, such as that between the channels of a convolution. */
function isWide(step: Step, field: Field): step is FactorStep {
  if (step.kind !== "factor" || step.field !== field) return false;
  const { b, c } = step.pattern, most = Math.max(b, c);
  return most > 1 && !(b === 2 && c === 2) && most <= WIDEST;
}

/**
 * A factor (1, b, c, d): with e the power of two not below b and c, it is the sum of e terms, in number k of which
 * output β comes from input β xor k: a permutation by channels, and a diagonal. That takes expansion, which blocks of
 * 4×4 that are complex ones of 2×2 do without.
 */
function wideLinks(step: FactorStep, field: Field): Link[] | undefined {
  const { pattern: { a, b, c, d }, weights } = step, unit = floats(field);
  const pairs = field === "real" ? conjugatePairs(step) : undefined;
  if (pairs !== undefined) return linksOf(pairs);
  let e = 2;
  while (e < Math.max(b, c)) e *= 2;
  // The points of the sum, d rounded up to a power of two.
  if (a !== 1 || e * e * 2 ** Math.ceil(Math.log2(d)) > LARGEST) return undefined;
  const terms = Array.from({ length: e }, (_, k) => {
    const index = Uint32Array.from({ length: e * d }, (_, i) => (Math.floor(i / d) ^ k) * d + i % d);
    const values = new Float32Array(e * d * unit);
    for (let beta = 0; beta < b; beta++) {
      const gamma = beta ^ k, from = (beta * c + gamma) * d * unit;
      if (gamma < c) values.set(weights.subarray(from, from + d * unit), beta * d * unit);
    }
    return product(new Diagonal(values, field), new Permutation(index, field));
  });
  const inner = linksOf(sum(...terms));
  return inner && [{ size: e * d }, ...inner, { size: b * d }];
}

/** Some of the steps of a chain. */
function part(program: Program, first: number, end: number): Program {
  const builder = new ProgramBuilder(program.widths[first]);
  const output = program.steps.slice(first, end).reduce((from, step) => {
    return builder.step({ ...step, from } as Step);
  }, 0);
  return builder.build(output);
}

/** Each of several vectors on a power of two of points, a butterfly on each, and back. */
function repeatedLinks({ of, count }: Repeated): Link[] | undefined {
  const [whole] = wholes([of]) ?? [];
  if (whole === undefined) return undefined;
  const { n, field } = whole;
  const there = spread(of.cols, n, count), back = spread(of.rows, n, count).adjoint();
  return [
    { size: n * count },
    { program: there.program, field: "real" },
    { program: new Repeated(whole, count).program, field },
    { program: back.program, field: "real" },
    { size: of.rows * count },
  ];
}

/** The permutation that brings `count` vectors of `size` numbers onto `n` points each; zeros fill the rest. */
function spread(size: number, n: number, count: number): Permutation {
  let rest = size * count;
  return new Permutation(Uint32Array.from({ length: n * count }, (_, i) => {
    return i % n < size ? Math.floor(i / n) * size + i % n : rest++;
  }));
}

/** Square butterflies on the same points, of which operators are corners. */
function wholes(operators: readonly Operator[]): ReturnType<typeof arrange>[] | undefined {
  const first = operators.map((part) => unroll(part, 2));
  const n = Math.max(...first.map((part) => part?.n ?? 0));
  const parts = operators.map((part, i) => first[i]?.n === n ? first[i] : unroll(part, n));
  const result: ReturnType<typeof arrange>[] = [];
  for (const part of parts) {
    if (part === undefined) return undefined;
    result.push(arrange(n, part.sheets, part.field, false));
  }
  return result;
}

/** Whether a step works on complex numbers. */
function isComplex(step: Step): boolean {
  return (step.kind === "factor" || step.kind === "diagonal" || step.kind === "dense") &&
    step.field === "complex";
}
