/**
 * Operators in files that are made of others.
 *
 * @module
 */

import { Repeated } from "../../kaleidoscope/transforms/axes.ts";
import { BlockDiagonal, blockDiagonal } from "../../operator/block_diagonal.ts";
import { Corner, corner } from "../../operator/corner.ts";
import { Kronecker, kronecker } from "../../operator/kronecker.ts";
import { type Operator, Transposed } from "../../operator/operator.ts";
import { Product, product } from "../../operator/product.ts";
import { RealView } from "../../operator/real_view.ts";
import { Sum, sum } from "../../operator/sum.ts";
import { type Form, form } from "./form.ts";

/** How many levels of nesting a real view counts for: in a complex product its program runs twice, each time. */
const REAL_VIEW = 8;

/** The forms of operators that are lists of others: each one's tensors have its number before their names. */
const list = <T extends Operator & { readonly operators: readonly Operator[] }>(
  type: string,
  of: abstract new (...args: never[]) => T,
  make: (...operators: Operator[]) => Operator,
): Form =>
  form(
    type,
    of,
    ({ operators }: T, writer) => ({ operators: operators.map((part, i) => writer.save(part, i)) }),
    ({ operators }, reader) => {
      if (!Array.isArray(operators)) throw reader.refuse(`a ${type}'s operators are not a list`);
      const parts = operators.map((part: unknown, i) => reader.load(part, i));
      return reader.make(() => make(...parts));
    },
  );

/** What is applied one after another. */
export const productForm: Form = /* @__PURE__ */ list("product", Product, product);
/** What is added. */
export const sumForm: Form = /* @__PURE__ */ list("sum", Sum, sum);
/** What lies along the diagonal. */
export const blocksForm: Form = /* @__PURE__ */ list("block-diagonal", BlockDiagonal, blockDiagonal);

/** The first rows and columns of an operator. */
export const cornerForm: Form = /* @__PURE__ */ form(
  "corner",
  Corner,
  ({ rows, cols, of }, writer) => ({ rows, cols, of: writer.save(of) }),
  (node, reader) => {
    const of = reader.load(node.of), rows = reader.size(node, "rows"), cols = reader.size(node, "cols");
    return reader.make(() => corner(of, rows, cols));
  },
);

/** A transpose or an adjoint. */
export const transposed: Form = /* @__PURE__ */ form(
  "transposed",
  Transposed,
  ({ conjugate, of }, writer) => ({ conjugate, of: writer.save(of) }),
  // Not of.adjoint(): what was saved is what is loaded.
  (node, reader) => new Transposed(reader.load(node.of), reader.truth(node, "conjugate")),
);

/** A complex operator on the floats of a real vector. */
export const realView: Form = /* @__PURE__ */ form(
  "real-view",
  RealView,
  ({ of }, writer) => {
    const node = { of: writer.save(of, undefined, REAL_VIEW) };
    writer.copies(of, 1);
    return node;
  },
  (node, reader) => {
    const of = reader.load(node.of, undefined, REAL_VIEW);
    reader.copies(of, 1);
    return reader.make(() => new RealView(of));
  },
);

/** The same operator on several vectors. */
export const repeated: Form = /* @__PURE__ */ form(
  "repeated",
  Repeated,
  ({ count, of }, writer) => {
    const node = { count, of: writer.save(of) };
    writer.copies(of, count - 1);
    return node;
  },
  (node, reader) => {
    const count = reader.size(node, "count"), of = reader.load(node.of);
    reader.copies(of, count - 1);
    return reader.make(() => new Repeated(of, count));
  },
);

/** A Kronecker product of two. */
export const kroneckerForm: Form = /* @__PURE__ */ form(
  "kronecker",
  Kronecker,
  ({ left, right }, writer) => {
    const node = { left: writer.save(left, "left"), right: writer.save(right, "right") };
    writer.copies(left, right.rows + right.cols);
    writer.copies(right, left.rows + left.cols);
    return node;
  },
  (node, reader) => {
    const left = reader.load(node.left, "left"), right = reader.load(node.right, "right");
    // Before it is made: that looks at the programs.
    reader.copies(left, right.rows + right.cols);
    reader.copies(right, left.rows + left.cols);
    return reader.make(() => kronecker(left, right));
  },
);
