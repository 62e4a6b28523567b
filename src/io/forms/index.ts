/**
 * The kinds of operators that have a form in files. Where a class extends another one, it comes first.
 *
 * @module
 */

import { base4, butterfly, orthogonal } from "./butterflies.ts";
import { bft, bftLayer, chain } from "./chains.ts";
import {
  blocksForm,
  cornerForm,
  kroneckerForm,
  productForm,
  realView,
  repeated,
  sumForm,
  transposed,
} from "./composed.ts";
import type { Form } from "./form.ts";
import { rotation } from "./rotation.ts";
import { bias, convolution, dense, diagonal, factor, permutation, sparseForm, window } from "./simple.ts";

/** All of them. */
export const FORMS: readonly Form[] = [
  orthogonal,
  butterfly,
  base4,
  permutation,
  diagonal,
  bias,
  factor,
  chain,
  bft,
  bftLayer,
  dense,
  convolution,
  rotation,
  window,
  sparseForm,
  productForm,
  sumForm,
  blocksForm,
  cornerForm,
  transposed,
  realView,
  repeated,
  kroneckerForm,
];
