import assert from "node:assert/strict";
import fc from "fast-check";
import { blockDiagonal } from "../src/operator/block_diagonal.ts";
import { loadOperator, saveOperator } from "../src/io/operator_file.ts";
import { readSafetensors, type Tensor, writeSafetensors } from "../src/io/safetensors.ts";
import { Convolution } from "../src/kaleidoscope/convolution.ts";
import { Repeated } from "../src/kaleidoscope/transforms/axes.ts";
import { dct1 } from "../src/kaleidoscope/transforms/cosine_one.ts";
import { dct2, dst4 } from "../src/kaleidoscope/transforms/cosine.ts";
import { dft } from "../src/kaleidoscope/transforms/dft.ts";
import { haar } from "../src/kaleidoscope/transforms/haar.ts";
import { hartley } from "../src/kaleidoscope/transforms/hartley.ts";
import { householder, orthogonalProduct, singularProduct } from "../src/kaleidoscope/reflections.ts";
import { Base4Butterfly, toBase4 } from "../src/operator/base4.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { Dense } from "../src/operator/dense.ts";
import { Diagonal } from "../src/operator/diagonal.ts";
import { Operator, Transposed } from "../src/operator/operator.ts";
import { Kronecker, kronecker } from "../src/operator/kronecker.ts";
import { OrthogonalButterfly } from "../src/operator/orthogonal.ts";
import { Permutation } from "../src/operator/permutation.ts";
import { product } from "../src/operator/product.ts";
import { Window } from "../src/operator/window.ts";
import { corner } from "../src/operator/corner.ts";
import { sum } from "../src/operator/sum.ts";
import type { Program } from "../src/program/program.ts";
import { Random } from "../src/program/random.ts";
import { floats } from "../src/program/step.ts";

const numbers = (length: number, seed: number): Float32Array<ArrayBuffer> => {
  const random = new Random(seed);
  return Float32Array.from({ length }, () => random.normal());
};

const field = fc.constantFrom("real" as const, "complex" as const);
const seed = fc.integer({ min: 0, max: 1e9 });

/** Operators of one part of a given shape. */
function leaf(rows: number, cols: number): fc.Arbitrary<Operator> {
  const butterfly = fc.record({
    field,
    seed,
    increasing: fc.boolean(),
    blocks: fc.integer({ min: 1, max: 3 }),
    bias: fc.boolean(),
  }).map((options) => Butterfly.random(cols, { rows, ...options }));
  const dense = fc.tuple(field, seed).map(([field, seed]) =>
    new Dense(rows, cols, numbers(rows * cols * floats(field), seed), field)
  );
  const others = butterfly.chain((map) =>
    fc.constantFrom<Operator>(
      toBase4(map),
      OrthogonalButterfly.random(cols, { ...map, seed: rows, bias: !!map.bias }),
    )
  );
  if (rows !== cols) return fc.oneof(butterfly, dense, others);
  const permutation = fc.tuple(field, seed).map(([field, seed]) =>
    new Permutation(new Random(seed).permutation(rows), field)
  );
  const diagonal = fc.tuple(field, seed).map(([field, seed]) =>
    new Diagonal(numbers(rows * floats(field), seed), field)
  );
  return fc.oneof(butterfly, dense, permutation, diagonal, others);
}

/** A leaf without a bias. */
function linear(rows: number, cols: number): fc.Arbitrary<Operator> {
  return leaf(rows, cols).map((one) => one.transpose().transpose());
}

/** Leaves, two of them on a diagonal, repeated ones, and transposes and adjoints of leaves. */
function part(rows: number, cols: number): fc.Arbitrary<Operator> {
  const copies = [2, 3].filter((k) => rows % k === 0 && cols % k === 0).flatMap((k) => [
    leaf(rows / k, cols / k).map((one): Operator => new Repeated(one, k)),
    fc.tuple(linear(rows / k, cols / k), linear(k, k), fc.boolean())
      .map(([one, other, first]): Operator => first ? kronecker(one, other) : kronecker(other, one)),
  ]);
  const halves = rows > 1 && cols > 1
    ? [fc.tuple(leaf(1, 1), leaf(rows - 1, cols - 1)).map((blocks): Operator => blockDiagonal(...blocks))]
    : [];
  return fc.oneof(
    leaf(rows, cols),
    ...halves,
    ...copies,
    fc.tuple(leaf(rows, cols), leaf(rows, cols)).map((terms): Operator => sum(...terms)),
    leaf(rows + 2, cols + 1).map((whole): Operator => corner(whole, rows, cols)),
    leaf(cols, rows).map((operator) => operator.adjoint()),
    leaf(cols, rows).map((operator) => operator.transpose()),
    leaf(rows, cols).map((operator) => operator.transpose().adjoint()),
    leaf(cols, rows).map((operator) => new Transposed(operator, true)),
  );
}

/** Products of 1 to 4 parts whose sizes meet. */
const anyOperator: fc.Arbitrary<Operator> = fc.array(fc.integer({ min: 1, max: 9 }), {
  minLength: 2,
  maxLength: 5,
})
  .chain((sizes) => fc.tuple(...sizes.slice(1).map((cols, i) => part(sizes[i], cols))))
  .map((parts) => product(...parts));

const edited = (operator: Operator, change: (node: Record<string, unknown>) => unknown): Uint8Array => {
  const { tensors, metadata } = readSafetensors(saveOperator(operator));
  const root = JSON.parse(metadata.papillon);
  root.operator = change(root.operator) ?? root.operator;
  return writeSafetensors(tensors, { papillon: JSON.stringify(root) });
};
const swapped = (operator: Operator, name: string, tensor: Tensor | undefined): Uint8Array => {
  const { tensors, metadata } = readSafetensors(saveOperator(operator));
  if (tensor) tensors.set(name, tensor);
  else tensors.delete(name);
  return writeSafetensors(tensors, metadata);
};

Deno.test("an operator that is saved and loaded is the same operator, to the last bit", () => {
  fc.assert(
    fc.property(anyOperator, seed, (operator, seed) => {
      const bytes = saveOperator(operator), loaded = loadOperator(bytes);
      assert.deepEqual(
        [loaded.rows, loaded.cols, loaded.field, loaded.parameters, loaded.operations],
        [operator.rows, operator.cols, operator.field, operator.parameters, operator.operations],
      );
      const x = numbers(3 * operator.cols * floats(operator.field), seed);
      assert.deepEqual(loaded.apply(x), operator.apply(x));
      assert.deepEqual(saveOperator(loaded), bytes);
    }),
    { numRuns: 300 },
  );
});

Deno.test("weights are written as they are: negative zeros, the smallest and the largest numbers", () => {
  const values = Float32Array.of(-0, 1e-45, 3.4028234663852886e38, -1.1754943508222875e-38);
  const loaded = loadOperator(saveOperator(new Diagonal(values)));
  assert.ok(loaded instanceof Diagonal);
  assert.deepEqual(new Uint8Array(loaded.values.buffer), new Uint8Array(values.buffer));
});

Deno.test("the tensors have the names and shapes that the format describes", () => {
  const operator = product(
    Butterfly.random(5, { rows: 17, blocks: 2, field: "complex", bias: true }),
    new Permutation([4, 3, 2, 1, 0]),
    new Diagonal(new Float32Array(5).fill(2)),
    new Transposed(Butterfly.random(5), true),
    new Dense(5, 2, new Float32Array(20).fill(1), "complex"),
  );
  const { tensors, metadata } = readSafetensors(saveOperator(operator));
  assert.deepEqual([...tensors].map(([name, { dtype, shape }]) => [name, dtype, ...shape]), [
    ["0.twiddle", "C64", 3, 2, 3, 4, 2, 2],
    ["0.bias", "C64", 17],
    ["1.index", "U32", 5],
    ["2.diagonal", "F32", 5],
    ["3.twiddle", "F32", 1, 1, 3, 4, 2, 2],
    ["4.matrix", "C64", 5, 2],
  ]);
  assert.deepEqual(JSON.parse(metadata.papillon), {
    version: 1,
    operator: {
      type: "product",
      operators: [
        { type: "butterfly", rows: 17, cols: 5, increasing: true, bias: true },
        { type: "permutation", field: "real" },
        { type: "diagonal" },
        {
          type: "transposed",
          conjugate: true,
          of: { type: "butterfly", rows: 5, cols: 5, increasing: true, bias: false },
        },
        { type: "dense" },
      ],
    },
  });
});

Deno.test("an operator that was loaded does not change with the bytes it came from", () => {
  const parts = [
    Butterfly.random(4, { bias: true }),
    new Dense(4, 4, numbers(16, 1)),
    new Diagonal(numbers(4, 2)),
    new Permutation([3, 2, 1, 0]),
  ];
  for (const operator of parts) {
    const bytes = saveOperator(operator), loaded = loadOperator(bytes);
    bytes.fill(0);
    const x = numbers(4, 3);
    assert.deepEqual(loaded.apply(x), operator.apply(x));
  }
});

Deno.test("a file that holds no operator, or a wrong one, is refused with a sentence", () => {
  const butterfly = Butterfly.random(8, { bias: true }), permutation = new Permutation([1, 0, 2]);
  const twiddle: Tensor = { dtype: "F32", shape: [1, 1, 3, 4, 2, 2], data: new Float32Array(48) };
  const diagonal = new Diagonal(new Float32Array(3).fill(1));
  const deep = (depth: number): unknown =>
    depth === 0 ? { type: "diagonal" } : { type: "transposed", conjugate: false, of: deep(depth - 1) };
  const bad: [Uint8Array, RegExp][] = [
    [writeSafetensors([["x", twiddle]]), /without an operator \(no 'papillon' in its metadata\)/],
    [writeSafetensors([], { papillon: "{" }), /its metadata 'papillon' is not JSON/],
    [writeSafetensors([], { papillon: "[]" }), /it has no version of the operator format, expected 1/],
    [writeSafetensors([], { papillon: `{"version":2}` }), /it has version 2 of the operator format/],
    [writeSafetensors([], { papillon: `{"version":1}` }), /an operator is not a JSON object/],
    [edited(butterfly, () => ({ type: "wing" })), /an operator of the unknown type '"wing"'/],
    [edited(butterfly, () => ({})), /an operator of the unknown type missing/],
    [edited(butterfly, (node) => void (node.rows = 1e9)), /does not fit a butterfly of 1000000000×8/],
    [
      edited(butterfly, (node) => void (node.rows = 2 ** 40)),
      /rows of a butterfly is '1099511627776', expected a/,
    ],
    [
      edited(butterfly, (node) => void (node.cols = 0)),
      /cols of a butterfly is '0', expected a whole number/,
    ],
    [edited(butterfly, (node) => void (node.cols = "8")), /cols of a butterfly is '"8"'/],
    [edited(butterfly, (node) => void (node.cols = 9)), /does not fit a butterfly of 8×9/],
    [
      edited(butterfly, (node) => void (node.increasing = 1)),
      /increasing of a butterfly is '1', expected true/,
    ],
    [edited(butterfly, (node) => void delete node.bias), /bias of a butterfly is missing/],
    [swapped(butterfly, "twiddle", undefined), /its tensor 'twiddle' is missing/],
    [swapped(butterfly, "bias", undefined), /its tensor 'bias' is missing/],
    [
      swapped(butterfly, "bias", { dtype: "F32", shape: [7], data: new Float32Array(7) }),
      /8 floats of bias, got 7/,
    ],
    [
      swapped(butterfly, "bias", { dtype: "C64", shape: [8], data: new Float32Array(16) }),
      /'bias' is complex, its/,
    ],
    [
      swapped(butterfly, "twiddle", { ...twiddle, shape: [1, 1, 3, 2, 4, 2] }),
      /\[1,1,3,2,4,2\] does not fit a/,
    ],
    [swapped(butterfly, "twiddle", { ...twiddle, shape: [48] }), /has the shape \[48\], expected 6 sizes/],
    [
      swapped(butterfly, "twiddle", { ...twiddle, data: new Float32Array(48).fill(NaN) }),
      /NaN, which is not a fin/,
    ],
    [
      swapped(butterfly, "twiddle", { dtype: "F64", shape: twiddle.shape, data: new Float64Array(48) }),
      /tensor 'twiddle' is F64, expected F32 or C64/,
    ],
    [swapped(permutation, "index", undefined), /its tensor 'index' is missing/],
    [swapped(permutation, "index", twiddle), /tensor 'index' is F32, expected U32/],
    [
      swapped(permutation, "index", { dtype: "U32", shape: [1, 3], data: Uint32Array.of(0, 1, 2) }),
      /tensor 'index' has the shape \[1,3\], expected \[n\]/,
    ],
    [
      swapped(permutation, "index", { dtype: "U32", shape: [2], data: Uint32Array.of(1, 1) }),
      /index 1 is repeated/,
    ],
    [
      swapped(permutation, "index", { dtype: "U32", shape: [0], data: new Uint32Array(0) }),
      /from 1 to .* got 0/,
    ],
    [
      edited(permutation, (node) => void (node.field = "fake")),
      /a permutation's field is '"fake"', expected "real"/,
    ],
    [edited(diagonal, () => ({ type: "product", operators: [] })), /cannot make a product of no operators/],
    [edited(diagonal, () => ({ type: "product", operators: {} })), /a product's operators are not a list/],
    [
      edited(product(diagonal, permutation), (node) => void (node.operators = [null])),
      /is not a JSON object/,
    ],
    [edited(diagonal, () => deep(65)), /it is nested more than 64 deep/],
    [edited(diagonal, () => ({ type: "transposed", of: deep(0) })), /conjugate of a transposed is missing/],
  ];
  for (const [bytes, sentence] of bad) {
    assert.throws(() => loadOperator(bytes), (error: Error) => {
      assert.ok(error instanceof RangeError || error instanceof TypeError, String(error));
      assert.match(error.message, /^Cannot read operator: /);
      assert.match(error.message, sentence);
      return true;
    });
    assert.throws(() => loadOperator(bytes, "b.safetensors"), /Error: Cannot read 'b.safetensors': /);
  }
  assert.equal(loadOperator(edited(diagonal, () => deep(64))).rows, 3);
});

Deno.test("a small file cannot ask for much work", () => {
  // One tensor serves one operator only: names follow from places.
  const twice = edited(
    new Diagonal(new Float32Array(3)),
    (node) => ({ type: "product", operators: [node, node] }),
  );
  assert.throws(() => loadOperator(twice), /its tensor '0.diagonal' is missing/);

  // Butterflies of one column have no weights, and could claim any number of rows.
  const column = Butterfly.random(1, { rows: 4096 });
  assert.equal(loadOperator(saveOperator(column)).rows, 4096);
  assert.throws(() => saveOperator(Butterfly.random(1, { rows: 4097 })), /at most 4096 are allowed/);
  const many = edited(column, (node) => void (node.rows = 4097));
  assert.throws(() => loadOperator(many), /does not fit a butterfly of 4097×1/);

  const point = Butterfly.random(1),
    list = { type: "product", operators: Array(5000).fill({ type: "product" }) };
  assert.throws(() => saveOperator(product(...Array(5000).fill(point))), /it has more than 4096 operators/);
  assert.throws(() => loadOperator(edited(point, () => list)), /Cannot read operator: /);
  const { tensors, metadata } = readSafetensors(saveOperator(product(...Array(4000).fill(point))));
  const root = JSON.parse(metadata.papillon);
  for (let i = 4000; i < 5000; i++) {
    root.operator.operators.push(root.operator.operators[0]);
    tensors.set(`${i}.twiddle`, tensors.get("0.twiddle")!);
  }
  const parts = writeSafetensors(tensors, { papillon: JSON.stringify(root) });
  assert.throws(() => loadOperator(parts), /it has more than 4096 operators/);
});

Deno.test("convolutions and windows are saved by their kernels and shapes", () => {
  for (const field of ["real", "complex"] as const) {
    for (const size of [[5], [1], [3, 4], [2, 3, 2, 1]]) {
      const points = size.reduce((all, n) => all * n, 1);
      const kernel = numbers(6 * points * floats(field), points);
      const map = product(
        new Window(2 * points + 1, 2 * points, { shift: -1, field }),
        new Convolution(kernel, { size, inputs: 3, outputs: 2, field }),
      );
      const bytes = saveOperator(map),
        loaded = loadOperator(bytes),
        { tensors, metadata } = readSafetensors(bytes);
      assert.deepEqual([...tensors].map(([name, { shape }]) => [name, ...shape]), [[
        "1.kernel",
        2,
        3,
        ...size,
      ]]);
      const [window, convolution] = JSON.parse(metadata.papillon).operator.operators;
      assert.deepEqual(window, { type: "window", rows: 2 * points + 1, cols: 2 * points, shift: -1, field });
      assert.deepEqual(convolution, { type: "convolution" });
      const x = numbers(map.cols * floats(field), 3);
      assert.deepEqual(loaded.apply(x), map.apply(x));
      assert.deepEqual(saveOperator(loaded), bytes);
    }
  }
  const window = new Window(4, 5), many = 2 ** 23;
  const bad: [Uint8Array, RegExp][] = [
    [edited(window, (node) => void (node.rows = 0)), /rows of a window is '0', expected a whole number/],
    [
      edited(window, (node) => void (node.rows = 2 ** 24)),
      /its windows have more than 16777216 rows and columns/,
    ],
    [edited(window, (node) => void delete node.shift), /cannot make a window: shift must be a whole number/],
    [
      edited(window, (node) => void delete node.field),
      /a window's field is missing, expected "real" or "complex"/,
    ],
    [edited(window, (node) => void (node.type = "convolution")), /its tensor 'kernel' is missing/],
    [
      edited(
        window,
        (node) => ({ type: "product", operators: [{ ...node, rows: many }, { ...node, cols: many }] }),
      ),
      /its windows have more than/,
    ],
  ];
  for (const [bytes, message] of bad) assert.throws(() => loadOperator(bytes), message);
  const kernel: Tensor = { dtype: "F32", shape: [0, 1, 4], data: new Float32Array(0) };
  const empty = swapped(new Convolution(numbers(4, 1), { size: [4] }), "kernel", kernel);
  assert.throws(() => loadOperator(empty), /cannot make a convolution: outputs must be a whole number/);
  const large = product(new Window(many, many), new Window(many, many));
  assert.throws(() => saveOperator(large), /its windows have more than 16777216 rows and columns/);
});

Deno.test("butterflies of angles and in base 4 are saved by what they are made of", () => {
  const turn = OrthogonalButterfly.random(6, { rows: 9, blocks: 2, seed: 1, bias: true });
  const unitary = OrthogonalButterfly.random(4, { field: "complex", increasing: false, seed: 2 });
  for (const map of [turn, unitary]) {
    const bytes = saveOperator(map), loaded = loadOperator(bytes), { tensors } = readSafetensors(bytes);
    assert.ok(loaded instanceof OrthogonalButterfly);
    assert.deepEqual([loaded.angles, loaded.determinants], [map.angles, map.determinants]);
    assert.ok(!tensors.has("twiddle"), "no weights besides the angles");
  }
  const four = toBase4(Butterfly.random(8, { field: "complex", blocks: 2, seed: 3 }));
  const loaded = loadOperator(saveOperator(four));
  assert.ok(loaded instanceof Base4Butterfly);
  assert.deepEqual(loaded.factors, four.factors);

  const angles: Tensor = { dtype: "F64", shape: [2, 2, 3, 4], data: turn.angles };
  const signs = (value: number): Tensor => {
    return { dtype: "I8", shape: [2, 2, 3, 4], data: new Int8Array(48).fill(value) };
  };
  const small = readSafetensors(saveOperator(four)).tensors.get("twiddle2")!;
  const bad: [Uint8Array, RegExp][] = [
    [swapped(turn, "angles", undefined), /its tensor 'angles' is missing/],
    [swapped(turn, "angles", signs(1)), /tensor 'angles' is I8, expected F64/],
    [swapped(turn, "angles", { ...angles, shape: [4, 1, 3, 4] }), /\[4,1,3,4\], expected \[2,2,3,4\]/],
    [swapped(turn, "angles", { ...angles, data: new Float64Array(48).fill(NaN) }), /NaN, which is not a fin/],
    [swapped(turn, "determinants", undefined), /its tensor 'determinants' is missing/],
    [swapped(turn, "determinants", signs(2)), /determinants\[0\] must be 1 or -1, got 2/],
    [edited(turn, (node) => void (node.blocks = 1)), /expected \[2,1,3,4\]/],
    [edited(turn, (node) => void (node.blocks = 2 ** 29)), /expected \[2,536870912,3,4\]/],
    [edited(turn, (node) => void (node.field = "complex")), /expected \[2,2,3,4,4\]/],
    [edited(turn, (node) => void (node.field = 1)), /field is '1', expected "real" or "complex"/],
    [swapped(turn, "bias", undefined), /its tensor 'bias' is missing/],
    [edited(four, (node) => void (node.rows = 9)), /'twiddle4' of shape \[1,2,1,2,4,4\] does not fit .* 9×8/],
    [swapped(four, "twiddle2", { ...small, shape: [1, 1, 2, 4, 2, 2] }), /'twiddle2' of shape .* does not/],
    [
      swapped(four, "twiddle2", { dtype: "F32", shape: small.shape, data: new Float32Array(32) }),
      /'twiddle2' of shape .* does not fit/,
    ],
  ];
  for (const [bytes, message] of bad) assert.throws(() => loadOperator(bytes), message);
  for (
    const map of [
      new OrthogonalButterfly(1, [], { rows: 4096 }),
      toBase4(Butterfly.random(1, { rows: 4096 })),
    ]
  ) {
    assert.equal(loadOperator(saveOperator(map)).rows, 4096);
    const many = edited(map, (node) => void (node.rows = 4097));
    assert.throws(() => loadOperator(many), /does not fit a butterfly of 4097×1/);
  }
  const tall = new OrthogonalButterfly(1, [], { rows: 4097 });
  assert.throws(() => saveOperator(tall), /^RangeError: Cannot save operator: .* at most 4096 are allowed/);
});

Deno.test("every construction can be saved, also transforms of several dimensions", () => {
  const maps = [
    dct2([4, 8]),
    dct1([3, 5, 2]),
    hartley([2, 4]),
    dst4([8, 2]),
    haar([4, 4]),
    dft([4, 2]),
    householder([1, 2, 3]),
    orthogonalProduct([0.6, -0.8, 0.8, 0.6]),
    singularProduct(2, 3, [1, 2, 3, 4, 5, 6]),
    kronecker(dct2(4), new Permutation([2, 0, 1])),
  ];
  for (const map of maps) {
    const bytes = saveOperator(map), loaded = loadOperator(bytes);
    const x = numbers(map.cols * floats(map.field), 5);
    assert.deepEqual(loaded.apply(x), map.apply(x));
    assert.deepEqual(saveOperator(loaded), bytes);
  }
});

Deno.test("a small file cannot ask for many copies of what it holds", () => {
  const map = new Repeated(Butterfly.random(16), 2);
  const copies = (count: unknown): Uint8Array => edited(map, (node) => void (node.count = count));
  assert.equal(loadOperator(copies(1024)).rows, 16384);
  for (const count of [0, 1.5, -1, "2", null, 2 ** 31]) {
    assert.throws(() => loadOperator(copies(count)), /count of a repeated is .*, expected a whole number/);
  }
  const much =
    /^RangeError: Cannot read operator: it repeats its \d+ numbers to some \d+, more than is allowed/;
  assert.throws(() => loadOperator(copies(2 ** 30)), much);
  assert.throws(() => loadOperator(copies(2 ** 24)), much);
  // Copies of copies count all.
  const nested = edited(map, (node) => {
    let of: unknown = node.of;
    for (let i = 0; i < 20; i++) of = { type: "repeated", count: 4, of };
    return { type: "repeated", count: 2, of };
  });
  assert.throws(() => loadOperator(nested), much);
  const twice = edited(
    map,
    (node) => ({ type: "product", operators: [{ type: "diagonal" }, { ...node, count: 2 ** 20 }] }),
  );
  assert.throws(() => loadOperator(twice), /its tensor '0.diagonal' is missing/);

  // A row times a column of 65536 points is a dense matrix of 2³² numbers.
  const row = new Dense(1, 2 ** 16, new Float32Array(2 ** 16)), square = new Dense(256, 256, row.values);
  const large = /^RangeError: Cannot save operator: it repeats its 131072 numbers to some/;
  assert.throws(() => saveOperator(new Kronecker(row.adjoint(), row)), large);
  assert.throws(() => saveOperator(new Repeated(square, 2 ** 14)), /it repeats its 65536 numbers/);
  const { tensors } = readSafetensors(
    saveOperator(new Kronecker(square, new Dense(1, 1, new Float32Array(1)))),
  );
  const huge = { type: "kronecker", left: { type: "dense" }, right: { type: "dense" } };
  const header = { papillon: JSON.stringify({ version: 1, operator: huge }) };
  assert.throws(() => loadOperator(writeSafetensors(tensors)), /without an operator/);
  for (const name of ["left.matrix", "right.matrix"]) {
    tensors.set(name, { dtype: "F32", shape: [1024, 1024], data: new Float32Array(2 ** 20) });
  }
  assert.throws(() => loadOperator(writeSafetensors(tensors, header)), /it repeats its 2097152 numbers to/);
  // The Fourier transforms of a convolution are not in its kernel.
  const line = new Convolution(new Float32Array(2 ** 16), { size: [2 ** 16] });
  assert.equal(loadOperator(saveOperator(line)).rows, 2 ** 16);
  assert.throws(
    () => saveOperator(new Repeated(line, 16)),
    /it repeats its 65536 numbers to some \d{9}, more/,
  );
  const biased = edited(
    product(Butterfly.random(2, { bias: true }), Butterfly.random(2)),
    (node) => ({ type: "kronecker", left: (node.operators as unknown[])[0], right: 1 }),
  );
  assert.throws(() => loadOperator(biased), /its tensor 'left.twiddle' is missing/);
});

Deno.test("an operator that has no form in files is not saved", () => {
  class Zero extends Operator {
    constructor() {
      super(2, 2, "real");
    }
    protected build(): Program {
      throw new Error("not needed");
    }
  }
  const message =
    /^TypeError: Cannot save operator: it is, or contains, an operator of class 'Zero', which has no form/;
  assert.throws(() => saveOperator(new Zero()), message);
  assert.throws(() => saveOperator(product(new Permutation([1, 0]), new Zero().adjoint())), message);
  assert.throws(() => saveOperator({} as Operator), /^TypeError: Cannot save operator: .* no operator/);
  let nested: Operator = Butterfly.random(2);
  for (let i = 0; i < 65; i++) nested = new Transposed(nested, i % 2 === 0);
  assert.throws(
    () => saveOperator(nested),
    /^RangeError: Cannot save operator: it is nested more than 64 deep/,
  );
});

Deno.test("a file that was tampered with is read or refused, never anything else", () => {
  const operator = product(
    Butterfly.random(4, { rows: 6, field: "complex", bias: true }),
    Butterfly.random(4).transpose(),
    new Permutation([2, 0, 1, 3]),
    new Diagonal(new Float32Array(4).fill(1)),
    kronecker(OrthogonalButterfly.random(2), new Dense(2, 3, new Float32Array(6))),
    new Repeated(toBase4(Butterfly.random(2)), 3),
    new Dense(6, 3, new Float32Array(18)),
  );
  const valid = saveOperator(operator);
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  const edit = fc.record({
    kind: fc.constantFrom("set", "set", "set", "insert", "remove", "cut"),
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    bytes: fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 4 }),
      fc.constantFrom(
        ...`{}[]()",:'0189-+.eE\\n `.split("").map(text),
        text("9999999999"),
        text("true"),
        text("null"),
      ),
    ),
  });
  const outcomes = new Set<string>();
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      let bytes = valid;
      for (const { kind, at, bytes: change } of edits) {
        const i = Math.floor(at * bytes.length);
        if (kind === "set") (bytes = bytes.slice()).set(change.subarray(0, bytes.length - i), i);
        else if (kind === "cut") bytes = bytes.slice(0, i);
        else {
          const rest = bytes.subarray(kind === "insert" ? i : i + change.length);
          bytes = new Uint8Array([...bytes.subarray(0, i), ...(kind === "insert" ? change : []), ...rest]);
        }
      }
      try {
        const { rows, cols, field } = loadOperator(bytes);
        outcomes.add("read");
        assert.ok(rows >= 1 && cols >= 1 && (field === "real" || field === "complex"));
      } catch (error) {
        outcomes.add("refused");
        assert.ok(error instanceof RangeError || error instanceof TypeError, String(error));
        assert.match(error.message, /^Cannot read /);
        assert.ok(error.message.length < 500, error.message);
      }
    }),
    { numRuns: 2000 },
  );
  assert.deepEqual([...outcomes].sort(), ["read", "refused"]);
});
