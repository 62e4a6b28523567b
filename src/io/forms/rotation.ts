/**
 * Rotations in files: which coordinates are mixed, and the signs.
 *
 * @module
 */

import { Rotation, type RotationStage } from "../../kaleidoscope/rotation.ts";
import { type Form, form } from "./form.ts";

/** Stages of Hadamard matrices with signs between them. */
export const rotation: Form = /* @__PURE__ */ form(
  "rotation",
  Rotation,
  ({ rows, stages, signs, inverse }, writer) => {
    writer.tensor("signs", { dtype: "I8", shape: [signs.length], data: signs });
    const lists = stages.map(({ offset, length, levels, stride }) => [offset, length, levels, stride]);
    return { rows, stages: lists, inverse };
  },
  (node, reader) => {
    const rows = reader.size(node, "rows"), { stages } = node;
    const signs = reader.elements("signs", "I8", Int8Array, [undefined]);
    if (!Array.isArray(stages)) throw reader.refuse("a rotation's stages are not a list");
    const parts = stages.map((stage: unknown, i): RotationStage => {
      if (!Array.isArray(stage) || stage.length !== 4) {
        throw reader.refuse(`stages[${i}] of a rotation is not a list of 4 numbers`);
      }
      // The operator refuses what is no number that fits.
      const [offset, length, levels, stride] = stage;
      return { offset, length, levels, stride };
    });
    const inverse = reader.truth(node, "inverse");
    return reader.make(() => new Rotation(rows, parts, signs, inverse));
  },
);
