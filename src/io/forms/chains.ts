/**
 * Chains and butterfly transforms of channels in files.
 *
 * @module
 */

import { Bft, BftLayer } from "../../kaleidoscope/bft.ts";
import { Chain } from "../../operator/chain.ts";
import { type Form, form, type Node, type Reader } from "./form.ts";

/** Factors of one chain at most. */
const MOST_FACTORS = 4096;

/** A chain: a tensor for each factor, its shape the pattern. */
export const chain: Form = /* @__PURE__ */ form(
  "chain",
  Chain,
  ({ patterns, factors, field }, writer) => {
    if (patterns.length > MOST_FACTORS) {
      throw writer.refuse(`a chain has ${patterns.length} factors, at most ${MOST_FACTORS} are allowed`);
    }
    patterns.forEach(({ a, b, c, d }, i) => writer.numbers(`factor.${i}`, field, [a, b, c, d], factors[i]));
    return { factors: patterns.length };
  },
  (node, reader) => {
    const count = listed(node, "factors", reader);
    const all = Array.from({ length: count }, (_, i) => reader.numbers(`factor.${i}`, 4));
    const other = all.findIndex(({ field }) => field !== all[0].field);
    if (other >= 0) {
      throw reader.refuse(
        `tensor ${reader.named(`factor.${other}`)} is ${all[other].field}, the first one is ${all[0].field}`,
      );
    }
    const patterns = all.map(({ shape: [a, b, c, d] }) => ({ a, b, c, d }));
    return reader.make(() => new Chain(patterns, all.map(({ data }) => data), all[0].field));
  },
);

/** A butterfly transform of channels by its flat weights. */
export const bft: Form = /* @__PURE__ */ form(
  "bft",
  Bft,
  ({ rows, cols, base, residual, flat }, writer) => {
    writer.numbers("weights", "real", [flat.length], flat);
    return { rows, cols, base, residual };
  },
  (node, reader) => {
    const rows = reader.size(node, "rows"),
      cols = reader.size(node, "cols"),
      base = reader.size(node, "base");
    const residual = reader.truth(node, "residual"), { data } = reader.numbers("weights", 1);
    return reader.make(() => new Bft(data, cols, rows, { base, residual }));
  },
);

/** A layer of butterfly transforms by the flat weights of each. */
export const bftLayer: Form = /* @__PURE__ */ form(
  "bft-layer",
  BftLayer,
  ({ rows, cols, parts }, writer) => {
    parts.forEach(({ flat }, i) => writer.numbers(`weights.${i}`, "real", [flat.length], flat));
    return { rows, cols, base: parts[0].base, parts: parts.length };
  },
  (node, reader) => {
    const rows = reader.size(node, "rows"),
      cols = reader.size(node, "cols"),
      base = reader.size(node, "base");
    const count = listed(node, "parts", reader);
    const weights = Array.from({ length: count }, (_, i) => reader.numbers(`weights.${i}`, 1).data);
    return reader.make(() => new BftLayer(weights, cols, rows, { base }));
  },
);

/** How many tensors there are of one kind. */
function listed(node: Node, key: string, reader: Reader): number {
  const count = reader.size(node, key);
  if (count > MOST_FACTORS) {
    throw reader.refuse(`a ${node.type} has ${count} ${key}, at most ${MOST_FACTORS} are allowed`);
  }
  return count;
}
