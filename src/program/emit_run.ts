/**
 * From a run of butterfly factors to instructions: passes over the data.
 *
 * @module
 */

import { type Instruction, Op, passOperation, type View } from "../kernels/record.ts";
import type { Run, Target } from "./chain.ts";
import type { ImageBuilder } from "./image.ts";
import { type PackedPass, packRun } from "./pack.ts";

/** Emits the passes of a run, without the first `done` ones; for a target. */
export function emitRun(
  image: ImageBuilder,
  run: Run,
  target: Target,
  src: View,
  dst: View,
  done = 0,
): void {
  const packed = packRun(run, target).slice(done);
  // A pass that exchanges lanes and registers cannot work in place. Nor do batches: rows of scratch lie so that they do
  // not drive each other out of the cache (image.ts), while those of the result may be a power of two of bytes apart.
  const apart = run.reversal || (target === "rows" && packed.length > 1);
  const middle = apart ? image.scratch(run.n * (run.complex ? 2 : 1)) : dst;
  let from = src;
  if (run.complex && packed[0].pass.kind === "lane") {
    image.emit({ op: Op.split, count: run.n / 4, src, dst: middle });
    from = middle;
  }
  const weights = storePacked(image, run, target, packed, done);
  packed.forEach((pass, i) => {
    const to = i === packed.length - 1 ? dst : middle;
    // The first pass reads interleaved numbers, the last writes them.
    const ends = run.complex ? (i === 0 ? 1 : 0) | (i === packed.length - 1 ? 2 : 0) : 0;
    image.emit(instructionOf(image, run, pass, from, to, ends, weights[i]));
    from = to;
  });
  if (run.complex && packed[packed.length - 1].pass.kind === "lane") {
    image.emit({ op: Op.join, count: run.n / 4, src: dst, dst });
  }
  if (middle !== dst) image.release(middle);
}

/** Reserves the packed weights of a run; returns the byte offset of those of each pass. */
function storePacked(
  image: ImageBuilder,
  run: Run,
  target: Target,
  packed: readonly PackedPass[],
  done: number,
): number[] {
  const shapes = packed.map(({ form, scaled, weights }) => ({ form, scaled, length: weights.length }));
  // The packed weights are used for the first write and then dropped; after an eviction they are packed anew.
  let ready: readonly PackedPass[] | undefined = packed;
  const total = shapes.reduce((sum, { length }) => sum + length, 0);
  const start = image.weights(total, (memory, at) => {
    const all = ready ?? packRun(run, target).slice(done);
    ready = undefined;
    const same = all.length === shapes.length && all.every(({ form, scaled, weights }, i) => {
      return form === shapes[i].form && scaled === shapes[i].scaled && weights.length === shapes[i].length;
    });
    if (!same) {
      throw new Error("the weights of this program were changed in place: call renew() after changing them");
    }
    for (const { weights } of all) {
      memory.set(weights, at);
      at += weights.length;
    }
  });
  let at = start;
  return shapes.map(({ length }) => (at += length * 4) - length * 4);
}

function instructionOf(
  image: ImageBuilder,
  run: Run,
  { pass, form, scaled, table }: PackedPass,
  src: View,
  dst: View,
  ends: number,
  weights: number,
): Instruction {
  const bytes = run.complex ? 8 : 4;
  if (pass.kind === "lane") {
    const op = (run.complex ? Op.complexLane1 : Op.realLane1) + pass.strides[0] - 1;
    return { op, count: run.n / 4, src, dst, weights };
  }
  return {
    op: passOperation(run.complex, pass.strides.length, form, pass.lanes),
    count: run.n / 4 >> pass.strides.length,
    src,
    dst,
    stride: pass.strides.map((s) => s * bytes),
    dstStride: pass.targets.map((s) => s * bytes),
    extra: [ends | (scaled ? 4 : 0)],
    weights,
    table: image.table(table.length, (memory, to) => memory.set(table, to)),
  };
}
