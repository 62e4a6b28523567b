/**
 * Butterflies as `torch_butterfly` (Dao et al. 2020) saves them: `Butterfly`, `ButterflyUnitary` and `ButterflyBmm`.
 *
 * @module
 */

import { blockDiagonal } from "../../operator/block_diagonal.ts";
import { Butterfly } from "../../operator/butterfly.ts";
import type { Operator } from "../../operator/operator.ts";
import { OrthogonalButterfly } from "../../operator/orthogonal.ts";
import { type Field, floats } from "../../program/step.ts";
import { LONGEST_COLUMN } from "../forms/form.ts";
import type { Made, Numbers, TrainedModule } from "./module.ts";

/** Butterflies on top of each other, in the order of application. */
export interface Stacks {
  /** [stacks, blocks, log₂n, n/2, 2, 2] */
  readonly twiddle: ArrayLike<number>;
  /** Points. */
  readonly n: number;
  /** How many. */
  readonly stacks: number;
  /** Butterflies one after another. */
  readonly blocks: number;
  /** Real or complex. */
  readonly field: Field;
  /** Whether the first block has increasing strides. */
  readonly increasing: boolean;
}

/** Whether a shape is [stacks, blocks, log₂n, n/2, …rest]. */
export function isCore(shape: readonly number[], rest: readonly number[]): boolean {
  const [stacks, blocks, levels, half, ...last] = shape;
  return stacks >= 1 && blocks >= 1 && levels >= 0 && levels <= 20 &&
    half === Math.floor(2 ** (levels - 1)) &&
    String(last) === String(rest);
}

/** `Butterfly` and `ButterflyBmm`: `twiddle`, and perhaps `bias`. */
export function torchButterfly(module: TrainedModule): Made {
  let numbers = module.numbers("twiddle");
  if (numbers.field === "real" && numbers.shape.length === 7) numbers = module.viewed("twiddle");
  const { shape, field, data } = numbers;
  if (!isCore(shape, [2, 2])) {
    throw module.misfit("twiddle", "[stacks, blocks, log₂n, n/2, 2, 2], with one more 2 if it is complex");
  }
  const [stacks, blocks, levels] = shape;
  return stacked(module, {
    twiddle: data,
    n: 2 ** levels,
    stacks,
    blocks,
    field,
    increasing: module.truth("increasing", true),
  });
}

/** `ButterflyUnitary`: `twiddle` holds angles [stacks, blocks, log₂n, n/2, 4]. */
export function butterflyUnitary(module: TrainedModule): Made {
  const { shape, field, data: angles } = module.numbers("twiddle");
  if (field !== "real" || !isCore(shape, [4])) {
    throw module.misfit("twiddle", "real angles [stacks, blocks, log₂n, n/2, 4]");
  }
  const [stacks, blocks, levels] = shape, n = 2 ** levels, twiddle = new Float64Array(2 * angles.length);
  for (let i = 0; i < angles.length; i += 4) {
    const [phi, alpha, psi, chi] = angles.subarray(i, i + 4), c = Math.cos(phi), s = Math.sin(phi);
    const entries = [[c, alpha + psi], [s, alpha + chi], [-s, alpha - chi], [c, alpha - psi]];
    entries.forEach(([size, turn], k) => {
      twiddle[2 * (i + k)] = size * Math.cos(turn);
      twiddle[2 * (i + k) + 1] = size * Math.sin(turn);
    });
  }
  const increasing = module.truth("increasing", true);
  const parts: Stacks = { twiddle, n, stacks, blocks, field: "complex", increasing };
  return stacked(module, parts, (cols, rows, bias, from, to) => {
    const each = angles.length / stacks, own = angles.subarray(from * each, to * each);
    return new OrthogonalButterfly(cols, own, { rows, field: "complex", blocks, increasing, bias });
  });
}

/** Makes the operator of some of the stacks. */
type Make = (
  cols: number,
  rows: number,
  bias: Float32Array | undefined,
  from: number,
  to: number,
) => Operator;

/** Stacks with a bias, cut to a size; several matrices with a bias each are a block diagonal. */
export function stacked(module: TrainedModule, parts: Stacks, make: Make = plain(parts)): Made {
  const { n, stacks, field } = parts, unit = floats(field);
  const bias = module.tensors.has("bias") ? biasOf(module, field) : undefined;
  const matrices = module.size("matrices") ?? (bias?.shape.length === 2 ? bias.shape[0] : 1);
  const each = stacks / matrices;
  if (!Number.isInteger(each)) throw module.refuse(`${stacks} stacks are not those of ${matrices} matrices`);
  if (n === 1 && stacks > LONGEST_COLUMN) {
    throw module.refuse(`a butterfly of one point has ${stacks} stacks`);
  }
  const cols = module.size("inputs") ?? n, rows = module.size("outputs") ?? bias?.shape.at(-1) ?? each * n;
  const fits = cols <= n && 2 * cols > n && Math.ceil(rows / n) === each;
  if (!fits) {
    throw module.refuse(
      `${rows} outputs and ${cols} inputs do not fit its tensors: butterflies of ${n} points take ` +
        `${n >> 1 ? (n >> 1) + 1 : 1} to ${n} inputs, ${each} of them give ${(each - 1) * n + 1} to ${
          each * n
        } outputs`,
    );
  }
  if (bias && bias.data.length !== matrices * rows * unit) {
    throw module.misfit("bias", matrices === 1 ? `[${rows}]` : `[${matrices}, ${rows}]`);
  }
  const shift = bias && new Float32Array(bias.data), size = rows * unit;
  const operators = Array.from(
    { length: matrices },
    (_, m) => make(cols, rows, shift?.subarray(m * size, (m + 1) * size), m * each, (m + 1) * each),
  );
  return {
    operators: [["", blockDiagonal(...operators)]],
    reference: (x) => {
      const y = new Float64Array(matrices * size);
      for (let m = 0; m < matrices; m++) {
        const own = x.subarray(m * cols * unit, (m + 1) * cols * unit);
        for (let i = 0, s = m * each; i < size; s++, i += n * unit) {
          y.set(butterfly64(parts, s, own).subarray(0, size - i), m * size + i);
        }
      }
      return bias ? y.map((v, i) => v + bias.data[i]) : y;
    },
  };
}

function plain({ twiddle, stacks, blocks, field, increasing }: Stacks): Make {
  const values = new Float32Array(twiddle), each = values.length / stacks;
  return (cols, rows, bias, from, to) =>
    Butterfly.fromTwiddle(cols, values.subarray(from * each, to * each), {
      rows,
      field,
      blocks,
      increasing,
      bias,
    });
}

/** The bias of a module: [outputs], or [matrices, outputs], in the field of its weights. */
export function biasOf(module: TrainedModule, field: Field): Numbers {
  const numbers = field === "complex" ? module.viewed("bias") : module.numbers("bias");
  if (numbers.field !== field) throw module.refuse(`the bias is ${numbers.field}, the weights are ${field}`);
  if (numbers.shape.length < 1 || numbers.shape.length > 2 || numbers.data.length === 0) {
    throw module.misfit("bias", "[outputs], or [matrices, outputs]");
  }
  return numbers;
}

/** Whether a number is a power of two from 2 on. */
export function isPower(n: number): boolean {
  return n >= 2 && n <= 2 ** 20 && (n & (n - 1)) === 0;
}

/** One of the stacks applied to a vector, padded with zeros, in float64: the definition. */
export function butterfly64(
  { twiddle, n, blocks, field, increasing }: Stacks,
  stack: number,
  x: Float64Array,
): Float64Array {
  const unit = floats(field), levels = Math.log2(n);
  let from = new Float64Array(n * unit);
  from.set(x);
  for (let block = 0; block < blocks; block++) {
    for (let level = 0; level < levels; level++) {
      const up = increasing === (block % 2 === 0), stride = 2 ** (up ? level : levels - 1 - level);
      const at = ((stack * blocks + block) * levels + level) * n / 2, to = new Float64Array(n * unit);
      for (let pair = 0; pair < n / 2; pair++) {
        const first = Math.floor(pair / stride) * 2 * stride + pair % stride;
        for (let row = 0; row < 2; row++) {
          for (let column = 0; column < 2; column++) {
            const w = ((at + pair) * 4 + 2 * row + column) * unit;
            const i = (first + column * stride) * unit, o = (first + row * stride) * unit;
            if (unit === 1) to[o] += twiddle[w] * from[i];
            else {
              to[o] += twiddle[w] * from[i] - twiddle[w + 1] * from[i + 1];
              to[o + 1] += twiddle[w] * from[i + 1] + twiddle[w + 1] * from[i];
            }
          }
        }
      }
      from = to;
    }
  }
  return from;
}
