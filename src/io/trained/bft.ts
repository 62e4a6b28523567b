/**
 * Butterfly transforms of channels as the code of Alizadeh et al. 2020 saves them: `Butterfly_general_matrix` with
 * `weight1`, and `ButterflyTransform` with `balanced_bfts.0.weight1`, `balanced_bfts.1.weight1` …
 *
 * @module
 */

import { Bft, BftLayer } from "../../kaleidoscope/bft.ts";
import type { Made, TrainedModule } from "./module.ts";

/** One butterfly, or a layer of several. */
export function butterflyTransform(module: TrainedModule): Made {
  const names = [...module.tensors.keys()].filter((name) => name.endsWith("weight1")),
    base = module.size("radix") ?? 4;
  if (base < 2) throw module.refuse(`the radix must be 2 or more, got ${base}`);
  const layer = names[0] !== "weight1";
  const flats = layer
    ? names.map((_, i) => flat(module, `balanced_bfts.${i}.weight1`))
    : [flat(module, "weight1")];
  const n = points(flats[0].length, base);
  if (n === undefined) {
    throw module.misfit(
      names[0],
      `radix·n·⌈log n / log radix⌉ numbers in one row, the radix being ${base} where no other is given`,
    );
  }
  const other = flats.findIndex(({ length }) => length !== flats[0].length);
  if (other >= 0) {
    throw module.misfit(`balanced_bfts.${other}.weight1`, `[${flats[0].length}] as the first one`);
  }

  const count = flats.length;
  let inputs = module.size("inputs"), outputs = module.size("outputs");
  if (!layer) {
    inputs ??= n;
    outputs ??= n;
    if (Math.max(inputs, outputs) !== n) {
      throw module.refuse(`${outputs} outputs and ${inputs} inputs: expected the larger of them to be ${n}`);
    }
  } else if (count === 1) {
    inputs ??= n;
    outputs ??= n;
  } else {
    // From few channels to many, or from many to few: the weights of both are alike.
    if (inputs === undefined && outputs === undefined) {
      throw module.refuse(
        `${count} butterflies of ${n} channels are a layer from ${n} or to ${n} channels: give inputs and outputs`,
      );
    }
    inputs ??= n;
    outputs ??= n;
  }
  const [few, many] = [Math.min(inputs, outputs), Math.max(inputs, outputs)];
  if (layer && (few !== n || Math.ceil(many / n) !== count)) {
    throw module.refuse(
      `${outputs} outputs and ${inputs} inputs do not fit ${count} butterflies of ${n} channels`,
    );
  }
  const weights = flats.map((data) => new Float32Array(data)),
    residual = layer || module.truth("residual", false);
  if (residual && !layer && inputs !== outputs) {
    throw module.refuse(`a residual needs as many outputs as inputs, got ${outputs} and ${inputs}`);
  }
  const operator = layer
    ? new BftLayer(weights, inputs, outputs, { base })
    : new Bft(weights[0], inputs, outputs, { base, residual });
  const rows = outputs, cols = inputs;
  return {
    operators: [["", operator]],
    reference: (x) => {
      if (!layer) return transform64(flats[0], n, rows, base, x, residual);
      const y = new Float64Array(rows);
      flats.forEach((data, r) => {
        const own = cols <= rows ? x : x.subarray(r * n, (r + 1) * n), at = cols <= rows ? r * n : 0;
        const part = transform64(data, n, n, base, own, true);
        for (let i = 0; i < n && at + i < rows; i++) y[at + i] += part[i];
      });
      return y;
    },
  };
}

function flat(module: TrainedModule, name: string): Float32Array | Float64Array {
  const { shape, field, data } = module.numbers(name);
  if (shape.length !== 1 || field !== "real") throw module.misfit(name, "real numbers in one row");
  return data;
}

/** ⌈log n / log base⌉ */
function levelsOf(n: number, base: number): number {
  let levels = 0;
  for (let size = 1; size < n; size *= base) levels++;
  return levels;
}

/** The n for which there are so many weights. */
function points(length: number, base: number): number | undefined {
  for (let levels = 1; levels <= 20; levels++) {
    const n = length / (base * levels);
    if (Number.isInteger(n) && n >= 2 && n <= 2 ** 20 && levelsOf(n, base) === levels) return n;
  }
  return undefined;
}

/** The definition: each entry of the matrix is a product of weights, one for each level. */
function transform64(
  weights: ArrayLike<number>,
  n: number,
  rows: number,
  base: number,
  x: Float64Array,
  residual: boolean,
): Float64Array {
  const levels = levelsOf(n, base), y = new Float64Array(rows);
  for (let j = 0; j < rows; j++) {
    for (let i = 0; i < x.length; i++) {
      let entry = 1;
      for (let l = 0; l < levels; l++) {
        const low = base ** (levels - l);
        entry *= weights[l * base * n + (j % base) * n + i % low + Math.floor(j / low) * low];
      }
      y[j] += entry * x[i];
    }
    if (residual) y[j] += x[j] ?? 0;
  }
  return y;
}
