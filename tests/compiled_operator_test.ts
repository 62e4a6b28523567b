import assert from "node:assert/strict";
import fc from "fast-check";
import { kernels } from "../src/compiled/bytes.generated.ts";
import { KEY } from "../src/compiled/file.ts";
import { type CompiledMachine, compiledMachine, sharedMachine } from "../src/compiled/machine.ts";
import { loadCompiled } from "../src/compiled/operator.ts";
import { saveCompiled } from "../src/io/compiled_file.ts";
import { loadOperator, saveOperator } from "../src/io/operator_file.ts";
import { readSafetensors, type Tensor, writeSafetensors } from "../src/io/safetensors.ts";
import { Field, FIELDS } from "../src/kernels/record.ts";
import { decodeKernels } from "../src/kernels/text.ts";
import { Random } from "../src/program/random.ts";
import {
  BlockDiagonal,
  Butterfly,
  Chain,
  dct2,
  Dense,
  dft,
  Diagonal,
  dst4,
  haar,
  hadamard,
  hartley,
  linearConvolution,
  type Operator,
  permutationButterfly,
  product,
  rotation,
  sum,
  toeplitz,
  Window,
} from "../src/mod.ts";
import { assertClose, machines } from "./helpers.ts";
import { apply64, chains, multiply } from "./operators.ts";

const builds: CompiledMachine[] = machines.map(({ name }) => compiledMachine(name));
const complex = { field: "complex" } as const;

function vectors(seed: number, length: number): Float32Array<ArrayBuffer> {
  const random = new Random(seed);
  return Float32Array.from({ length }, () => random.normal());
}

const weights = (length: number): Float32Array<ArrayBuffer> => vectors(length, length);

/** Operators of all kinds, of sizes where something else happens. */
const operators: Operator[] = [
  ...[1, 2, 4, 8, 16, 32, 64, 128].flatMap((n) => [
    Butterfly.random(n, { seed: n }),
    Butterfly.random(n, { seed: n, ...complex, increasing: false }),
  ]),
  Butterfly.random(100, { rows: 60, seed: 1, bias: true }),
  Butterfly.random(24, { rows: 50, seed: 2, bias: true, ...complex }),
  // Zeros on the diagonals: the general form.
  permutationButterfly(Uint32Array.from({ length: 64 }, (_, i) => i * 5 % 64)),
  ...[3, 5].flatMap((k) => [
    dct2(2 ** k),
    dst4(2 ** k),
    dft(2 ** k),
    dft(4 ** k),
    hadamard(2 ** k),
    hartley(2 ** k),
    haar(2 ** k),
  ]),
  rotation(50, { seed: 1 }),
  toeplitz(weights(7), weights(7)),
  linearConvolution(weights(5), { size: [9], kernel: [5] }),
  new Window(7, 3, { shift: 1 }),
  new Window(3, 7, { shift: -2, field: "complex" }),
  new Dense(7, 5, weights(35)),
  new Dense(4, 9, weights(72), "complex"),
  new Diagonal(weights(6), "complex"),
  sum(new Dense(4, 4, weights(16)), new Diagonal(weights(4)), hadamard(4)),
  new BlockDiagonal([hadamard(4), new Dense(3, 2, weights(6))]),
  product(dft(8), new Diagonal(weights(16), "complex")),
  ...[[2, 3, 2, 1], [1, 6, 5, 3], [3, 2, 2, 5], [2, 17, 3, 1], [1, 3, 4, 2], [2, 4, 4, 7]].flatMap((
    [a, b, c, d],
  ) => [
    new Chain([{ a, b, c, d }], [weights(a * b * c * d)]),
    new Chain([{ a, b, c, d }], [weights(2 * a * b * c * d)], "complex"),
  ]),
];

for (const machine of builds) {
  Deno.test(`operators of all kinds are the same when compiled, in the ${machine.name} build`, () => {
    for (const map of operators) {
      const unit = map.field === "complex" ? 2 : 1, bytes = saveCompiled(map);
      assert.deepEqual(saveCompiled(map), bytes);
      const compiled = loadCompiled(bytes, { machine });
      assert.deepEqual([compiled.rows, compiled.cols, compiled.field], [map.rows, map.cols, map.field]);
      for (const batch of [1, 3, 70]) {
        const x = vectors(batch, batch * map.cols * unit);
        assertClose(compiled.apply(x), map.apply(x), 2e-6, `${map.describe()}, ${batch} vectors`);
      }
    }
  });

  Deno.test(`products and blocks at random are right when compiled, in the ${machine.name} build`, () => {
    fc.assert(
      fc.property(chains, ({ samples, seed, batch }) => {
        const map = product(...samples.map((one) => one.map));
        const matrix = samples.map((one) => one.matrix).reduce(multiply);
        const x = vectors(seed, batch * map.cols * (map.field === "complex" ? 2 : 1));
        const want = apply64(matrix, x, map.field, batch);
        const got = loadCompiled(saveCompiled(map), { machine }).apply(x);
        // Cancellation: relative to what the parts could have given.
        const scale = matrix.values.reduce((most, v) => Math.max(most, Math.abs(v)), 0) * Math.hypot(...x) +
          1e-30;
        got.forEach((v, i) => assert.ok(Math.abs(v - want[i]) <= 1e-5 * scale, `${v} instead of ${want[i]}`));
      }),
      { numRuns: 60, seed: 8 },
    );
  });
}

Deno.test("large batches, outputs in the place of inputs, and parts of arrays are right", () => {
  for (const map of [Butterfly.random(512, { seed: 1 }), Butterfly.random(64, { rows: 300, seed: 2 })]) {
    const compiled = loadCompiled(saveCompiled(map)), { rows, cols } = map, batch = 300;
    const x = vectors(3, batch * cols), want = map.apply(x);
    assertClose(compiled.apply(x), want, 1e-6);
    const most = Math.max(rows, cols) * batch, buffer = new Float32Array(most + 10);
    buffer.set(x, 5);
    const within = buffer.subarray(5, 5 + batch * cols), out = buffer.subarray(5, 5 + batch * rows);
    assert.equal(compiled.apply(within, out), out);
    assertClose(out, want, 1e-6);
    // Nothing before or behind is written.
    assert.deepEqual([...buffer.subarray(0, 5), ...buffer.subarray(5 + most)], new Array(10).fill(0));
  }
});

Deno.test("arguments that do not fit are refused in the sentences of operators, before anything is written", () => {
  for (
    const map of [
      Butterfly.random(8, { rows: 5, seed: 1 }) as Operator,
      new Dense(5, 8, weights(80), "complex"),
    ]
  ) {
    const plain = loadOperator(saveOperator(new Dense(5, 8, map.toDense(), map.field)));
    const compiled = loadCompiled(saveCompiled(plain)), unit = map.field === "complex" ? 2 : 1;
    const x = new Float32Array(8 * unit), out = new Float32Array(5 * unit - 1).fill(7);
    const wrong: [unknown, unknown][] = [
      [new Float64Array(8), undefined],
      [[1, 2], undefined],
      [undefined, undefined],
      [new Float32Array(0), undefined],
      [new Float32Array(7), undefined],
      [new Float32Array(18), undefined],
      [x, out],
      [x, new Float32Array(0)],
      [x, []],
      [x, null],
    ];
    for (const [input, output] of wrong) {
      const said = (one: { apply(x: Float32Array, out: Float32Array): unknown }): [string, string] => {
        try {
          one.apply(input as Float32Array, output as Float32Array);
        } catch (error) {
          return [(error as Error).name, (error as Error).message];
        }
        return ["nothing", String(input)];
      };
      assert.deepEqual(said(compiled), said(plain));
      assert.notEqual(said(compiled)[0], "nothing");
    }
    assert.ok(out.every((v) => v === 7));
  }
});

Deno.test("operators that do not fit into memory together take turns", () => {
  const machine = compiledMachine(machines[0].name), n = 2 ** 20;
  const compiled = Array.from({ length: 8 }, (_, i) => {
    const map = new Diagonal(Float32Array.from({ length: n }, (_, k) => (k + i) % 1000));
    return loadCompiled(saveCompiled(map), { machine });
  });
  const x = new Float32Array(n).fill(2), y = new Float32Array(n);
  for (let round = 0; round < 2; round++) {
    for (const [i, one] of compiled.entries()) {
      one.apply(x, y);
      assert.ok(y.every((v, k) => v === 2 * ((k + i) % 1000)));
    }
  }
  assert.ok(machine.epoch > 0, "all of them fitted");
  assert.ok(machine.f32.byteLength < 128 << 20, "memory has grown beyond its budget");
});

Deno.test("files that are none are refused in a sentence", () => {
  const good = saveCompiled(hadamard(4)), { tensors } = readSafetensors(good);
  const metadata = readSafetensors(good).metadata;
  const other = (change: object): Uint8Array =>
    writeSafetensors(tensors, { [KEY]: JSON.stringify({ ...JSON.parse(metadata[KEY]), ...change }) });
  assert.equal(loadCompiled(other({})).rows, 4);
  const bad: Uint8Array[] = [
    new Uint8Array(0),
    new Uint8Array(7),
    new Uint8Array(100),
    new TextEncoder().encode("no safetensors file at all, but long enough for one"),
    saveOperator(hadamard(4)),
    writeSafetensors(tensors, {}),
    writeSafetensors([...tensors].slice(0, 1), metadata),
    writeSafetensors([...tensors].reverse(), metadata),
    writeSafetensors(
      [...tensors].map((
        [name, t],
      ): [string, Tensor] => [name, {
        ...t,
        dtype: "F32",
        data: new Float32Array(t.data.length),
      }]),
      metadata,
    ),
    good.subarray(0, good.length - 4),
    new Uint8Array([...good, 0, 0, 0, 0]),
    ...[
      { version: 2 },
      { rows: 0 },
      { rows: 2.5 },
      { rows: 2 ** 40 },
      { cols: "4" },
      { cols: -4 },
      { field: "quaternion" },
      { tile: 0 },
      { tile: 65 },
    ].map(other),
  ];
  for (const bytes of bad) {
    assert.throws(() => loadCompiled(bytes, { name: "x\n" }), {
      name: "RangeError",
      message: /^Cannot read "x\\n": it is no compiled/,
    });
  }
  for (const bytes of [undefined, "text", new Float32Array(50), good.buffer] as unknown[]) {
    assert.throws(() => loadCompiled(bytes as Uint8Array), {
      name: "TypeError",
      message: /^Cannot read the file: expected/,
    });
  }
  assert.throws(() => loadOperator(good), {
    name: "RangeError",
    message: /holds a compiled operator, which loadCompiled/,
  });
});

Deno.test("a file at an odd place in its buffer is read, and not kept", () => {
  const bytes = saveCompiled(hadamard(4)), shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  const map = loadCompiled(shifted.subarray(3));
  shifted.fill(0);
  assert.deepEqual([...map.apply(new Float32Array([1, 2, 3, 4]))], [10, -2, -4, 0]);
});

Deno.test("weights that are not finite are refused", () => {
  const bytes = saveCompiled(new Diagonal(new Float32Array([1, 2, 3, 4])));
  new DataView(bytes.buffer).setFloat32(bytes.length - 16, Infinity, true);
  assert.throws(() => loadCompiled(bytes), { message: /weights that are not finite/ });
});

function moduleOf(fused: boolean): WebAssembly.Module {
  return new WebAssembly.Module(decodeKernels(kernels, fused));
}

/** Some files, of which one field of one record, or one entry of what records read, is changed. */
const changed = fc.record({
  which: fc.nat(1000),
  code: fc.boolean(),
  at: fc.nat(100000),
  value: fc.oneof(
    fc.integer({ min: -2, max: 40 }),
    fc.integer({ min: 0, max: 64 }).map((v) => 4 * v),
    fc.integer(),
    fc.constantFrom(160, 161, 162, 164, 167, 168, 169, 2 ** 31 - 4, -(2 ** 31)),
  ),
});

Deno.test("a record that was changed is refused, or stays in its area and does the same in all builds", () => {
  const files = [
    Butterfly.random(16, { seed: 1 }),
    Butterfly.random(16, { seed: 1, ...complex }),
    dft(16),
    dct2(16),
    product(hadamard(8), new Diagonal(weights(8)), new Dense(8, 6, weights(48))),
    sum(new Dense(5, 5, weights(50), "complex"), new Diagonal(weights(10), "complex")),
    new Chain([{ a: 2, b: 3, c: 2, d: 5 }], [weights(60)]),
    new Window(9, 6, { shift: -2 }),
    Butterfly.random(6, { rows: 5, seed: 3, bias: true }),
  ].map((map) => readSafetensors(saveCompiled(map)));
  let accepted = 0;
  const { name } = machines[0], module = name === "scalar" ? undefined : moduleOf(name === "relaxed");
  const fresh = [() => compiledMachine("scalar"), () => compiledMachine(name, module)];
  fc.assert(
    fc.property(fc.array(changed, { minLength: 1, maxLength: 3 }), (changes) => {
      const { tensors, metadata } = files[changes[0].which % files.length];
      const parts = ["code", "data"].map((name) => tensors.get(name)!.data.slice() as Int32Array);
      for (const { code, at, value } of changes) {
        const part = parts[code || parts[1].length === 0 ? 0 : 1];
        part[at % part.length] = value;
      }
      const bytes = writeSafetensors([
        ["code", { dtype: "I32", shape: [parts[0].length / FIELDS, FIELDS], data: parts[0] }],
        ["data", { dtype: "I32", shape: [parts[1].length], data: parts[1] }],
      ], metadata);
      const results: Float32Array[] = [];
      for (const make of fresh) {
        const machine = make(), start = machine.allocate(4096) + 4096;
        let map;
        try {
          map = loadCompiled(bytes, { machine });
        } catch (error) {
          assert.equal((error as Error).name, "RangeError");
          continue;
        }
        const x = vectors(5, 3 * map.cols * (map.field === "complex" ? 2 : 1)), y = map.apply(x);
        // Nothing is written but in what it was given, nor left there for the next one.
        const end = machine.allocate(0);
        assert.ok(machine.i32.subarray(0, start >> 2).every((v) => v === 0));
        assert.ok(machine.i32.subarray(end >> 2).every((v) => v === 0));
        results.push(y);
      }
      assert.notEqual(results.length, 1, "one machine takes what the other refuses");
      if (results.length === 0) return;
      accepted++;
      const scale = results[0].reduce((most, v) => Math.max(most, Math.abs(v)), 0);
      // The twin calculates with larger numbers in between.
      if (!(scale < 1e30)) return;
      results[0].forEach((v, i) =>
        assert.ok(Math.abs(v - results[1][i]) <= 1e-4 * scale + 1e-37, `${v}, ${results[1][i]}`)
      );
    }),
    { numRuns: 1500, seed: 11 },
  );
  assert.ok(accepted > 100, `only ${accepted} changes were harmless`);
});

Deno.test("there is one shared machine, of the best build that compiles here", () => {
  assert.equal(sharedMachine(), sharedMachine());
  assert.equal(sharedMachine().name, machines[0].name);
  assert.equal(loadCompiled(saveCompiled(hadamard(2))).machine, sharedMachine());
  assert.throws(() => compiledMachine("fast" as "simd"), {
    name: "TypeError",
    message: /machine named "fast"/,
  });
});

Deno.test("a small file cannot ask for much memory", () => {
  const { tensors, metadata } = readSafetensors(saveCompiled(dct2(64)));
  const code = tensors.get("code")!.data as Int32Array;
  for (let r = 0; r < code.length; r += FIELDS) {
    if (code[r + Field.dstAdvance] !== 0) continue;
    const before = code[r + Field.dst];
    for (
      const [offset, sentence] of [[1 << 25, /scratch is larger/], [1 << 29, /beyond what it may/]] as const
    ) {
      code[r + Field.dst] = offset;
      assert.throws(() => loadCompiled(writeSafetensors(tensors, metadata)), { message: sentence });
    }
    code[r + Field.dst] = before;
  }
  const wide = readSafetensors(saveCompiled(dct2(4096)));
  const header = { ...JSON.parse(wide.metadata[KEY]) as object, tile: 64 };
  assert.throws(
    () => loadCompiled(writeSafetensors(wide.tensors, { [KEY]: JSON.stringify(header) })),
    { message: /scratch is larger|beyond what it may/ },
  );
});

Deno.test("records name spaces and offsets, so that a file does not depend on addresses", () => {
  const { tensors } = readSafetensors(saveCompiled(dct2(64)));
  const code = tensors.get("code")!.data as Int32Array;
  for (let r = 0; r < code.length; r += FIELDS) {
    assert.ok([0, 1].includes(code[r + Field.srcAdvance]) && [0, 2].includes(code[r + Field.dstAdvance]));
  }
});
