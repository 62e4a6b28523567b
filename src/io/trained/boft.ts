/**
 * Adapters of BOFT (Liu et al. 2024, Parameter-Efficient Orthogonal Finetuning via Butterfly Factorization) as PEFT saves
 * them.
 *
 * A layer W [outputs, inputs] is used as diag(s)·W·Rᵀ. With skew-symmetric S = (A − Aᵀ)/2 for each block A of `boft_R`
 * [factors, blocks, b, b], Q = (I − S)·(I + S)⁻¹ is orthogonal, and factor m is P·diag(Q…)·Pᵀ, R = factor N−1 ⋯ factor 0.
 * P parts each stretch of 2^m·b numbers into 2^(m+1) pieces of b/2, those of even number first: factor m combines
 * pieces that are 2^m apart. `boft_s` [outputs, 1] is s.
 *
 * @module
 */

import { Dense } from "../../operator/dense.ts";
import { Diagonal } from "../../operator/diagonal.ts";
import { KroneckerFactor } from "../../operator/factor.ts";
import type { Operator } from "../../operator/operator.ts";
import { Permutation } from "../../operator/permutation.ts";
import { product } from "../../operator/product.ts";
import { Bias } from "../../operator/bias.ts";
import { quote } from "../bytes.ts";
import type { Tensor } from "../safetensors.ts";
import type { Made, TrainedModule } from "./module.ts";

/** What a file adapter_config.json says, as far as it matters here. */
export interface AdapterConfig {
  /** "BOFT" */
  readonly peft_type?: unknown;
  /** Size of a block, or 0. */
  readonly boft_block_size?: unknown;
  /** Number of blocks, or 0. */
  readonly boft_block_num?: unknown;
  /** Factors. */
  readonly boft_n_butterfly_factor?: unknown;
}

/** The weight, and perhaps the bias, of the layer that an adapter belongs to. */
export interface BaseLayer {
  /** [outputs, inputs] */
  readonly weight: Tensor | undefined;
  /** [outputs] */
  readonly bias: Tensor | undefined;
}

/**
 * The rotation Rᵀ of the input and the scale s of the output, or, where the layer is known, both with it between them.
 */
export function boft(module: TrainedModule, config: AdapterConfig | undefined, base: BaseLayer): Made {
  const [name, other] = [...module.tensors.keys()].filter((key) => key.startsWith("boft_R"));
  if (other !== undefined) {
    throw module.refuse(`it has several adapters, ${quote(name)} and ${quote(other)}: save them one by one`);
  }
  const { shape, field, data } = module.numbers(name), [count, blocks, size, size2] = shape;
  if (field !== "real" || shape.length !== 4 || size !== size2 || shape.includes(0)) {
    throw module.misfit(name, "real [factors, blocks, b, b]");
  }
  const most = 2 ** (count - 1);
  if (count > 30 || blocks % most !== 0 || (count > 1 && size % 2 !== 0)) {
    throw module.misfit(
      name,
      `blocks of even size, their number a multiple of ${most}, for ${count} factors`,
    );
  }
  checkConfig(module, config, name, [count, blocks, size]);
  const n = blocks * size, given = module.size("inputs") ?? n;
  if (given !== n) throw module.refuse(`${given} inputs do not fit ${blocks} blocks of ${size}`);

  const q = orthogonalBlocks(module, name, data, size), perms = places(n, count, size);
  const rotation = rotationOf(q, perms, n, size), per = n * size;
  const turned = (x: Float64Array): Float64Array => {
    let v = x;
    for (let m = count - 1; m >= 0; m--) {
      const next = new Float64Array(n);
      for (let i = 0; i < n; i++) {
        const row = Math.floor(i / size) * size;
        // Qᵀ, between the positions that P gives.
        for (let j = 0; j < size; j++) {
          next[perms[m][i]] += q[m * per + (row + j) * size + i % size] * v[perms[m][row + j]];
        }
      }
      v = next;
    }
    return v;
  };
  const scale = scaleOf(module, name);
  if (!base.weight) {
    return {
      operators: [[".rotation", rotation], ...scale ? [[".scale", new Diagonal(scale)] as const] : []],
      reference: turned,
    };
  }
  return withBase(module, base, rotation, scale, turned);
}

function withBase(
  module: TrainedModule,
  { weight, bias }: BaseLayer,
  rotation: Operator,
  scale: Float32Array<ArrayBuffer> | undefined,
  turned: (x: Float64Array) => Float64Array,
): Made {
  const cols = rotation.cols, { shape, data: w, dtype } = weight!;
  const real = (t: Float32Array | Float64Array): boolean => dtype !== "C64" && t.length > 0;
  if (
    !(w instanceof Float32Array || w instanceof Float64Array) || !real(w) || shape.length !== 2 ||
    shape[1] !== cols
  ) {
    throw module.refuse(
      `the base layer's weight is ${dtype} [${shape.join(", ")}], expected real numbers [outputs, ${cols}]`,
    );
  }
  const rows = shape[0], shift = bias?.data;
  if (shift && (!(shift instanceof Float32Array || shift instanceof Float64Array) || shift.length !== rows)) {
    throw module.refuse(`the base layer's bias is [${bias!.shape.join(", ")}], expected [${rows}]`);
  }
  if (scale && scale.length !== rows) {
    throw module.refuse(`'boft_s' has ${scale.length} numbers, the base layer has ${rows} outputs`);
  }
  const numbers = shift as Float32Array | Float64Array | undefined;
  const operator = product(
    ...numbers ? [new Bias(new Float32Array(numbers))] : [],
    ...scale ? [new Diagonal(scale)] : [],
    new Dense(rows, cols, new Float32Array(w)),
    rotation,
  );
  return {
    operators: [["", operator]],
    reference: (x) => {
      const v = turned(x), y = new Float64Array(rows);
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < cols; j++) y[i] += w[i * cols + j] * v[j];
        y[i] = y[i] * (scale?.[i] ?? 1) + (numbers?.[i] ?? 0);
      }
      return y;
    },
  };
}

/** `boft_s` [outputs, 1], or [1, outputs] for convolutions; undefined where the file has none. */
function scaleOf(module: TrainedModule, r: string): Float32Array<ArrayBuffer> | undefined {
  const name = r.replace("boft_R", "boft_s");
  if (!module.tensors.has(name)) return undefined;
  const { shape, field, data } = module.numbers(name);
  if (field !== "real" || shape.length !== 2 || !shape.includes(1) || data.length === 0) {
    throw module.misfit(name, "real [outputs, 1]");
  }
  return new Float32Array(data);
}

function checkConfig(
  module: TrainedModule,
  config: AdapterConfig | undefined,
  name: string,
  found: readonly [number, number, number],
): void {
  if (!config) return;
  if (config.peft_type !== undefined && config.peft_type !== "BOFT") {
    throw module.refuse(
      `the adapter's configuration is for ${quote(String(config.peft_type))}, expected 'BOFT'`,
    );
  }
  const [count, blocks, size] = found;
  const wanted = { boft_block_num: blocks, boft_block_size: size };
  for (const key of ["boft_block_num", "boft_block_size"] as const) {
    const value = config[key];
    if (value !== undefined && value !== 0 && value !== wanted[key]) {
      throw module.misfit(name, `${key} ${quote(String(value))}, as the adapter's configuration says`);
    }
  }
  // Where its CUDA extension is missing, PEFT makes one factor whatever is asked for.
  const factors = config.boft_n_butterfly_factor;
  if (factors !== undefined && factors !== count && count !== 1) {
    throw module.misfit(name, `${quote(String(factors))} factors, as the adapter's configuration says`);
  }
}

/** For each factor, where number i of the block-diagonal order lies in the vector: the inverse of P's gather. */
function places(n: number, count: number, size: number): Uint32Array[] {
  return Array.from({ length: count }, (_, m) => {
    const index = new Uint32Array(n), piece = size / 2, half = 2 ** m;
    for (let i = 0; i < n; i++) {
      if (count === 1) index[i] = i;
      else {
        const block = Math.floor(i / (half * size)), k = Math.floor(i / piece) % (2 * half);
        index[i] = block * half * size + ((k % 2) * half + (k >> 1)) * piece + i % piece;
      }
    }
    return index;
  });
}

/** Rᵀ: the factors transposed, the last one first; permutations that meet are one. */
function rotationOf(q: Float64Array, perms: readonly Uint32Array[], n: number, size: number): Operator {
  const parts: Operator[] = [], blocks = n / size, per = n * size;
  const permute = (index: Uint32Array): void => {
    if (index.some((from, i) => from !== i)) parts.unshift(new Permutation(index));
  };
  let before = Uint32Array.from({ length: n }, (_, i) => i);
  for (let m = perms.length - 1; m >= 0; m--) {
    permute(perms[m].map((at) => before[at]));
    const weights = new Float32Array(per);
    for (let row = 0; row < n; row++) {
      const first = row - row % size;
      for (let j = 0; j < size; j++) weights[row * size + j] = q[m * per + (first + j) * size + row % size];
    }
    parts.unshift(new KroneckerFactor({ a: blocks, b: size, c: size, d: 1 }, weights));
    before = new Uint32Array(n);
    perms[m].forEach((at, i) => before[at] = i);
  }
  permute(before);
  return product(...parts);
}

/** (I − S)·(I + S)⁻¹ for each block, S its skew-symmetric part. */
function orthogonalBlocks(
  module: TrainedModule,
  name: string,
  data: ArrayLike<number>,
  size: number,
): Float64Array {
  const result = new Float64Array(data.length), square = size * size;
  for (let at = 0; at < data.length; at += square) {
    // X·(I + S) = I − S is (I + S)ᵀ·Xᵀ = (I − S)ᵀ, and (I ± S)ᵀ = I ∓ S: solve (I − S)·Xᵀ = I + S by elimination.
    const left = new Float64Array(square), right = new Float64Array(square);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        const s = (data[at + i * size + j] - data[at + j * size + i]) / 2, one = i === j ? 1 : 0;
        if (!Number.isFinite(s)) {
          throw module.refuse(`the tensor ${quote(name)} has numbers that are not finite`);
        }
        left[i * size + j] = one - s;
        right[i * size + j] = one + s;
      }
    }
    solve(left, right, size);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) result[at + j * size + i] = right[i * size + j];
    }
  }
  return result;
}

/** Replaces `right` by the solution; I − S is never singular, and pivots keep it stable. */
function solve(left: Float64Array, right: Float64Array, size: number): void {
  const swap = (m: Float64Array, i: number, j: number): void => {
    for (let k = 0; k < size; k++) [m[i * size + k], m[j * size + k]] = [m[j * size + k], m[i * size + k]];
  };
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let i = column + 1; i < size; i++) {
      if (Math.abs(left[i * size + column]) > Math.abs(left[pivot * size + column])) pivot = i;
    }
    if (pivot !== column) { for (const m of [left, right]) swap(m, pivot, column); }
    const inverse = 1 / left[column * size + column];
    for (let k = 0; k < size; k++) {
      left[column * size + k] *= inverse;
      right[column * size + k] *= inverse;
    }
    for (let i = 0; i < size; i++) {
      const factor = i === column ? 0 : left[i * size + column];
      if (factor === 0) continue;
      for (let k = 0; k < size; k++) {
        left[i * size + k] -= factor * left[column * size + k];
        right[i * size + k] -= factor * right[column * size + k];
      }
    }
  }
}
