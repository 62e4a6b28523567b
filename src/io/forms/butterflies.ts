/**
 * Butterflies in files: by their weights, by their angles, and in base 4.
 *
 * @module
 */

import { Base4Butterfly } from "../../operator/base4.ts";
import { Butterfly } from "../../operator/butterfly.ts";
import { OrthogonalButterfly } from "../../operator/orthogonal.ts";
import type { Field } from "../../program/step.ts";
import { type Form, form, LONGEST_COLUMN, type Node, type Reader, type Writer } from "./form.ts";

/** A butterfly by its weights. */
export const butterfly: Form = /* @__PURE__ */ form(
  "butterfly",
  Butterfly,
  (operator, writer) => {
    checkColumn(operator, writer);
    const { rows, cols, field, n, stacks, blocks, increasing, bias } = operator;
    writer.numbers("twiddle", field, twiddleShape(n, stacks, blocks), operator.toTwiddle());
    return { rows, cols, increasing, bias: saveBias(bias, rows, field, writer) };
  },
  (node, reader) => {
    const { rows, cols, n, stacks, increasing } = shapeOf(node, reader);
    const { field, shape, data } = reader.numbers("twiddle", 6), blocks = shape[1];
    if (String(shape) !== String(twiddleShape(n, stacks, blocks)) || (n === 1 && rows > LONGEST_COLUMN)) {
      throw misfit(reader, "twiddle", shape, rows, cols);
    }
    const bias = loadBias(node, reader, field);
    return reader.make(() => Butterfly.fromTwiddle(cols, data, { rows, field, increasing, blocks, bias }));
  },
);

/** An orthogonal butterfly by its angles, in float64, and determinants. */
export const orthogonal: Form = /* @__PURE__ */ form(
  "orthogonal-butterfly",
  OrthogonalButterfly,
  (operator, writer) => {
    checkColumn(operator, writer);
    const { rows, cols, field, n, stacks, blocks, increasing, bias, angles, determinants } = operator;
    const shape = anglesShape(n, stacks, blocks);
    const four = field === "complex" ? [4] : [];
    writer.tensor("angles", { dtype: "F64", shape: [...shape, ...four], data: angles });
    if (determinants) writer.tensor("determinants", { dtype: "I8", shape, data: determinants });
    return { rows, cols, field, blocks, increasing, bias: saveBias(bias, rows, field, writer) };
  },
  (node, reader) => {
    const { rows, cols, n, stacks, increasing } = shapeOf(node, reader);
    const field = reader.field(node), blocks = reader.size(node, "blocks");
    if (n === 1 && rows > LONGEST_COLUMN) throw misfit(reader, "angles", [], rows, cols);
    const shape = anglesShape(n, stacks, blocks), four = field === "complex" ? [4] : [];
    const angles = reader.elements("angles", "F64", Float64Array, [...shape, ...four]);
    const determinants = field === "real"
      ? reader.elements("determinants", "I8", Int8Array, shape)
      : undefined;
    const bias = loadBias(node, reader, field);
    const options = { rows, field, increasing, blocks, bias, determinants };
    return reader.make(() => new OrthogonalButterfly(cols, angles, options));
  },
);

/** A butterfly in base 4 by the weights of both radices. */
export const base4: Form = /* @__PURE__ */ form(
  "base4-butterfly",
  Base4Butterfly,
  (operator, writer) => {
    checkColumn(operator, writer);
    const { rows, cols, field, n, stacks, blocks, increasing, bias } = operator, levels = Math.log2(n);
    const four = [stacks, blocks, levels >> 1, n >> 2, 4, 4],
      two = [stacks, blocks, levels & 1, n >> 1, 2, 2];
    writer.numbers("twiddle4", field, four, operator.toTwiddle4());
    writer.numbers("twiddle2", field, two, operator.toTwiddle2());
    return { rows, cols, increasing, bias: saveBias(bias, rows, field, writer) };
  },
  (node, reader) => {
    const { rows, cols, n, stacks, increasing } = shapeOf(node, reader), levels = Math.log2(n);
    const four = reader.numbers("twiddle4", 6), two = reader.numbers("twiddle2", 6);
    const { field, shape } = four, blocks = shape[1];
    const shapes = [
      [stacks, blocks, levels >> 1, n >> 2, 4, 4],
      [stacks, blocks, levels & 1, n >> 1, 2, 2],
    ];
    if (String(shape) !== String(shapes[0]) || (n === 1 && rows > LONGEST_COLUMN)) {
      throw misfit(reader, "twiddle4", shape, rows, cols);
    }
    if (String(two.shape) !== String(shapes[1]) || two.field !== field) {
      throw misfit(reader, "twiddle2", two.shape, rows, cols);
    }
    const bias = loadBias(node, reader, field), options = { rows, field, increasing, blocks, bias };
    return reader.make(() => Base4Butterfly.fromTwiddles(cols, four.data, two.data, options));
  },
);

/** What the JSON of a butterfly of any kind says, and what follows from it. */
function shapeOf(
  node: Node,
  reader: Reader,
): { rows: number; cols: number; n: number; stacks: number; increasing: boolean } {
  const rows = reader.size(node, "rows"), cols = reader.size(node, "cols");
  const n = 2 ** (32 - Math.clz32(cols - 1));
  return { rows, cols, n, stacks: Math.ceil(rows / n), increasing: reader.truth(node, "increasing") };
}

function twiddleShape(n: number, stacks: number, blocks: number): number[] {
  return [...anglesShape(n, stacks, blocks), 2, 2];
}

function anglesShape(n: number, stacks: number, blocks: number): number[] {
  return [stacks, blocks, Math.log2(n), n >> 1];
}

function misfit(
  reader: Reader,
  name: string,
  shape: readonly number[],
  rows: number,
  cols: number,
): RangeError {
  return reader.refuse(
    `tensor ${reader.named(name)} of shape [${shape}] does not fit a butterfly of ${rows}×${cols}`,
  );
}

function checkColumn({ n, rows }: { readonly n: number; readonly rows: number }, writer: Writer): void {
  if (n === 1 && rows > LONGEST_COLUMN) {
    throw writer.refuse(
      `a butterfly of one column has ${rows} rows, at most ${LONGEST_COLUMN} are allowed`,
    );
  }
}

function saveBias(bias: Float32Array | undefined, rows: number, field: Field, writer: Writer): boolean {
  if (bias) writer.numbers("bias", field, [rows], bias);
  return bias !== undefined;
}

function loadBias(node: Node, reader: Reader, field: Field): Float32Array | undefined {
  if (!reader.truth(node, "bias")) return undefined;
  const bias = reader.numbers("bias", 1);
  if (bias.field !== field) {
    throw reader.refuse(`tensor ${reader.named("bias")} is ${bias.field}, its butterfly is ${field}`);
  }
  return bias.data;
}
