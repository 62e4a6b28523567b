/**
 * Butterflies as the `butterfly` package of the first papers saved them (before `torch_butterfly`): tied or not, BB*, of
 * rotations, with diagonals between (ODO); and its permutations.
 *
 * @module
 */

import { RelaxedPermutation } from "../../learn/permutations/relaxed.ts";
import { Bias } from "../../operator/bias.ts";
import { blockDiagonal } from "../../operator/block_diagonal.ts";
import { Butterfly } from "../../operator/butterfly.ts";
import { Diagonal } from "../../operator/diagonal.ts";
import { KroneckerFactor } from "../../operator/factor.ts";
import type { Operator } from "../../operator/operator.ts";
import { Permutation } from "../../operator/permutation.ts";
import { product } from "../../operator/product.ts";
import { Window } from "../../operator/window.ts";
import { floats } from "../../program/step.ts";
import type { Made, TrainedModule } from "./module.ts";
import { biasOf, butterfly64, isPower, type Stacks } from "./torch_butterfly.ts";

const PARAMS = ["ortho", "ds", "logit", "ortho2", "svd"] as const;

/** Where the 2×2 blocks of an old layout lie. */
interface Arrangement {
  readonly n: number;
  readonly stacks: number;
  /** Butterflies one after another; the strides of several begin with n/2, n/4 … */
  readonly blocks: number;
  readonly tied: boolean;
}

/** What the sizes before those of the blocks say: [stacks, n − 1], [stacks, log₂n, n/2] or [stacks, 2·k·log₂n, n/2]. */
function arranged([stacks, all, half, ...rest]: readonly number[]): Arrangement | undefined {
  if (!(stacks >= 1 && all >= 1) || rest.length > 0) return undefined;
  if (half === undefined) {
    return isPower(all + 1) ? { n: all + 1, stacks, blocks: 1, tied: true } : undefined;
  }
  const n = 2 * half, levels = Math.log2(n);
  if (!isPower(n) || all % levels !== 0) return undefined;
  const blocks = all / levels;
  return blocks === 1 || blocks % 2 === 0 ? { n, stacks, blocks, tied: false } : undefined;
}

const EXPECTED =
  "an old butterfly's [stacks, n − 1, …], [stacks, log₂n, n/2, …] or [stacks, 2·k·log₂n, n/2, …] with " +
  "blocks [2, 2] or [2, 2, 2], or angles";

/** Whether a `twiddle` of this shape is of the old package; angles are those of less than four sizes. */
export function isOld(shape: readonly number[]): boolean {
  return oldShape(shape) !== undefined;
}

function oldShape(shape: readonly number[]): { entries: 1 | 4 | 8; at: Arrangement } | undefined {
  for (const [entries, rest] of [[8, [2, 2, 2]], [4, [2, 2]], [1, []]] as const) {
    if (rest.length > 0 && String(shape.slice(-rest.length)) !== String(rest)) continue;
    const at = arranged(shape.slice(0, shape.length - rest.length));
    if (at && (entries > 1 || shape.length < 4)) return { entries, at };
  }
  return undefined;
}

/** One butterfly from `twiddle` or `twiddle1`, its factors in the order in which they are applied. */
function readStacks(module: TrainedModule, name: string, increasing: boolean): Stacks {
  const { shape, field: dtype, data } = module.numbers(name);
  const known = oldShape(dtype === "complex" ? [...shape, 2] : shape);
  if (!known) throw module.misfit(name, EXPECTED);
  const { n, stacks, blocks, tied } = known.at, levels = Math.log2(n);
  const field = known.entries === 8 ? "complex" : "real", size = 4 * floats(field);
  const blocksOf = known.entries === 1
    ? ofAngles(module, data)
    : known.entries === 4
    ? ofMatrices(module, data)
    : data;
  const twiddle = new Float64Array(stacks * blocks * levels * n / 2 * size);
  const order = blocks === 1 && increasing, perStack = blocksOf.length / stacks;
  for (let stack = 0, to = 0; stack < stacks; stack++) {
    for (let i = 0; i < blocks * levels; i++) {
      const level = order ? i : levels - 1 - i, stride = 2 ** level;
      for (let pair = 0; pair < n / 2; pair++, to += size) {
        // Several butterflies are listed as they are applied, a single one by its strides.
        const block = tied ? stride - 1 + pair % stride : (blocks > 1 ? i : level) * n / 2 + pair;
        const from = stack * perStack + block * size;
        for (let k = 0; k < size; k++) twiddle[to + k] = blocksOf[from + k];
      }
    }
  }
  return { twiddle, n, stacks, blocks, field, increasing: order };
}

/** Rotations by angles, or blocks of probabilities. */
function ofAngles(module: TrainedModule, angles: ArrayLike<number>): Float64Array {
  const param = module.word("param", PARAMS) ?? "ortho";
  const result = new Float64Array(4 * angles.length);
  for (let i = 0; i < angles.length; i++) {
    const t = angles[i], c = Math.cos(t), s = Math.sin(t);
    const p = param === "ds" ? t : param === "logit" ? 1 / (1 + Math.exp(-t)) : c * c;
    result.set(param === "ortho" ? [c, -s, s, c] : [p, 1 - p, 1 - p, p], 4 * i);
  }
  return result;
}

/** Blocks as they are, or by two angles θ, φ and two singular values: R(θ)·diag(σ)·R(φ). */
function ofMatrices(module: TrainedModule, data: Float32Array | Float64Array): ArrayLike<number> {
  if (module.word("param", PARAMS) !== "svd") return data;
  const result = new Float64Array(data.length);
  for (let i = 0; i < data.length; i += 4) {
    const [theta, phi, s0, s1] = data.subarray(i, i + 4);
    const c = Math.cos(theta), s = Math.sin(theta), cp = Math.cos(phi), sp = Math.sin(phi);
    result.set([
      c * s0 * cp - s * s1 * sp,
      -c * s0 * sp - s * s1 * cp,
      s * s0 * cp + c * s1 * sp,
      -s * s0 * sp + c * s1 * cp,
    ], i);
  }
  return result;
}

/** Butterflies of one point set for each stack, on vectors one after another. */
function sideBySide({ twiddle, n, stacks, blocks, field, increasing }: Stacks): Operator {
  const each = twiddle.length / stacks, values = new Float32Array(twiddle);
  return blockDiagonal(
    ...Array.from(
      { length: stacks },
      (_, s) =>
        Butterfly.fromTwiddle(n, values.subarray(s * each, (s + 1) * each), { field, blocks, increasing }),
    ),
  );
}

/** `Butterfly` of the old package: `twiddle`; with diagonals `twiddle1`, `diag` and perhaps more; perhaps `bias`. */
export function oldButterfly(module: TrainedModule): Made {
  const increasing = module.truth("increasing", true), odo = module.tensors.has("twiddle1");
  const tied = module.numbers("twiddle").shape.length === 2;
  // With diagonals, tied butterflies are always decreasing and then increasing.
  const first = readStacks(module, "twiddle", odo && tied ? false : increasing);
  const second = odo ? readStacks(module, "twiddle1", tied ? true : !increasing) : undefined;
  const { n, stacks, field } = first, unit = floats(field), whole = stacks * n;
  if (second && (second.n !== n || second.stacks !== stacks || second.field !== field || field !== "real")) {
    throw module.misfit("twiddle1", `that of 'twiddle', real`);
  }
  const bias = module.tensors.has("bias") ? biasOf(module, field) : undefined;
  if (bias && bias.shape.length !== 1) throw module.misfit("bias", "[outputs]");
  const cols = module.size("inputs") ?? n, rows = module.size("outputs") ?? bias?.shape[0] ?? whole;
  const kept = powerAbove(rows), terms = Math.floor(whole / kept);
  if (cols > n || 2 * cols <= n || rows > whole || (terms >= 2 && whole % kept !== 0)) {
    throw module.refuse(`${rows} outputs and ${cols} inputs do not fit ${stacks} butterflies of ${n} points`);
  }
  if (bias && bias.data.length !== rows * unit) throw module.misfit("bias", `[${rows}]`);

  const diagonal = (name: string): Float32Array | Float64Array | undefined => {
    if (!module.tensors.has(name)) return undefined;
    const { shape, field: of, data } = module.numbers(name);
    if (of !== "real" || String(shape) !== String([stacks, n])) {
      throw module.misfit(name, `[${stacks}, ${n}]`);
    }
    return data;
  };
  const right = odo ? diagonal("diag_r") ?? diagonal("diag_right") : undefined;
  const middle = odo ? diagonal("diag") : undefined;
  const left = odo ? diagonal("diag_l") ?? diagonal("diag_left") : undefined;
  if (odo && !middle) throw module.refuse("there is no tensor 'diag' beside 'twiddle1'");

  // Applied from the last to the first.
  const parts: Operator[] = [];
  const copies = right ?? (stacks > 1 ? new Float32Array(whole).fill(1) : undefined);
  const ones = (data: ArrayLike<number>): Float32Array<ArrayBuffer> => new Float32Array(data);
  parts.unshift(new Window(n, cols, { field }));
  if (copies) {
    parts.unshift(new KroneckerFactor({ a: 1, b: stacks, c: 1, d: n }, ones(copies)));
  }
  parts.unshift(sideBySide(first));
  if (middle) parts.unshift(new Diagonal(ones(middle)));
  if (second) parts.unshift(sideBySide(second));
  if (left) parts.unshift(new Diagonal(ones(left)));
  // Where there are twice as many outputs as needed, or more, they are averaged and not cut.
  const share = reduction(module, terms);
  if (terms >= 2) {
    parts.unshift(
      new KroneckerFactor({ a: 1, b: 1, c: terms, d: kept }, new Float32Array(whole).fill(share)),
    );
  }
  const width = terms >= 2 ? kept : whole;
  if (rows !== width) parts.unshift(new Window(rows, width, { field }));
  if (bias) parts.unshift(new Bias(new Float32Array(bias.data), field));
  return {
    operators: [[
      "",
      product(...parts.filter((part) => !(part instanceof Window && part.rows === part.cols))),
    ]],
    reference: (x) => {
      const y = new Float64Array(rows * unit);
      for (let s = 0; s < stacks; s++) {
        const times = (v: Float64Array, w: ArrayLike<number> | undefined): Float64Array =>
          w ? v.map((e, i) => e * w[s * n + i]) : v;
        let v = times(butterfly64(first, s, times(x, right)), middle);
        if (second) v = times(butterfly64(second, s, v), left);
        v.forEach((e, i) => {
          const to = (s * n * unit + i) % (width * unit);
          if (to < y.length) y[to] += terms >= 2 ? share * e : e;
        });
      }
      return bias ? y.map((v, i) => v + bias.data[i]) : y;
    },
  };
}

function reduction(module: TrainedModule, terms: number): number {
  return module.word("reduce", ["mean", "sum"]) === "sum" ? 1 : 1 / terms;
}

function powerAbove(size: number): number {
  let n = 1;
  while (n < size) n *= 2;
  return n;
}

/** `Permutation` of the old package: `logit` [log₂n − 1, 3] or, shared, [3]; what is nearest to it. */
export function oldPermutation(module: TrainedModule): Made {
  const { shape, field, data } = module.numbers("logit"), tied = shape.length === 1;
  if (field !== "real" || shape.at(-1) !== 3 || shape.length > 2 || (shape[0] > 20 && !tied)) {
    throw module.misfit("logit", "[log₂n − 1, 3] or [3]");
  }
  const n = module.size("inputs") ?? (tied ? undefined : 2 ** (shape[0] + 1));
  if (n === undefined) {
    throw module.refuse("the number of points does not follow from a 'logit' [3]: give inputs");
  }
  if (!isPower(n) || n < 4 || n > 2 ** 20 || (!tied && n !== 2 ** (shape[0] + 1))) {
    throw module.refuse(`a permutation of ${n} points does not have a 'logit' [${shape.join(", ")}]`);
  }
  const relaxed = new RelaxedPermutation(n, { tied, increasing: module.truth("increasing", false) });
  const logits = Float64Array.from(data);
  return {
    operators: [["", new Permutation(relaxed.rounded(logits))]],
    reference: (x) => Float64Array.from(relaxed.apply(logits, x)),
  };
}
