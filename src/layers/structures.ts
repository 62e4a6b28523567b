/**
 * The structures that a linear layer may have, with their first weights.
 *
 * @module
 */

import { Butterfly } from "../operator/butterfly.ts";
import { checkSize, LARGEST } from "../operator/check.ts";
import { monarchPatterns } from "../operator/pattern.ts";
import { bitReversal } from "../operator/permutation.ts";
import { type Program, ProgramBuilder } from "../program/program.ts";
import { Random } from "../program/random.ts";
import { circulantProgram, orthogonalColumn, stacked, wireCirculants } from "./circulant.ts";
import { normals, orthogonalFactor, shareGain } from "./initial.ts";
import { parameter } from "./layer.ts";
import { wire, type Wiring } from "./map.ts";

/**
 * What a matrix is made of: all its entries; two thin matrices; the column of a circulant matrix; butterflies with
 * increasing strides; two butterflies, each behind a bit reversal (BPBP of the papers); BB*, a butterfly with decreasing
 * strides and one with increasing ones; two block-diagonal matrices with a transposition in between.
 */
export type LinearStructure =
  | "dense"
  | "low rank"
  | "circulant"
  | "butterfly"
  | "bpbp"
  | "kaleidoscope"
  | "monarch";

/** All of them. */
export const LINEAR_STRUCTURES: readonly LinearStructure[] = [
  "dense",
  "low rank",
  "circulant",
  "butterfly",
  "bpbp",
  "kaleidoscope",
  "monarch",
];

/** The sizes of a structure. */
export interface StructureOptions {
  /** "dense" when absent. */
  readonly structure?: LinearStructure;
  /** Of "low rank": the rank; 1. */
  readonly rank?: number;
  /** Of "butterfly" and "kaleidoscope": how many follow each other, with alternating strides (1), or pairs BB* (1). */
  readonly blocks?: number;
  /** Of "kaleidoscope": on how many times the points it works, a power of two; 1. */
  readonly expansion?: number;
  /** Of "monarch": outputs of the left factor; see {@link monarchPatterns}. */
  readonly p?: number;
  /** Of "monarch": blocks of the right factor. */
  readonly q?: number;
  /** What the deviation is multiplied with: 1, or √2 in front of a ReLU. */
  readonly gain?: number;
  /** The same seed gives the same weights. 0 when absent. */
  readonly seed?: number;
}

/**
 * A matrix of a structure with random weights: entries of the result have `gain` times the deviation of those of the
 * input. Structures on powers of two pad the input with zeros, put as many matrices on top of each other as there must be,
 * and cut the result, as the papers' code does; an array of weights is one parameter, and weight decay is for dense ones.
 *
 * @throws {RangeError} when a size or an option does not fit
 */
export function wireStructure(inputs: number, outputs: number, options: StructureOptions = {}): Wiring {
  const { structure = "dense", gain = 1, seed = 0 } = options, what = "a linear layer";
  checkSize(what, "inputs", inputs, LARGEST);
  checkSize(what, "outputs", outputs, LARGEST);
  if (!(gain > 0 && gain < Infinity)) {
    throw new RangeError(`Cannot make ${what}: gain must be a positive finite number, got ${gain}`);
  }
  const random = new Random(seed), builder = new ProgramBuilder(inputs);
  let n = 2;
  while (n < inputs) n *= 2;
  const stacks = Math.ceil(outputs / n);
  const stack = (make: () => Program): Program =>
    stacked(inputs, outputs, Array.from({ length: stacks }, make));
  switch (structure) {
    case "dense": {
      const weights = normals(inputs * outputs, gain / Math.sqrt(inputs), random);
      return wire(builder.build(builder.dense(0, outputs, inputs, "real", weights)), { decay: true });
    }
    case "low rank": {
      const { rank = 1 } = options;
      checkSize(what, "rank", rank, Math.max(inputs, outputs));
      const thin = builder.dense(
        0,
        rank,
        inputs,
        "real",
        normals(rank * inputs, 1 / Math.sqrt(inputs), random),
      );
      const tall = normals(outputs * rank, gain / Math.sqrt(rank), random);
      return wire(builder.build(builder.dense(thin, outputs, rank, "real", tall)));
    }
    case "circulant": {
      const columns = Array.from(
        { length: stacks },
        (_, i) => parameter(`column ${i}`, orthogonalColumn(n, gain * Math.sqrt(n / inputs), random)),
      );
      return wireCirculants(
        stacked(inputs, outputs, columns.map(({ value }) => circulantProgram(value))),
        columns,
      );
    }
    case "butterfly": {
      const { blocks = 1 } = options;
      checkSize(what, "blocks", blocks, 64);
      return wire(stack(() => butterflies(n, blocks, true, gain * Math.sqrt(n / inputs), random)));
    }
    case "kaleidoscope": {
      const { blocks = 1, expansion = 1 } = options;
      checkSize(what, "blocks", blocks, 64);
      checkSize(what, "expansion", expansion, 64);
      if (Math.log2(expansion) % 1 !== 0) {
        throw new RangeError(`Cannot make ${what}: expansion must be a power of two, got ${expansion}`);
      }
      // The points are those of whichever side has more, so that one matrix is enough.
      while (n < outputs) n *= 2;
      const points = n * expansion, scale = gain * Math.sqrt(points / inputs);
      return wire(stacked(inputs, outputs, [butterflies(points, 2 * blocks, false, scale, random)]));
    }
    case "bpbp":
      return wire(stack(() => bpbp(n, gain * Math.sqrt(n / inputs), random)));
    case "monarch": {
      const factors = monarchPatterns(outputs, inputs, options).map((pattern) => ({
        pattern,
        weights: orthogonalFactor(pattern, random),
      }));
      shareGain(factors.map(({ weights }) => weights), gain);
      return wire(builder.build(factors.reduce(
        (value, { pattern, weights }) => builder.factor(value, pattern, "real", weights),
        0,
      )));
    }
    default:
      throw new TypeError(
        `Cannot make ${what}: structure must be one of ${LINEAR_STRUCTURES.join(", ")}, got ${
          JSON.stringify(structure)
        }`,
      );
  }
}

/** Orthogonal butterflies after each other, times `scale`. */
function butterflies(
  n: number,
  blocks: number,
  increasing: boolean,
  scale: number,
  random: Random,
): Program {
  const options = { init: "orthogonal", blocks, increasing, seed: random.word() } as const;
  const map = Butterfly.random(n, options);
  shareGain(map.factors, scale);
  return map.program;
}

/** Two butterflies, each behind a bit reversal. */
function bpbp(n: number, scale: number, random: Random): Program {
  const builder = new ProgramBuilder(n), index = bitReversal(n);
  let value = 0;
  for (let i = 0; i < 2; i++) {
    value = builder.permutation(value, index, 1);
    value = builder.append(value, butterflies(n, 1, true, Math.sqrt(scale), random));
  }
  return builder.build(value);
}
