/**
 * Permutations between butterfly factors, carried out so that all together takes few blocks.
 *
 * @module
 */

import type { Field } from "../program/step.ts";
import { folded, type Sheet, sheetsOf } from "./arrange.ts";
import { permutationButterfly } from "./permutation.ts";

/** A permutation between sheets. */
export interface Carried {
  /** Where each point comes from. */
  readonly index: Uint32Array<ArrayBuffer>;
  /** How many sheets come before it. */
  readonly before: number;
}

/** Blocks so far, the first of them decreasing, the last stride, and the choices that led there. */
interface Path {
  readonly blocks: number;
  readonly last: number | undefined;
  readonly choices: readonly number[];
}

/** One stride more: equal neighbours become one, and what does not go on in the order of its block begins the next. */
function onward({ blocks, last, choices }: Path, stride: number): Path {
  const next = last === undefined || last === stride || (blocks % 2 === 0 ? stride > last : stride < last)
    ? Math.max(blocks, 1)
    : blocks + 1;
  return { blocks: next, last: stride, choices };
}

/**
 * All sheets, and between them permutations as two butterflies each, whose strides rise first or fall first, as it
 * takes the fewest blocks in all.
 */
export function carriedOut(sheets: readonly Sheet[], parts: readonly Carried[], field: Field): Sheet[] {
  const ends = [...parts.map(({ before }) => before), sheets.length];
  const between = ends.map((end, i) => folded(sheets.slice(ends[i - 1] ?? 0, end), field));
  // Some permutations need not all strides.
  const made = parts.map(({ index }) =>
    [false, true].map((increasing) =>
      folded(sheetsOf(permutationButterfly(index, { increasing }), field), field)
    )
  );
  const follow = (path: Path, list: readonly Sheet[]): Path =>
    list.reduce((path, { stride }) => stride === undefined ? path : onward(path, stride), path);
  // Of all paths that end alike only the shortest is followed.
  let paths: Path[] = [{ blocks: 0, last: undefined, choices: [] }];
  between.forEach((list, i) => {
    if (i > 0) {
      paths = made[i - 1].flatMap((option, choice) =>
        paths.map((path) => follow({ ...path, choices: [...path.choices, choice] }, option))
      );
    }
    const best = new Map<string, Path>();
    for (const path of paths) {
      const end = follow(path, list), key = `${end.last} ${end.blocks % 2}`;
      if (end.blocks < (best.get(key)?.blocks ?? Infinity)) best.set(key, end);
    }
    paths = [...best.values()];
  });
  const { choices } = paths.reduce((one, other) => other.blocks < one.blocks ? other : one);
  return between.flatMap((list, i) => i === 0 ? list : [...made[i - 1][choices[i - 1]], ...list]);
}
