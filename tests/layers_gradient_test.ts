/**
 * Outputs and gradients of every layer against twins in float64, written from the definitions, and differences of these.
 */
import { deepEqual, ok, throws } from "node:assert/strict";
import {
  BatchNorm,
  Conv2d,
  type ConvOptions,
  DepthwiseConv2d,
  Dropout,
  Flatten,
  GlobalPool,
  type Layer,
  LearnedPermutation,
  Linear,
  LINEAR_STRUCTURES,
  PointwiseMix,
  Pool2d,
  Relu,
  Reshape,
  Residual,
  Sequential,
  softmaxCrossEntropy,
  SpectralFrontEnd,
  Transpose,
} from "../src/layers/mod.ts";
import {
  bitReversal,
  Butterfly,
  Chain,
  Diagonal,
  fastfood,
  mixedRadixPatterns,
  product,
  RealView,
} from "../src/mod.ts";
import { Random } from "../src/program/random.ts";
import { Bft, BftLayer } from "../src/kaleidoscope/bft.ts";
import { floats, golden, type GoldenArray, values } from "./golden/golden.ts";
import { assertClose, assertEntries } from "./helpers.ts";
import { evaluate } from "./oracle.ts";

type Numbers = ArrayLike<number>;
/** A layer in float64: the output for one batch, from the values of its parameters in order. */
type Twin = (x: Float64Array, parameters: readonly Float64Array[], batch: number) => Numbers;

const random = new Random(11);
const normals = (length: number): Float32Array => Float32Array.from({ length }, () => random.normal());

/** Applies a map of single examples to each of a batch. */
function each(one: (x: Float64Array, p: readonly Float64Array[]) => Numbers): Twin {
  return (x, p, batch) => {
    const size = x.length / batch;
    return Array.from({ length: batch }, (_, i) => Array.from(one(x.subarray(i * size, (i + 1) * size), p)))
      .flat();
  };
}

/** The dot product of a twin's output with a vector. */
function paired(twin: Twin, c: Numbers, x: Float64Array, p: readonly Float64Array[], batch: number): number {
  const y = twin(x, p, batch);
  let sum = 0;
  for (let i = 0; i < c.length; i++) sum += y[i] * c[i];
  return sum;
}

/** Checks output and all gradients of a layer on a random batch against its twin. */
function check(layer: Layer, shape: number[], twin: Twin, move = true): void {
  if (move) {
    // What was compiled before weights changed must not be used behind that.
    for (const batch of [1, 9]) {
      layer.backward(
        layer.forward({
          data: normals(batch * shape.reduce((all, n) => all * n, 1)),
          shape: [batch, ...shape],
        }, true),
      );
    }
    for (const { value } of layer.parameters) value.forEach((v, i) => value[i] = v + 0.1 * random.normal());
    layer.changed();
  }
  const batch = 3, size = shape.reduce((all, n) => all * n, 1);
  const x = { data: normals(batch * size), shape: [batch, ...shape] }, y = layer.forward(x, true);
  deepEqual(y.shape, [batch, ...layer.outputShape(shape)]);
  const c = normals(y.data.length), gx = layer.backward({ data: c, shape: y.shape });
  deepEqual(gx.shape, x.shape);
  const at = [x.data, ...layer.parameters.map(({ value }) => value)].map((v) => Float64Array.from(v));
  const [own, ...rest] = at;
  assertClose(y.data, twin(own, rest, batch), 3e-6, `${layer.name}: output`);
  const got = [gx.data, ...layer.parameters.map(({ gradient }) => gradient)];
  at.forEach((values, k) => {
    const h = 1e-5,
      want = values.map((v, i) => {
        values[i] = v + h;
        const above = paired(twin, c, own, rest, batch);
        values[i] = v - h;
        const below = paired(twin, c, own, rest, batch);
        values[i] = v;
        return (above - below) / (2 * h);
      });
    const name = k === 0 ? "input" : layer.parameters[k - 1].name;
    assertClose(got[k], want, 1e-5, `${layer.name}: gradient of ${name}`);
  });
  // A second step on other numbers of examples depends on nothing that was before.
  const first = got.map((v) => v.slice()), part = { data: x.data.slice(0, size), shape: [1, ...shape] };
  layer.backward(layer.forward(part, true));
  layer.backward({ data: c, shape: layer.forward(x, true).shape });
  got.slice(1).forEach((v, k) => deepEqual(v, first[k + 1], `${layer.name}: again`));
}

/** The twin of a layer whose parameters are the weights of its program. */
function programTwin({ map: { wiring: { program } } }: Linear): Twin {
  return (x, p) => {
    const width = program.inputWidth, rows = x.length / width;
    return Array.from(
      { length: rows },
      (_, i) => Array.from(evaluate(program, x.subarray(i * width, (i + 1) * width), p)[program.output]),
    ).flat();
  };
}

for (const structure of LINEAR_STRUCTURES.filter((name) => name !== "circulant")) {
  Deno.test(`linear layers, ${structure}: outputs and gradients, square and rectangular, with bias`, () => {
    for (const [inputs, outputs] of [[16, 16], [12, 20], [20, 12], [5, 36], [1, 3], [3, 1]]) {
      const layer = new Linear(inputs, outputs, { structure, rank: 3, seed: 1 });
      check(layer, [2, inputs], programTwin(layer));
    }
  });
}

Deno.test("linear layers, circulant: outputs and gradients are those of the columns, stacked and cut", () => {
  for (const [inputs, outputs] of [[16, 16], [12, 20], [20, 12], [3, 9], [2, 2], [1, 3]]) {
    let n = 2;
    while (n < inputs) n *= 2;
    check(
      new Linear(inputs, outputs, { structure: "circulant", seed: 1 }),
      [inputs],
      each((x, p) => {
        const bias = p[p.length - 1];
        return Array.from({ length: outputs }, (_, row) => {
          const column = p[Math.floor(row / n)];
          return x.reduce((sum, v, j) => sum + column[(row % n - j + n) % n] * v, bias[row]);
        });
      }),
    );
  }
});

Deno.test("linear layers of other operators: deeper kaleidoscopes, chains, complex ones, tied and fixed weights", () => {
  const wide = new Linear(12, 10, { structure: "kaleidoscope", blocks: 2, expansion: 2 });
  check(wide, [12], programTwin(wide));
  const twice = Butterfly.random(8, { seed: 2 });
  for (
    const operator of [
      Chain.random(mixedRadixPatterns([2, 3, 2]), { seed: 1 }),
      Butterfly.random(8, { field: "complex", seed: 1, rows: 6 }),
      product(
        Butterfly.random(8, { field: "complex" }),
        Butterfly.random(8, { seed: 1 }),
        new Diagonal(normals(8)),
      ),
    ]
  ) {
    const layer = Linear.of(operator);
    check(layer, [layer.inputs], programTwin(layer));
  }
  // One array of weights in two places.
  const tied = Linear.of(product(twice, new Diagonal(normals(8)), twice));
  ok(tied.parameters.length === 4);
  check(
    tied,
    [8],
    (x, p) => programTwin(tied)(x, [p[0], p[1], p[2], p[3], p[0], p[1], p[2]], 1),
  );
  // Of Fastfood the three diagonals alone; the Hadamard matrices stay.
  const operator = fastfood({ first: normals(8), second: normals(8), third: normals(8) }, bitReversal(8));
  const weighted = operator.program.steps.filter((step) => "weights" in step);
  const fixed = weighted.flatMap(({ kind }, k) => kind === "diagonal" ? [] : [k]);
  const food = Linear.of(operator, { fixed, bias: true });
  deepEqual(food.parameters.map(({ value }) => value.length), [8, 8, 8, 8]);
  check(food, [8], (x, p, batch) => {
    let next = 0;
    const all = food.map.wiring.program.weights.map((own, k) => fixed.includes(k) ? own : p[next++]);
    return programTwin(food)(x, all as Float64Array[], batch);
  });
});

Deno.test("linear layers take any operator with a real view, and give its results", () => {
  const operator = new RealView(Butterfly.random(4, { field: "complex", seed: 3 })), x = normals(24);
  const { data } = Linear.of(operator).forward({ data: x, shape: [3, 8] });
  deepEqual(data, operator.apply(x));
});

/** [channels][places] by a function of channels. */
function perPlace(channels: number, map: (x: Float64Array, p: readonly Float64Array[]) => Numbers): Twin {
  return each((x, p) => {
    const places = x.length / channels,
      columns = Array.from(
        { length: places },
        (_, at) => map(Float64Array.from({ length: channels }, (_, c) => x[c * places + at]), p),
      );
    return Array.from(
      { length: columns[0].length * places },
      (_, k) => columns[k % places][Math.floor(k / places)],
    );
  });
}

/** y = x + W·x, W[j][i] = Π_l weights[l·K·n + (j mod K)·n + m_l]: the formula of bft.ts for square butterflies. */
function bftSquare(n: number, base: number, x: Numbers, flat: Float64Array): number[] {
  const levels = flat.length / (base * n);
  return Array.from({ length: n }, (_, j) => {
    let sum = x[j];
    for (let i = 0; i < n; i++) {
      let w = 1;
      for (let l = 0; l < levels; l++) {
        const cut = base ** (levels - l);
        w *= flat[l * base * n + (j % base) * n + i % cut + (j - j % cut)];
      }
      sum += w * x[i];
    }
    return sum;
  });
}

Deno.test("pointwise mixes: butterfly transforms of equal, more and fewer channels, and other structures", () => {
  for (const [inputs, outputs, base] of [[8, 8, 2], [8, 20, 2], [12, 5, 4], [9, 9, 3], [7, 7, 2]]) {
    const size = Math.min(inputs, outputs), mix = new PointwiseMix(inputs, outputs, { base, seed: 1 });
    check(
      mix,
      [inputs, 2, 3],
      perPlace(inputs, (x, p) => {
        const parts = p.slice(0, -1).map((flat, r) => {
          const from = inputs <= outputs ? 0 : r * outputs;
          const some = Float64Array.from({ length: size }, (_, i) => x[from + i] ?? 0);
          return bftSquare(size, base, some, flat);
        });
        const y = inputs <= outputs
          ? parts.flat().slice(0, outputs)
          : parts.reduce((sum, part) => sum.map((v, i) => v + part[i]));
        return y.map((v, i) => v + p[p.length - 1][i]);
      }),
    );
  }
  for (const structure of ["dense", "kaleidoscope", "monarch"] as const) {
    const mix = new PointwiseMix(8, 6, { structure, seed: 2 });
    check(mix, [8, 2, 2], perPlace(8, (x, p) => programTwin(mix.linear)(x, p, 1)));
  }
  const plain = PointwiseMix.of(Butterfly.random(4, { seed: 1 }));
  check(plain, [4, 5], perPlace(4, (x, p) => programTwin(plain.linear)(x, p, 1)));
});

interface GoldenCase {
  in_channels: number;
  out_channels: number;
  K: number;
  residual?: string;
  weight?: GoldenArray;
  d_weight?: GoldenArray;
  weights?: GoldenArray[];
  d_weights?: GoldenArray[];
  input: GoldenArray;
  grad_output: GoldenArray;
  output: GoldenArray;
  d_input: GoldenArray;
}

Deno.test("pointwise mixes: outputs and gradients on NCHW are those of the original BFT code", () => {
  const file = golden<{ general_matrix: GoldenCase[]; transform: GoldenCase[] }>("bft");
  ok(file.general_matrix.length > 0 && file.transform.length > 0);
  for (const one of [...file.general_matrix, ...file.transform]) {
    const { in_channels: inputs, out_channels: outputs, K: base } = one;
    const operator = one.weights
      ? new BftLayer(one.weights.map(floats), inputs, outputs, { base })
      : new Bft(floats(one.weight!), inputs, outputs, { base, residual: one.residual !== "no_residual" });
    const mix = PointwiseMix.of(operator), label = `${inputs} to ${outputs}, base ${base}`;
    const y = mix.forward({ data: floats(one.input), shape: one.input.shape }, true);
    deepEqual(y.shape, one.output.shape);
    assertEntries(y.data, values(one.output), 1e-6, 1e-7, `${label}: output`);
    const gx = mix.backward({ data: floats(one.grad_output), shape: one.grad_output.shape });
    deepEqual(gx.shape, one.d_input.shape);
    assertEntries(gx.data, values(one.d_input), 1e-6, 1e-7, `${label}: input`);
    const wanted = one.d_weights ?? [one.d_weight!];
    deepEqual(mix.parameters.length, wanted.length);
    mix.parameters.forEach(({ gradient }, i) =>
      assertEntries(gradient, values(wanted[i]), 1e-6, 1e-7, `${label}: weights ${i}`)
    );
  }
});

/** A convolution from its definition; `groups` may be the channels. */
function convolution(
  [channels, rows, columns]: number[],
  outputs: number,
  [tall, wide]: [number, number],
  { groups = 1, stride = 1, padding = 0 }: ConvOptions,
): Twin {
  const [down, right] = typeof stride === "number" ? [stride, stride] : stride;
  const [above, before] = typeof padding === "number" ? [padding, padding] : padding;
  const height = Math.floor((rows + 2 * above - tall) / down) + 1;
  const width = Math.floor((columns + 2 * before - wide) / right) + 1;
  const some = channels / groups, own = outputs / groups;
  return each((x, [w, bias]) =>
    Array.from({ length: outputs * height * width }, (_, k) => {
      const j = k % width, i = Math.floor(k / width) % height, o = Math.floor(k / (width * height));
      let sum = bias?.[o] ?? 0;
      for (let c = 0; c < some; c++) {
        for (let u = 0; u < tall; u++) {
          for (let v = 0; v < wide; v++) {
            const row = i * down + u - above, column = j * right + v - before;
            if (row < 0 || row >= rows || column < 0 || column >= columns) continue;
            const channel = Math.floor(o / own) * some + c;
            sum += w[((o * some + c) * tall + u) * wide + v] * x[(channel * rows + row) * columns + column];
          }
        }
      }
      return sum;
    })
  );
}

Deno.test("convolutions: ordinary, grouped and depthwise, with strides, padding and odd windows", () => {
  const cases: [number[], number, [number, number], ConvOptions][] = [
    [[3, 5, 4], 2, [3, 3], { padding: 1 }],
    [[4, 6, 5], 6, [3, 2], { padding: [1, 0], stride: [2, 1], groups: 2 }],
    [[2, 1, 9], 3, [1, 4], { stride: [1, 2], padding: [0, 2], bias: false }],
    [[1, 3, 3], 1, [3, 3], {}],
    [[1, 2, 2], 2, [3, 3], { padding: 3, stride: 4 }],
    [[2, 3, 3], 4, [1, 1], {}],
  ];
  for (const [shape, outputs, size, options] of cases) {
    check(
      new Conv2d(shape[0], outputs, size, { ...options, seed: 1 }),
      shape,
      convolution(shape, outputs, size, options),
    );
    const groups = shape[0];
    check(
      new DepthwiseConv2d(groups, size, { ...options, seed: 1 }),
      shape,
      convolution(shape, groups, size, { ...options, groups }),
    );
  }
});

Deno.test("convolutions of more images than there is room for at a time are those of each", () => {
  const layer = new Conv2d(2, 3, 3, { padding: 1, seed: 1 }), count = 24, size = 2 * 32 * 32;
  const x = normals(count * size), shape = [count, 2, 32, 32];
  const y = layer.forward({ data: x, shape }, true), c = normals(y.data.length);
  const gx = layer.backward({ data: c, shape: y.shape }),
    whole = layer.parameters.map(({ gradient }) => gradient.slice());
  const sums = whole.map(({ length }) => new Float64Array(length)), each = y.data.length / count;
  for (let i = 0; i < count; i++) {
    const one = layer.forward({ data: x.subarray(i * size, (i + 1) * size), shape: [1, 2, 32, 32] }, true);
    assertClose(y.data.subarray(i * each, (i + 1) * each), one.data, 1e-6);
    const back = layer.backward({ data: c.subarray(i * each, (i + 1) * each), shape: one.shape });
    assertClose(gx.data.subarray(i * size, (i + 1) * size), back.data, 1e-6);
    layer.parameters.forEach(({ gradient }, k) => gradient.forEach((v, j) => sums[k][j] += v));
  }
  whole.forEach((gradient, k) => assertClose(gradient, sums[k], 1e-5));
});

Deno.test("normalisation: by the batch in training, by running statistics otherwise", () => {
  const twin: Twin = (x, [scale, shift], batch) => {
    const channels = scale.length, places = x.length / (batch * channels), y = new Float64Array(x.length);
    for (let c = 0; c < channels; c++) {
      const own = x.map((_, i) => i).filter((i) => Math.floor(i / places) % channels === c);
      const mean = own.reduce((sum, i) => sum + x[i], 0) / own.length;
      const variance = own.reduce((sum, i) => sum + (x[i] - mean) ** 2, 0) / own.length;
      for (const i of own) y[i] = scale[c] * (x[i] - mean) / Math.sqrt(variance + 1e-5) + shift[c];
    }
    return y;
  };
  check(new BatchNorm(3), [3, 2, 2], twin);
  check(new BatchNorm(4), [4], twin);
  const norm = new BatchNorm(2, { momentum: 1 });
  const x = { data: new Float32Array([1, 10, 3, 30]), shape: [2, 2] };
  norm.forward(x, true);
  deepEqual(norm.state.map(({ value }) => [...value]), [[2, 20], [2, 200]]); // the variance is that of a sample
  const { data } = norm.forward(x);
  assertClose(data, [-Math.SQRT1_2, -Math.SQRT1_2, Math.SQRT1_2, Math.SQRT1_2], 1e-5);
});

Deno.test("pooling: largest, mean and global", () => {
  const pool = (kind: "max" | "average", [tall, wide]: number[], [down, right]: number[]): Twin =>
    each((x) => {
      const [channels, rows, columns] = [2, 5, 4];
      const height = Math.floor((rows - tall) / down) + 1, width = Math.floor((columns - wide) / right) + 1;
      return Array.from({ length: channels * height * width }, (_, k) => {
        const j = k % width, i = Math.floor(k / width) % height, c = Math.floor(k / (width * height));
        const own = Array.from(
          { length: tall * wide },
          (_, at) => x[(c * rows + i * down + Math.floor(at / wide)) * columns + j * right + at % wide],
        );
        return kind === "max" ? Math.max(...own) : own.reduce((sum, v) => sum + v, 0) / own.length;
      });
    });
  for (const kind of ["max", "average"] as const) {
    check(new Pool2d(kind, 2), [2, 5, 4], pool(kind, [2, 2], [2, 2]));
    check(new Pool2d(kind, [3, 2], { stride: [1, 2] }), [2, 5, 4], pool(kind, [3, 2], [1, 2]));
  }
  check(
    new GlobalPool(),
    [2, 3, 2],
    each((x) => [0, 6].map((at) => x.subarray(at, at + 6).reduce((sum, v) => sum + v, 0) / 6)),
  );
});

Deno.test("layers without weights: rectifier, reshaping, transposition, and those around others", () => {
  check(new Relu(), [7], each((x) => x.map((v) => Math.max(v, 0))));
  check(new Flatten(), [2, 3], each((x) => x));
  check(new Reshape([3, 2]), [6], each((x) => x));
  check(
    new Transpose(),
    [2, 17, 18],
    each((x) =>
      Float64Array.from(x, (_, k) => {
        const at = Math.floor(k / 306) * 306, j = Math.floor((k - at) / 17), i = (k - at) % 17;
        return x[at + i * 18 + j];
      })
    ),
  );
  const inner = new Linear(6, 6, { seed: 1 });
  check(
    new Residual([new Reshape([6]), inner, new Reshape([6])]),
    [6],
    (x, p, batch) => Array.from(programTwin(inner)(x, p, batch), (v, i) => v + x[i]),
  );
  const first = new Linear(4, 5, { seed: 1 }), second = new Linear(5, 2, { seed: 2 });
  check(new Sequential([first, new Sequential([new Relu(), second])]), [4], (x, p, batch) => {
    const middle = Float64Array.from(programTwin(first)(x, p.slice(0, 2), batch), (v) => Math.max(v, 0));
    return programTwin(second)(middle, p.slice(2), batch);
  });
});

Deno.test("dropout: keeps the mean, is the same for the same seed and step, and does nothing in inference", () => {
  const x = { data: new Float32Array(20000).fill(1), shape: [2, 10000] },
    layer = new Dropout(0.25, { seed: 3 });
  const y = layer.forward(x, true).data, other = layer.forward(x, true).data;
  ok(y.every((v) => v === 0 || Math.abs(v - 4 / 3) < 1e-6) && y.join() !== other.join());
  ok(Math.abs(y.reduce((sum, v) => sum + v, 0) / y.length - 1) < 0.02);
  deepEqual(layer.backward(x).data, other);
  deepEqual(new Dropout(0.25, { seed: 3 }).forward(x, true).data, y);
  deepEqual(layer.forward(x).data, x.data);
});

const sigma = (v: number): number => 1 / (1 + Math.exp(-v));

/** Blocks [[p, 1 − p], [1 − p, p]], decreasing and then increasing strides, along an axis. */
function permutationTwin(axes: number[]): Twin {
  return each((x, p) => {
    let y = Float64Array.from(x), unit = x.length;
    axes.forEach((n, axis) => {
      unit /= n;
      const levels = Math.log2(n), order = Array.from({ length: levels }, (_, l) => l);
      for (const [butterfly, strides] of [order.toReversed(), order].entries()) {
        for (const level of strides) {
          const stride = 2 ** level;
          y = y.map((_, k) => {
            const point = Math.floor(k / unit) % n, partner = k + (point ^ stride) * unit - point * unit;
            const low = point & ~stride, pair = Math.floor(low / (2 * stride)) * stride + low % stride;
            const q = sigma(p[axis][(butterfly * levels + level) * n / 2 + pair]);
            return q * y[k] + (1 - q) * y[partner];
          });
        }
      }
    });
    return y;
  });
}

Deno.test("learned permutations: the mean and its gradients, the rounded permutation, draws, the entropy", () => {
  check(new LearnedPermutation([8], { seed: 1 }), [8], permutationTwin([8]), false);
  check(new LearnedPermutation([2, 4], { seed: 1 }), [2, 4], permutationTwin([2, 4]), false);
  const layer = new LearnedPermutation([4, 4], { seed: 5, sample: true });
  layer.temperature = 1e-9;
  const x = { data: Float32Array.from({ length: 16 }, (_, i) => i), shape: [1, 4, 4] };
  // Draws so cold are permutations, other ones each time; out of training it is the likeliest.
  const draws = [1, 2, 3, 4].map(() => layer.forward(x, true).data);
  for (const data of draws) deepEqual([...data].sort((a, b) => a - b), [...x.data]);
  ok(new Set(draws.map((data) => data.join())).size > 1);
  deepEqual([...layer.forward(x).data], [...layer.index()]);
  // The penalty is the entropy, in nats.
  const penalty = (): number => {
    let sum = 0;
    for (const { value } of layer.parameters) {
      for (const logit of value) {
        const p = sigma(logit);
        sum -= p * Math.log(p) + (1 - p) * Math.log(1 - p);
      }
    }
    return 0.3 * sum;
  };
  layer.entropy = 0.3;
  const [{ value, gradient }] = layer.parameters;
  gradient.fill(0);
  ok(Math.abs(layer.penalize() - penalty()) < 1e-9);
  const slope = gradient[2],
    before = value[2],
    above = Math.fround(before + 2 ** -8),
    below = Math.fround(before - 2 ** -8);
  value[2] = above;
  const high = penalty();
  value[2] = below;
  ok(Math.abs(slope - (high - penalty()) / (above - below)) < 1e-4 * Math.abs(slope) + 1e-5);
});

Deno.test("spectral front ends begin as the exact Fourier transform, in every structure", () => {
  const length = 24, points = 32, x = normals(2 * length);
  const want = Array.from({ length: 2 * 17 }, (_, k) => {
    let re = 0, im = 0;
    for (let i = 0; i < length; i++) {
      const v = x[Math.floor(k / 17) * length + i] * (0.5 - 0.5 * Math.cos(2 * Math.PI * i / length));
      re += v * Math.cos(2 * Math.PI * (k % 17) * i / points) / Math.sqrt(points);
      im -= v * Math.sin(2 * Math.PI * (k % 17) * i / points) / Math.sqrt(points);
    }
    return Math.log(re * re + im * im + 1e-6);
  });
  for (const structure of ["kaleidoscope", "butterfly", "dense"] as const) {
    const { data } = new SpectralFrontEnd(length, { structure }).forward({ data: x, shape: [2, length] });
    assertClose(data, want, 1e-5, structure);
  }
});

Deno.test("spectral front ends: gradients through power, filters and logarithm, along any axes", () => {
  const filters = Float32Array.from({ length: 9 * 4 }, () => random.uniform());
  for (const structure of ["kaleidoscope", "butterfly", "dense"] as const) {
    for (
      const options of [{ epsilon: 0.1 }, { filters, epsilon: 0.1 }, {
        bins: 5,
        epsilon: 0.1,
        window: normals(12),
      }]
    ) {
      const front = new SpectralFrontEnd(12, { ...options, structure }),
        fixed = structure === "dense" ? 0 : 1;
      const { program } = front.map.wiring, sums = options.filters, bins = program.outputWidth / 2;
      check(front, [2, 12], (x, p) =>
        Array.from({ length: x.length / 12 }, (_, row) => {
          const weights = [...program.weights.slice(0, fixed), ...p];
          const z = evaluate(program, x.subarray(row * 12, row * 12 + 12), weights)[program.output];
          const power = Array.from({ length: bins }, (_, k) => z[2 * k] ** 2 + z[2 * k + 1] ** 2);
          const all = sums
            ? Array.from({ length: 4 }, (_, f) => power.reduce((sum, v, k) => sum + v * sums[4 * k + f], 0))
            : power;
          return all.map((v) => Math.log(v + 0.1));
        }).flat());
    }
  }
  const still = new SpectralFrontEnd(16, { trainable: false });
  deepEqual(still.parameters, []);
});

Deno.test("the cross-entropy and its gradient", () => {
  const logits = normals(12),
    labels = [2, 0, 3],
    loss = (v: Numbers): number =>
      labels.reduce((sum, label, row) => {
        const own = Array.from({ length: 4 }, (_, k) => v[4 * row + k]);
        return sum + Math.log(own.reduce((all, one) => all + Math.exp(one), 0)) - own[label];
      }, 0) / 3;
  const value = softmaxCrossEntropy({ data: logits, shape: [3, 4] }, labels), at = Float64Array.from(logits);
  ok(Math.abs(value.loss - loss(at)) < 1e-6);
  const want = at.map((v, i) => {
    at[i] = v + 1e-5;
    const above = loss(at);
    at[i] = v - 1e-5;
    const below = loss(at);
    at[i] = v;
    return (above - below) / 2e-5;
  });
  assertClose(value.gradient.data, want, 1e-5);
  // Logits far from zero overflow nowhere.
  const far = softmaxCrossEntropy({ data: new Float32Array([3e38, -3e38]), shape: [1, 2] }, [0]);
  deepEqual([far.loss, far.correct, ...far.gradient.data], [0, 1, 0, 0]);
});

Deno.test("first weights keep the size of vectors, through twelve layers of every structure", () => {
  const count = 20,
    size = (v: Numbers): number => Math.sqrt(Array.from(v).reduce((sum, w) => sum + w * w, 0) / v.length);
  const depth = (make: (seed: number) => Layer, shape: number[]): number => {
    const length = shape.reduce((all, n) => all * n, count);
    let x = { data: normals(length), shape: [count, ...shape] };
    const before = size(x.data);
    for (let k = 0; k < 12; k++) x = make(k).forward(x) as typeof x;
    return size(x.data) / before;
  };
  for (const structure of LINEAR_STRUCTURES) {
    const square = depth((seed) => new Linear(256, 256, { structure, rank: 64, blocks: 2, seed }), [256]);
    ok(square > 0.5 && square < 2, `${structure}: ${square}`);
    // To and fro between sizes, with padding and stacks; √2 makes up for the half that a rectifier takes.
    const mixed = depth((seed) => {
      const [a, b] = seed % 2 === 0 ? [96, 160] : [160, 96];
      const linear = new Linear(a, b, { structure, rank: 64, gain: Math.SQRT2, seed });
      return new Sequential([linear, new Relu()]);
    }, [96]);
    ok(mixed > 0.3 && mixed < 3, `${structure}, rectified: ${mixed}`);
  }
  const mix = depth((seed) => new PointwiseMix(64, 64, { base: 4, seed }), [64, 2, 2]);
  ok(mix > 0.9 && mix < 2, `bft: ${mix}`); // a tenth of variance for each
  const conv = depth((seed) => new Conv2d(8, 8, 3, { seed, gain: 1 }), [8, 30, 30]);
  ok(conv > 0.3 && conv < 3, `convolution: ${conv}`);
});

Deno.test("what a layer does not take is refused in a sentence", () => {
  const tensor = (...shape: number[]): { data: Float32Array; shape: number[] } => ({
    data: new Float32Array(shape.reduce((all, n) => all * n, 1)),
    shape,
  });
  const linear = new Linear(4, 2, { structure: "dense" });
  throws(
    () => linear.backward(tensor(1, 2)),
    /Cannot go backward through linear 4→2 \(dense\): there was no forward step/,
  );
  throws(
    () => linear.forward(tensor(2, 5)),
    /linear 4→2 \(dense\): expected vectors of 4 numbers, got examples of 5/,
  );
  throws(
    () => linear.forward({ data: new Float32Array(7), shape: [2, 4] }),
    /of shape 2×4 needs 8 numbers, got 7/,
  );
  throws(() => linear.forward({ data: [1], shape: [1] } as never), /not a Float32Array but an Array/);
  throws(() => linear.forward(undefined as never), /not a tensor of data and shape but undefined/);
  throws(
    () => linear.forward({ data: new Float32Array(0), shape: [0, 4] }),
    /positive whole numbers, the batch first/,
  );
  linear.forward(tensor(3, 4), true);
  throws(() => linear.backward(tensor(2, 2)), /expected a cotangent of shape 3×2, got 2×2/);
  throws(() => new Linear(0, 2), /inputs must be a whole number from 1/);
  throws(() => new Linear(2, 2, { structure: "fast" as never }), /structure must be one of dense, low rank/);
  throws(
    () => new Linear(2, 2, { structure: "low rank", rank: 3 }),
    /rank must be a whole number from 1 to 2/,
  );
  throws(
    () => new Linear(4, 4, { structure: "kaleidoscope", expansion: 3 }),
    /expansion must be a power of two/,
  );
  throws(() => new Linear(4, 4, { structure: "monarch", p: 3 }), /p must divide the 4 rows/);
  throws(() => new Linear(2, 2, { gain: 0 }), /gain must be a positive finite number/);
  throws(() => Linear.of({} as never), /not an operator/);
  throws(() => new Conv2d(4, 6, 3, { groups: 3 }), /3 groups do not divide 4 and 6 channels/);
  throws(() => new Conv2d(1, 1, 3, { stride: 0 }), /stride must be a whole number from 1/);
  throws(() => new Conv2d(1, 1, [3] as never), /size must be a number or two, got \[3\]/);
  throws(
    () => new Conv2d(1, 1, 3).forward(tensor(1, 1, 2, 2)),
    /expected images of at least 3×3, got examples of 1×2×2/,
  );
  throws(() => new DepthwiseConv2d(2, 3).forward(tensor(1, 3, 4, 4)), /expected images of 2 channels/);
  throws(() => new Pool2d("median" as never, 2), /kind must be "max" or "average"/);
  throws(() => new BatchNorm(2).forward(tensor(1, 3)), /expected 2 channels, got examples of 3/);
  throws(() => new BatchNorm(2, { momentum: 2 }), /momentum must be in \(0, 1\]/);
  throws(() => new Reshape([4]).forward(tensor(1, 5)), /expected 4 numbers, got examples of 5/);
  throws(() => new Reshape([0]), /sizes must be positive whole numbers, got \[0\]/);
  throws(() => new Transpose().forward(tensor(1, 5)), /at least two axes/);
  throws(() => new Dropout(1), /probability must be from 0 to below 1, got 1/);
  throws(() => new LearnedPermutation([6]), /n is 6, expected a power of two/);
  throws(() => new LearnedPermutation([]), /at least one axis/);
  throws(() => new LearnedPermutation([4]).forward(tensor(1, 6)), /a multiple of 4 numbers/);
  throws(() => new SpectralFrontEnd(20, { points: 16 }), /points must be at least the length 20, got 16/);
  throws(() => new SpectralFrontEnd(20, { points: 24 }), /points must be a power of two/);
  throws(
    () => new SpectralFrontEnd(8, { window: "flat" as never }),
    /window must be "hann", "none" or numbers/,
  );
  throws(
    () => new SpectralFrontEnd(8, { filters: new Float32Array(7) }),
    /expected 10|expected 5 floats of filters/,
  );
  throws(() => new SpectralFrontEnd(8, { structure: "low" as never }), /structure must be "kaleidoscope"/);
  throws(() => new PointwiseMix(4, 4, { base: 1 }), /base must be at least 2/);
  throws(() => new Sequential([]), /at least one layer/);
  throws(() => new Sequential([linear, linear]), /each of them once/);
  throws(() => new Sequential([{} as never]), /expected a list of layers/);
  throws(
    () => new Sequential([new Relu(), linear]).forward(tensor(1, 3)),
    /expected vectors of 4 numbers, got examples of 3 \(layer 1 of a network of 2 layers\)/,
  );
  throws(() => new Residual([new Linear(3, 2)]).forward(tensor(1, 3)), /it makes 2 of 3/);
  throws(() => softmaxCrossEntropy(tensor(2, 3), [0]), /a label for each, got 2×3 and 1 labels/);
  throws(() => softmaxCrossEntropy(tensor(1, 3), [1.5]), /label 0 is 1.5, expected one of 0 to 2/);
});
