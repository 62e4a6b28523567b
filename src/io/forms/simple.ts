/**
 * Operators in files that are made of nothing but their own numbers.
 *
 * @module
 */

import { Convolution } from "../../kaleidoscope/convolution.ts";
import { Sparse, sparse } from "../../kaleidoscope/sparse.ts";
import { Bias } from "../../operator/bias.ts";
import { Dense } from "../../operator/dense.ts";
import { Diagonal } from "../../operator/diagonal.ts";
import { KroneckerFactor } from "../../operator/factor.ts";
import { Permutation } from "../../operator/permutation.ts";
import { Window } from "../../operator/window.ts";
import { type Form, form } from "./form.ts";

/** y[i] = x[index[i]] */
export const permutation: Form = /* @__PURE__ */ form(
  "permutation",
  Permutation,
  ({ rows, field, index }, writer) => {
    writer.tensor("index", { dtype: "U32", shape: [rows], data: index });
    return { field };
  },
  (node, reader) => {
    const field = reader.field(node), index = reader.elements("index", "U32", Uint32Array, [undefined]);
    return reader.make(() => new Permutation(index, field));
  },
);

/** The entries of a diagonal. */
export const diagonal: Form = /* @__PURE__ */ form(
  "diagonal",
  Diagonal,
  ({ rows, field, values }, writer) => {
    writer.numbers("diagonal", field, [rows], values);
    return {};
  },
  (_node, reader) => {
    const { field, data } = reader.numbers("diagonal", 1);
    return reader.make(() => new Diagonal(data, field));
  },
);

/** An added vector. */
export const bias: Form = /* @__PURE__ */ form(
  "bias",
  Bias,
  ({ rows, field, values }, writer) => {
    writer.numbers("bias", field, [rows], values);
    return {};
  },
  (_node, reader) => {
    const { field, data } = reader.numbers("bias", 1);
    return reader.make(() => new Bias(data, field));
  },
);

/** A single factor, its shape the pattern. */
export const factor: Form = /* @__PURE__ */ form(
  "factor",
  KroneckerFactor,
  ({ pattern: { a, b, c, d }, field, values }, writer) => {
    writer.numbers("factor", field, [a, b, c, d], values);
    return {};
  },
  (_node, reader) => {
    const { field, shape: [a, b, c, d], data } = reader.numbers("factor", 4);
    return reader.make(() => new KroneckerFactor({ a, b, c, d }, data, field));
  },
);

/** A dense matrix. */
export const dense: Form = /* @__PURE__ */ form(
  "dense",
  Dense,
  ({ rows, cols, field, values }, writer) => {
    writer.numbers("matrix", field, [rows, cols], values);
    return {};
  },
  (_node, reader) => {
    const { field, shape: [rows, cols], data } = reader.numbers("matrix", 2);
    return reader.make(() => new Dense(rows, cols, data, field));
  },
);

/** A convolution by its kernel. */
export const convolution: Form = /* @__PURE__ */ form(
  "convolution",
  Convolution,
  ({ outputs, inputs, size, field, kernel }, writer) => {
    writer.numbers("kernel", field, [outputs, inputs, ...size], kernel);
    writer.more(transforms(inputs + outputs, size));
    return {};
  },
  (_node, reader) => {
    const { field, shape, data } = reader.numbers("kernel", 3, { orMore: true });
    const [outputs, inputs, ...size] = shape;
    reader.more(transforms(inputs + outputs, size));
    return reader.make(() => new Convolution(data, { size, inputs, outputs, field }));
  },
);

/** Floats of the Fourier transforms of so many channels, which have four for each point and level, or fewer. */
function transforms(channels: number, size: readonly number[]): number {
  const points = size.reduce((all, n) => all * 2 ** Math.ceil(Math.log2(2 * n)), channels);
  return 4 * points * Math.ceil(Math.log2(points + 1));
}

/** A window, which has no tensors. */
export const window: Form = /* @__PURE__ */ form(
  "window",
  Window,
  ({ rows, cols, shift, field }, writer) => {
    writer.window(rows, cols);
    return { rows, cols, shift, field };
  },
  (node, reader) => {
    const rows = reader.size(node, "rows"), cols = reader.size(node, "cols"), { shift } = node;
    const field = reader.field(node);
    reader.window(rows, cols);
    // The operator refuses what is no shift.
    return reader.make(() => new Window(rows, cols, { shift: shift as number ?? NaN, field }));
  },
);

/** A sparse matrix by its entries, in compressed rows. */
export const sparseForm: Form = /* @__PURE__ */ form(
  "sparse",
  Sparse,
  ({ rows, cols, field, entryRows, entryCols, values }, writer) => {
    const starts = new Uint32Array(rows + 1), count = entryRows.length;
    for (const row of entryRows) starts[row + 1]++;
    for (let i = 0; i < rows; i++) starts[i + 1] += starts[i];
    writer.tensor("starts", { dtype: "U32", shape: [rows + 1], data: starts });
    writer.tensor("columns", { dtype: "U32", shape: [count], data: entryCols });
    writer.numbers("values", field, [count], values);
    writer.window(rows, cols);
    writer.makes(stepFloats(rows, cols, count));
    return { cols };
  },
  (node, reader) => {
    const cols = reader.size(node, "cols"),
      starts = reader.elements("starts", "U32", Uint32Array, [undefined]);
    const columns = reader.elements("columns", "U32", Uint32Array, [undefined]);
    const { field, data } = reader.numbers("values", 1), rows = starts.length - 1, count = columns.length;
    if (rows < 1 || starts[0] !== 0 || starts[rows] !== count || starts.some((s, i) => s < starts[i - 1])) {
      throw reader.refuse(`tensor ${reader.named("starts")} does not rise from 0 to its ${count} entries`);
    }
    const lines = new Uint32Array(count);
    for (let i = 0; i < rows; i++) lines.fill(i, starts[i], starts[i + 1]);
    reader.window(rows, cols);
    reader.makes(stepFloats(rows, cols, count));
    return reader.make(() => sparse(rows, cols, { rows: lines, cols: columns, values: data }, field));
  },
);

/** Floats of the two step matrices and the permutations of a sparse matrix, or fewer. */
function stepFloats(rows: number, cols: number, count: number): number {
  const n = 2 ** Math.ceil(Math.log2(Math.max(2, rows, cols, count)));
  return 2 * n * (Math.log2(n) + 3);
}
