/**
 * Monarch matrices and block diagonals as `MonarchLinear` and `BlockdiagLinear` (Hazy Research's fly and m2) save them.
 *
 * @module
 */

import { fromMonarch } from "../../kaleidoscope/monarch.ts";
import { Bias } from "../../operator/bias.ts";
import { KroneckerFactor } from "../../operator/factor.ts";
import type { Operator } from "../../operator/operator.ts";
import { product } from "../../operator/product.ts";
import { Window } from "../../operator/window.ts";
import { type Field, floats } from "../../program/step.ts";
import type { Made, Numbers, TrainedModule } from "./module.ts";
import { biasOf } from "./torch_butterfly.ts";

/** Blocks [blocks, outputs, inputs]. */
interface Blocks extends Numbers {
  readonly shape: readonly [number, number, number];
}

/** `blkdiag1` and `blkdiag2`, and perhaps `bias`. */
export function monarch(module: TrainedModule): Made {
  const first = blocksOf(module, "blkdiag1"), second = blocksOf(module, "blkdiag2");
  const [k, q, p] = first.shape, [l, s, r] = second.shape;
  if (l * r !== k * q || first.field !== second.field) {
    throw module.misfit(
      "blkdiag2",
      `${first.field} [blocks, outputs, inputs] with ${k * q} inputs in all, as many as ` +
        `'blkdiag1' [${k}, ${q}, ${p}] has outputs`,
    );
  }
  const weights = {
    first: new Float32Array(first.data),
    firstShape: first.shape,
    second: new Float32Array(second.data),
    secondShape: second.shape,
  };
  return linear(module, fromMonarch(weights, first.field), first.field, (x) => {
    // The second blocks read and write with a stride: h[ρ·l + λ], y[σ·l + λ].
    const unit = floats(first.field), h = blocks64(first, x), y = new Float64Array(l * s * unit);
    const turned = swapped(h, r, l, unit), out = blocks64(second, turned);
    y.set(swapped(out, l, s, unit));
    return y;
  });
}

/** `weight` [blocks, outputs, inputs] of a block-diagonal layer. */
export function blockdiag(module: TrainedModule): Made {
  const blocks = blocksOf(module, "weight"), [a, b, c] = blocks.shape;
  const map = new KroneckerFactor({ a, b, c, d: 1 }, new Float32Array(blocks.data), blocks.field);
  return linear(module, map, blocks.field, (x) => blocks64(blocks, x));
}

function blocksOf(module: TrainedModule, name: string): Blocks {
  const plain = module.numbers(name);
  const { shape, field, data } = plain.shape.length === 4 ? module.viewed(name) : plain;
  if (shape.length !== 3 || shape.includes(0)) {
    throw module.misfit(name, "[blocks, outputs, inputs], with one more 2 if it is complex");
  }
  return { shape: [shape[0], shape[1], shape[2]], field, data };
}

/** Padding before, cutting and the bias behind, as `StructuredLinear` does them. */
function linear(
  module: TrainedModule,
  map: Operator,
  field: Field,
  core: (x: Float64Array) => Float64Array,
): Made {
  const bias = module.tensors.has("bias") ? biasOf(module, field) : undefined, unit = floats(field);
  if (bias && bias.shape.length !== 1) throw module.misfit("bias", "[outputs]");
  const cols = module.size("inputs") ?? map.cols, rows = module.size("outputs") ?? bias?.shape[0] ?? map.rows;
  if (cols > map.cols || rows > map.rows) {
    throw module.refuse(
      `${rows} outputs and ${cols} inputs are more than the ${map.rows} and ${map.cols} of its blocks`,
    );
  }
  if (bias && bias.shape[0] !== rows) throw module.misfit("bias", `[${rows}]`);
  const operator = product(
    ...bias ? [new Bias(new Float32Array(bias.data), field)] : [],
    ...rows < map.rows ? [new Window(rows, map.rows, { field })] : [],
    map,
    ...cols < map.cols ? [new Window(map.cols, cols, { field })] : [],
  );
  return {
    operators: [["", operator]],
    reference: (x) => {
      const padded = new Float64Array(map.cols * unit);
      padded.set(x);
      const y = core(padded).subarray(0, rows * unit);
      return bias ? y.map((v, i) => v + bias.data[i]) : y;
    },
  };
}

/** A block diagonal in float64. */
function blocks64({ shape: [k, q, p], field, data }: Blocks, x: Float64Array): Float64Array {
  const unit = floats(field), y = new Float64Array(k * q * unit);
  for (let row = 0; row < k * q; row++) {
    for (let column = 0; column < p; column++) {
      const w = (row * p + column) * unit, from = (Math.floor(row / q) * p + column) * unit;
      if (unit === 1) y[row] += data[w] * x[from];
      else {
        y[2 * row] += data[w] * x[from] - data[w + 1] * x[from + 1];
        y[2 * row + 1] += data[w] * x[from + 1] + data[w + 1] * x[from];
      }
    }
  }
  return y;
}

/** The transpose of rows × columns numbers. */
function swapped(x: Float64Array, rows: number, columns: number, unit: number): Float64Array {
  const y = new Float64Array(x.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      for (let u = 0; u < unit; u++) y[(j * rows + i) * unit + u] = x[(i * columns + j) * unit + u];
    }
  }
  return y;
}
