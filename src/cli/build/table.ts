/**
 * All that `papillon build` makes, by name.
 *
 * @module
 */

import type { Construction } from "./construction.ts";
import { FACTORED } from "./factored.ts";
import { ROTATIONS } from "./rotation.ts";
import { STRUCTURED } from "./structured.ts";
import { TRANSFORMS } from "./transforms.ts";

/** The constructions in the order in which the help lists them. To add one, add it to a list. */
export const CONSTRUCTIONS: ReadonlyMap<string, Construction> = new Map(
  [...TRANSFORMS, ...STRUCTURED, ...FACTORED, ...ROTATIONS].map((one) => [one.name, one]),
);
