/** Random programs for the tests: recipes that fast-check can draw and shrink, and what makes programs of them. */
import fc from "fast-check";
import { bitReversal } from "../src/operator/permutation.ts";
import { type Program, ProgramBuilder, promote } from "../src/program/program.ts";
import { Random } from "../src/program/random.ts";
import { type Field, floats } from "../src/program/step.ts";

/** How the weights of a program are drawn: see {@link weight}. */
export type Style = "normal" | "zeros" | "scaled";

/** One or a few steps; the numbers choose sizes and operands. */
export interface Ingredient {
  kind:
    | "run"
    | "transform"
    | "undo"
    | "factor"
    | "diagonal"
    | "gather"
    | "scatter"
    | "dense"
    | "window"
    | "add"
    | "concat"
    | "bias";
  choices: [number, number, number, number];
}

export interface Recipe {
  field: Field | "mixed";
  width: number;
  steps: Ingredient[];
  style: Style;
  seed: number;
  batch: number;
}

const MOST = 400;

const kinds: Ingredient["kind"][] = [
  "run",
  "run",
  "transform",
  "transform",
  "undo",
  "factor",
  "diagonal",
  "gather",
  "scatter",
  "dense",
  "window",
  "add",
  "concat",
  "bias",
];

/** Widths that divide in many ways, small ones and others. */
const width = fc.oneof(
  fc.constantFrom(4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256),
  fc.integer({ min: 1, max: 9 }),
  fc.integer({ min: 1, max: 130 }),
);

/** Recipes of programs; "mixed" ones begin real and go on complex. */
export function recipes(
  options: { style?: Style; most?: number; batches?: number } = {},
): fc.Arbitrary<Recipe> {
  const { style, most = 6, batches = 70 } = options;
  const choice = fc.nat(1000);
  return fc.record({
    field: fc.constantFrom("real" as const, "complex" as const, "mixed" as const),
    width,
    steps: fc.array(
      fc.record({ kind: fc.constantFrom(...kinds), choices: fc.tuple(choice, choice, choice, choice) }),
      { minLength: 1, maxLength: most },
    ),
    style: style ? fc.constant(style) : fc.constantFrom("normal" as const, "zeros" as const),
    seed: fc.nat(10000),
    batch: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: batches })),
  });
}

function divisors(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i + 1).filter((d) => n % d === 0);
}

/** One number of a field; complex ones have E|z|² = 1 too. */
function number(random: Random, unit: number): number[] {
  return Array.from({ length: unit }, () => random.normal() / Math.sqrt(unit));
}

/** Weights: normal, with exact zeros here and there, or with sizes from 1e-12 to 1e12. */
export function weights(
  random: Random,
  count: number,
  field: Field,
  style: Style,
  scale: number,
): Float32Array {
  const unit = floats(field), result = new Float32Array(count * unit);
  for (let k = 0; k < count; k++) {
    let size = scale;
    if (style === "zeros" && random.uniform() < 0.2) size = 0;
    if (style === "scaled" && random.uniform() < 0.3) size = 10 ** (24 * random.uniform() - 12);
    result.set(number(random, unit).map((v) => v * size), k * unit);
  }
  return result;
}

/**
 * A butterfly factor of blocks [[a, b], [c, d]]: "any"; "signs" [[1, 1], [1, −1]]; "twiddles" [[1, w], [1, −w]];
 * "scaled", twiddles (signs for real numbers) with rows and columns scaled, so that ad = −bc up to rounding; "nearly",
 * twiddles with d off by 1e-5, which float32 can tell. With `spoilt` one block is of another form.
 */
export function blocks(
  random: Random,
  n: number,
  stride: number,
  field: Field,
  style: Style,
  form: string,
  spoilt: boolean,
): Float32Array {
  const unit = floats(field), result = weights(random, 2 * n, field, style, Math.SQRT1_2);
  if (form === "any" || form === "zeros") return result;
  const spoil = spoilt ? random.integer(n / 2) : -1;
  const times = ([a, b]: number[], [c, d]: number[]): number[] => [a * c - b * d, a * d + b * c];
  for (let i = 0; i < n / 2; i++) {
    if (i === spoil) continue;
    const turn = 2 * Math.PI * random.uniform();
    const w = form === "signs" || unit === 1 ? [1, 0] : [Math.cos(turn), Math.sin(turn)];
    // Powers of two keep real signs exact; any number will do for complex ones.
    const size = (): number[] =>
      form !== "scaled" ? [1, 0] : unit === 1 ? [2 ** (random.integer(5) - 2), 0] : number(random, 2);
    const rows = [size(), size()], columns = [size(), size()];
    [[1, 0], w, [1, 0], [-w[0], -w[1]]].forEach((value, entry) => {
      const [re, im] = times(times(rows[entry >> 1], columns[entry & 1]), value);
      const at = (Math.floor(i / stride) * 4 * stride + entry * stride + i % stride) * unit;
      const off = form === "nearly" && entry === 3 ? 1 + 1e-5 : 1;
      result[at] = re * off;
      if (unit === 2) result[at + 1] = im * off;
    });
  }
  return result;
}

function addStep(
  builder: ProgramBuilder,
  values: number[],
  { kind, choices: [p, q, r, s] }: Ingredient,
  field: Field,
  style: Style,
  random: Random,
): void {
  const unit = floats(field);
  const from = values[values.length - 1], n = builder.width(from) / unit;
  const push = (value: number): void => {
    if (value !== values[values.length - 1]) values.push(value);
  };
  switch (kind) {
    case "run": {
      // Any strides in any order, equal ones and those that are no power of two included.
      const strides = divisors(n).filter((d) => n % (2 * d) === 0);
      if (strides.length === 0) return;
      const choices = new Random(q);
      const ordered = p % 3, count = 1 + r % 9;
      for (let i = 0; i < count; i++) {
        const at = ordered === 0
          ? i % strides.length
          : ordered === 1
          ? (strides.length - 1) - i % strides.length
          : choices.integer(strides.length);
        const d = strides[at];
        const w = weights(random, 2 * n, field, style, Math.SQRT1_2);
        push(builder.factor(values[values.length - 1], { a: n / (2 * d), b: 2, c: 2, d }, field, w));
      }
      return;
    }
    case "transform": {
      // A whole butterfly with bit reversals in front or behind, its blocks of a form that has kernels of its own.
      if ((n & (n - 1)) !== 0) return;
      const levels = Math.log2(n), reversal = bitReversal(n);
      if (q & 1) push(builder.permutation(values[values.length - 1], reversal, unit, (r & 1) === 1));
      for (let i = 0; i < levels; i++) {
        const d = 2 ** (p % 2 ? i : levels - 1 - i);
        const w = blocks(
          random,
          n,
          d,
          field,
          style,
          ["any", "signs", "twiddles", "scaled", "nearly"][s % 5],
          p % 5 === 0,
        );
        push(builder.factor(values[values.length - 1], { a: n / (2 * d), b: 2, c: 2, d }, field, w));
      }
      if (q & 2) push(builder.permutation(values[values.length - 1], reversal, unit, (r & 2) === 2));
      return;
    }
    case "undo": {
      // Something and then its inverse, exactly or nearly: what a simplification may or may not leave out.
      const off = [1, 1, 1 + 1e-5][q % 3];
      if (p % 3 === 0) {
        const index = new Random(p).permutation(n);
        push(builder.permutation(from, index, unit));
        return push(builder.permutation(values[values.length - 1], index, unit, true));
      }
      if (p % 3 === 1) {
        const w = new Float32Array(n * unit).map((_, k) => k % unit === 0 ? 2 ** (random.integer(9) - 4) : 0);
        push(builder.diagonal(from, field, w));
        const back = w.map((v) => v === 0 ? 0 : off / v);
        return push(builder.diagonal(values[values.length - 1], field, back));
      }
      const strides = divisors(n).filter((d) => n % (2 * d) === 0);
      if (strides.length === 0) return;
      const d = strides[r % strides.length], pattern = { a: n / (2 * d), b: 2, c: 2, d };
      const turn = new Float32Array(2 * n * unit), back = new Float32Array(2 * n * unit);
      for (let i = 0; i < n / 2; i++) {
        const angle = 2 * Math.PI * random.uniform(), c = Math.cos(angle), u = Math.sin(angle);
        [c, -u, u, c].forEach((value, entry) => {
          const at = (Math.floor(i / d) * 4 * d + entry * d + i % d) * unit;
          turn[at] = value;
          back[at] = entry === 0 || entry === 3 ? value * off : -value * off;
        });
      }
      push(builder.factor(from, pattern, field, turn));
      return push(builder.factor(values[values.length - 1], pattern, field, back));
    }
    case "factor": {
      const d = divisors(n)[p % divisors(n).length], c = divisors(n / d)[q % divisors(n / d).length];
      const a = n / (c * d), b = 1 + r % 4;
      if (a * b * d > MOST) return;
      const w = weights(random, a * b * c * d, field, style, 1 / Math.sqrt(c));
      return push(builder.factor(from, { a, b, c, d }, field, w));
    }
    case "diagonal":
      return push(builder.diagonal(from, field, weights(random, n, field, style, 1)));
    case "gather":
    case "scatter": {
      const index = new Random(p).permutation(n);
      return push(builder.permutation(from, index, unit, kind === "scatter"));
    }
    case "dense": {
      const rows = 1 + p % 70;
      return push(
        builder.dense(from, rows, n, field, weights(random, rows * n, field, style, 1 / Math.sqrt(n))),
      );
    }
    case "window":
      return push(builder.window(from, (1 + p % (n + 10)) * unit, (q % (2 * n + 10) - 5 - (r % n)) * unit));
    case "add": {
      const same = values.filter((value) => builder.width(value) === n * unit);
      return push(
        builder.add([from, same[p % same.length], ...(r % 3 === 0 ? [same[q % same.length]] : [])]),
      );
    }
    case "concat": {
      const other = values[p % values.length];
      if (builder.width(other) + n * unit > MOST * unit) return;
      return push(builder.concat(s % 2 ? [from, other] : [other, from, ...(r % 5 === 0 ? [from] : [])]));
    }
    case "bias":
      return push(builder.bias(from, field, weights(random, n, field, style, 1)));
  }
}

function straight(
  field: Field,
  width: number,
  recipe: Recipe,
  steps: readonly Ingredient[],
  random: Random,
): Program {
  const builder = new ProgramBuilder(width * floats(field));
  const values = [0];
  for (const step of steps) addStep(builder, values, step, field, recipe.style, random);
  return builder.build(values[values.length - 1]);
}

/** The program of a recipe, and whether its vectors are complex. */
export function programOf(recipe: Recipe): { program: Program; complex: boolean } {
  const random = new Random(recipe.seed);
  const { field, width, steps } = recipe;
  if (field !== "mixed") {
    return { program: straight(field, width, recipe, steps, random), complex: field === "complex" };
  }
  const half = Math.ceil(steps.length / 2);
  const first = promote(straight("real", width, recipe, steps.slice(0, half), random));
  const second = straight("complex", first.outputWidth / 2, recipe, steps.slice(half), random);
  const builder = new ProgramBuilder(first.inputWidth);
  return { program: builder.build(builder.append(builder.append(0, first), second)), complex: true };
}

/** A batch of normal vectors. */
export function vectors(random: Random, length: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length }, () => random.normal());
}

/**
 * A permutation of n elements with long stretches: cut into pieces, some of which are parted into every second element,
 * or turned round; the pieces shuffled, and some interleaved again.
 */
export function stretches(random: Random, n: number): Uint32Array<ArrayBuffer> {
  let pieces: number[][] = [];
  for (let at = 0; at < n;) {
    const length = Math.min(n - at, random.uniform() < 0.3 ? n : 1 + random.integer(Math.max(1, n >> 1)));
    const piece = Array.from({ length }, (_, i) => at + i);
    if (random.uniform() < 0.5) pieces.push(piece);
    else pieces.push(piece.filter((i) => (i - at) % 2 === 0), piece.filter((i) => (i - at) % 2 === 1));
    at += length;
  }
  pieces = pieces.map((piece) => random.uniform() < 0.5 ? piece.reverse() : piece);
  random.shuffle(pieces);
  const result: number[] = [];
  for (let p = 0; p < pieces.length; p++) {
    const next = pieces[p + 1];
    if (next?.length === pieces[p].length && random.uniform() < 0.5) {
      pieces[p].forEach((i, k) => result.push(i, next[k]));
      p++;
    } else result.push(...pieces[p]);
  }
  return Uint32Array.from(result);
}

/** How four streams of d numbers lie: one after another, two by two, or not as streams at all. */
export type Arrangement = "single" | "pairs" | "none";

/**
 * Where entry δ of stream s of block i lies, at (i·4 + s)·d + δ: streams in any order and direction; the first entries of
 * the streams of each block may have changed places.
 */
function arrange(
  random: Random,
  a: number,
  d: number,
  arrangement: Arrangement,
  turns: boolean,
): Uint32Array {
  const at = new Uint32Array(4 * a * d);
  if (arrangement === "none") {
    at.forEach((_, i) => at[i] = i);
    return random.shuffle(at);
  }
  const pairs = arrangement === "pairs", count = pairs ? 2 : 4;
  const order = Array.from({ length: count }, (_, s) => s);
  if (!turns) random.shuffle(order);
  const last = pairs || random.uniform() < 0.5 ? 1 : 0;
  const down = order.map((_, s) => turns ? (s & 1) === last : random.uniform() < 0.5);
  const change = random.uniform() < 0.5;
  for (let i = 0; i < a; i++) {
    for (let s = 0; s < 4; s++) {
      const piece = pairs ? s >> 1 : s, unit = 4 / count;
      for (let delta = 0; delta < d; delta++) {
        const along = down[piece] ? d - 1 - delta : delta;
        at[(i * 4 + s) * d + delta] = i * 4 * d + (order[piece] * d + along) * unit + (pairs ? s & 1 : 0);
      }
    }
    const firsts = [0, 1, 2, 3].map((s) => (i * 4 + s) * d);
    if (change) [1, 2, 3].forEach((s) => [at[firsts[s]], at[firsts[0]]] = [at[firsts[0]], at[firsts[s]]]);
  }
  return at;
}

/**
 * A factor of 4×4 blocks between two permutations. "rotations" are [[r, −s], [s, r]], with the signs of stream 3 changed
 * where it is read or written if `negated` says so; with `turns` directions alternate, as in real transforms.
 */
export function streamsProgram(
  random: Random,
  { a, d, input, output, rotations, negated, turns }: {
    a: number;
    d: number;
    input: Arrangement;
    output: Arrangement;
    rotations: boolean;
    negated: "input" | "output" | undefined;
    turns: boolean;
  },
): Program {
  const values = weights(random, 16 * a * d, "real", "normal", 0.5);
  for (let i = 0; rotations && i < 4 * a; i++) {
    const corner = (Math.floor(i / 4) * 16 + (i & 2) * 4 + (i & 1) * 2) * d;
    const sign = (negated === "input" && i & 1) || (negated === "output" && i & 2) ? -1 : 1;
    for (let delta = corner; delta < corner + d; delta++) {
      values[delta + 5 * d] = sign * values[delta];
      values[delta + d] = -sign * values[delta + 4 * d];
    }
  }
  const builder = new ProgramBuilder(4 * a * d);
  const gather = builder.permutation(0, arrange(random, a, d, input, turns), 1);
  const blocks = builder.factor(gather, { a, b: 4, c: 4, d }, "real", values);
  return builder.build(builder.permutation(blocks, arrange(random, a, d, output, turns), 1, true));
}

/**
 * A regular permutation of 2n floats, the bit reversal of n complex numbers, and a butterfly whose first factor has blocks
 * [[1, w], [1, −w]] with w = ±1, the others any of that form.
 */
export function halvedProgram(random: Random, n: number, form: string): Program {
  const builder = new ProgramBuilder(2 * n), named = random.integer(3), w = random.uniform() < 0.5 ? 1 : -1;
  const index = Uint32Array.from({ length: 2 * n }, (_, j) => {
    if (named === 0) return j < n ? 2 * j : 2 * (2 * n - 1 - j) + 1;
    return named === 1 ? 2 * n - 1 - j : (j + n) % (2 * n);
  });
  let value = builder.permutation(builder.permutation(0, index, 1), bitReversal(n), 2);
  for (let d = 1; d < n; d *= 2) {
    const style = form === "zeros" ? "zeros" : "normal",
      any = blocks(random, n, d, "complex", style, form, false);
    const signs = Float32Array.from({ length: 4 * n }, (_, k) => [1, 0, w, 0, 1, 0, -w, 0][k % 8]);
    value = builder.factor(value, { a: n / (2 * d), b: 2, c: 2, d }, "complex", d === 1 ? signs : any);
  }
  return builder.build(value);
}
