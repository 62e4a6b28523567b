/**
 * Weights in the order in which the kernels read them, in the cheapest form that they allow, and panels of dense
 * blocks.
 *
 * @module
 */

import type { Form } from "../kernels/record.ts";
import {
  eachVector,
  iterations,
  numbering,
  type Pass,
  planPasses,
  registerOffsets,
  type Run,
  type Target,
  weightIndex,
} from "./chain.ts";
import { divide, type Divided } from "./forms.ts";

/** One pass with its packed weights. */
export interface PackedPass {
  readonly pass: Pass;
  readonly form: Form;
  /** Whether a diagonal follows the last factor. */
  readonly scaled: boolean;
  readonly weights: Float32Array;
  /** Byte offsets of each iteration: source, destination and, with twiddles, weights. */
  readonly table: Uint32Array;
}

/**
 * Packs a run in as few passes as its weights allow: 16 registers are for passes without weights, and for some in unit
 * form; for batches, 4 registers whose weights rows share.
 */
export function packRun(run: Run, target: Target): PackedPass[] {
  if (target === "core") return packPasses(run, planPasses(run, "rows"), undefined, false)!;
  if (!run.complex && !run.reversal) {
    const signs = packPasses(run, planPasses(run, "widest"), "signs");
    if (signs) return signs;
    const shared = target === "rows" ? packPasses(run, planPasses(run, "rows"), "unit") : undefined;
    if (shared) return shared;
    const unit = packPasses(run, planPasses(run, "wide"), "unit");
    if (unit) return unit;
  }
  return packPasses(run, planPasses(run, "narrow"))!;
}

/**
 * Packs the passes of a run. Where the weights allow, the diagonal of each factor is pulled out to the left and pushed
 * into the columns of the next (unit form: one multiply-add and one weight for each output instead of two); what is left
 * at the end is one diagonal, which the last pass applies. A pass with a zero (or nearly zero) on a diagonal keeps the
 * general form; the pass before it applies what is pending. See forms.ts. With `only` the result is undefined unless all
 * passes come out in that form; without `paired` there is only the unit and the general form.
 */
function packPasses(
  run: Run,
  passes: readonly Pass[],
  only?: Form,
  paired = true,
): PackedPass[] | undefined {
  const fresh = ones(run);
  const attempt = (number: number, scale: Float64Array): Divided | undefined => {
    const divided = number < passes.length ? divide(run, passes[number], scale, paired) : undefined;
    return only && divided?.form !== only ? undefined : divided;
  };
  const packed: PackedPass[] = [];
  let current = attempt(0, fresh);
  for (const [number, pass] of passes.entries()) {
    if (!current) {
      if (only) return undefined;
      packed.push({
        pass,
        form: "general",
        scaled: false,
        weights: packGeneral(run, pass),
        table: offsets(run, pass),
      });
      current = attempt(number + 1, fresh);
      continue;
    }
    const next = attempt(number + 1, current.scale);
    const pending = next || isOne(current.scale, run.complex ? 2 : 1) ? undefined : current.scale;
    packed.push(packDivided(run, pass, current, pending));
    current = next ?? attempt(number + 1, fresh);
  }
  return packed;
}

function ones(run: Run): Float64Array {
  const unit = run.complex ? 2 : 1;
  return new Float64Array(run.n * unit).map((_, i) => i % unit === 0 ? 1 : 0);
}

function isOne(scale: Float64Array, unit: number): boolean {
  return scale.every((s, i) => s === (i % unit === 0 ? 1 : 0));
}

/** Byte offsets of the iterations of a pass, source and destination. */
function offsets(run: Run, pass: Pass): Uint32Array {
  const bytes = run.complex ? 8 : 4;
  const { from, to } = iterations(pass, run.n);
  const table = new Uint32Array(from.length * 2);
  for (let i = 0; i < from.length; i++) {
    table[2 * i] = from[i] * bytes;
    table[2 * i + 1] = to[i] * bytes;
  }
  return table;
}

function packGeneral(run: Run, pass: Pass): Float32Array {
  // A lane factor keeps its plain layout.
  if (pass.kind === "lane") return run.factors[pass.first].weights;
  const unit = run.complex ? 2 : 1;
  const result = new Float32Array(run.n * unit * 2 * pass.count);
  let at = 0;
  eachVector(pass, run.n, (factor, points) => {
    const { weights, pattern: { d } } = run.factors[factor];
    for (let partner = 0; partner < 2; partner++) {
      for (let part = 0; part < unit; part++) {
        for (const k of points) result[at++] = weights[weightIndex(d, k, partner === 1) * unit + part];
      }
    }
  });
  return result;
}

function packDivided(run: Run, pass: Pass, divided: Divided, scale: Float64Array | undefined): PackedPass {
  const { form, partners } = divided;
  const unit = run.complex ? 2 : 1, { n } = run;
  const registers = registerOffsets(pass.targets), base = iterations(pass, n).to, number = numbering(pass, n);
  // Twiddles serve the two outputs of a pair; signs need no weights at all.
  const vectors = form === "signs" ? 0 : registers.length * pass.count / (form === "twiddles" ? 2 : 1);
  const block = (vectors + (scale ? registers.length : 0)) * 4 * unit;
  const result = new Float32Array(block * base.length);
  let at = 0, visited = 0, iteration = 0;
  // Written out: this is where most of the time of packing goes.
  const put = (values: Float64Array, points: Uint32Array): void => {
    const [p, q, r, s] = points;
    if (unit === 1) {
      result[at] = values[p];
      result[at + 1] = values[q];
      result[at + 2] = values[r];
      result[at + 3] = values[s];
      at += 4;
      return;
    }
    for (let part = 0; part < 2; part++, at += 4) {
      result[at] = values[2 * p + part];
      result[at + 1] = values[2 * q + part];
      result[at + 2] = values[2 * r + part];
      result[at + 3] = values[2 * s + part];
    }
  };
  const own = new Uint32Array(4);
  const perIteration = registers.length * pass.count;
  eachVector(pass, n, (factor, points) => {
    // Of a pair the first output comes first: its partner weight is w.
    const wanted = form === "unit" || (form === "twiddles" && visited % 2 === 0);
    if (wanted) put(partners[factor - pass.first], points);
    if (++visited % perIteration !== 0) return;
    const first = base[iteration++];
    if (!scale) return;
    for (const register of registers) {
      for (let lane = 0; lane < 4; lane++) own[lane] = number(first + register + lane);
      put(scale, own);
    }
  });
  const table = offsets(run, pass), scaled = scale !== undefined;
  if (form === "twiddles") return { pass, form, scaled, ...share(result, block, table) };
  return { pass, form, scaled, weights: result, table };
}

/** Keeps equal blocks of weights once, and adds to each iteration of the table where its block is. */
function share(
  weights: Float32Array,
  block: number,
  table: Uint32Array,
): { weights: Float32Array; table: Uint32Array } {
  const bits = new Uint32Array(weights.buffer);
  const known = new Map<number, number[]>();
  const longer = new Uint32Array(table.length / 2 * 3);
  let kept = 0;
  for (let i = 0; i < table.length / 2; i++) {
    const from = i * block;
    let hash = 0;
    for (let k = 0; k < block; k++) hash = Math.imul(hash ^ bits[from + k], 0x01000193);
    const candidates = known.get(hash) ?? [];
    let at = candidates.find((start) => {
      for (let k = 0; k < block; k++) if (bits[start + k] !== bits[from + k]) return false;
      return true;
    });
    if (at === undefined) {
      at = kept;
      weights.copyWithin(kept, from, from + block);
      kept += block;
      candidates.push(at);
      known.set(hash, candidates);
    }
    longer.set([table[2 * i], table[2 * i + 1], at * 4], 3 * i);
  }
  return { weights: weights.slice(0, kept), table: longer };
}
