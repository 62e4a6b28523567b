import assert from "node:assert/strict";
import { loadCheckpoint, saveCheckpoint } from "../src/io/checkpoint.ts";
import { loadOperator, saveOperator } from "../src/io/operator_file.ts";
import { readSafetensors, type Tensor, writeSafetensors } from "../src/io/safetensors.ts";
import { sparse } from "../src/kaleidoscope/sparse.ts";
import { compress } from "../src/learn/compress.ts";
import { STRUCTURES } from "../src/learn/plans.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { sum } from "../src/operator/sum.ts";
import { Random } from "../src/program/random.ts";

const f32 = (...shape: number[]): Tensor => ({
  dtype: "F32",
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5),
});

Deno.test("tensors and operators of a checkpoint come back, whatever their names are", () => {
  // Names that would meet where a name and that of an operator's tensor are joined by a point or a single sign.
  const tensors = new Map<string, Tensor>([
    ["a.0", f32(3)],
    ["a#0.factor", f32(2, 2)],
    ["a##", f32(1)],
    ["half", { dtype: "F16", shape: [2], data: Float32Array.of(0.25, -65504) }],
    ["ids", { dtype: "I64", shape: [2], data: BigInt64Array.of(3n, -1n) }],
  ]);
  const operators = new Map([
    ["a", Butterfly.random(8, { seed: 1 })],
    ["a#", Butterfly.random(4, { seed: 2, field: "complex" })],
    ["b", sum(Butterfly.random(4, { seed: 3 }), Butterfly.random(4, { seed: 4 }))],
  ]);
  const metadata = { format: "pt" };
  const bytes = saveCheckpoint({ tensors, operators, metadata });
  const back = loadCheckpoint(bytes, "c.safetensors");
  assert.deepEqual([...back.tensors], [...tensors]);
  assert.deepEqual({ ...back.metadata }, metadata);
  assert.deepEqual([...back.operators.keys()], [...operators.keys()]);
  for (const [name, operator] of operators) {
    assert.deepEqual(saveOperator(back.operators.get(name)!), saveOperator(operator), name);
  }
  assert.deepEqual(saveCheckpoint(back), bytes);
  const plain = loadCheckpoint(writeSafetensors(tensors, metadata));
  assert.deepEqual([plain.operators.size, plain.tensors.size], [0, 5]);
});

Deno.test("what compress finds is saved and loaded to the last bit, each structure, in about as many numbers as it counts", async () => {
  const random = new Random(3), rows = 32, cols = 32;
  const cosine = Float64Array.from(
    { length: rows * cols },
    (_, k) => Math.cos(Math.PI * (2 * (k % cols) + 1) * Math.floor(k / cols) / 64) + 1e-3 * random.normal(),
  );
  const options = { maxParameters: 0.9, measure: false, gradientSeconds: 0.1 };
  const complex = Float64Array.from({ length: 512 }, () => random.normal());
  const both = [
    await compress({ rows, cols, values: cosine }, options),
    await compress({ rows: 16, cols: 16, values: complex, field: "complex" }, options),
  ];
  const [{ table }] = both;
  assert.deepEqual(table.map(({ structure }) => structure).sort(), [...STRUCTURES].sort());
  for (const { structure, operator, parameters } of both.flatMap(({ table }) => table)) {
    const bytes = saveOperator(operator),
      back = loadOperator(bytes),
      unit = operator.field === "complex" ? 8 : 4;
    assert.deepEqual(back.toDense(), operator.toDense(), structure);
    assert.equal(back.parameters, operator.parameters, structure);
    let size = 0;
    for (const { data } of readSafetensors(bytes).tensors.values()) size += data.byteLength;
    // Orders of rows and columns, and the starts of rows, are not counted as parameters.
    assert.ok(size <= unit * (parameters + rows + cols + 2), `${structure}: ${size} bytes for ${parameters}`);
  }
});

Deno.test("a sparse matrix is saved by its entries, also an empty one and one with entries at the same place", () => {
  const entries = { rows: [4, 0, 4, 4], cols: [1, 2, 0, 1], values: Float32Array.of(1, 2, 3, 4) };
  const map = sparse(5, 3, entries), back = loadOperator(saveOperator(map));
  assert.deepEqual(back.toDense(), map.toDense());
  assert.deepEqual([...back.toDense()].slice(12), [3, 5, 0]);
  assert.deepEqual([map.parameters, back.parameters], [4, 4]);
  assert.deepEqual(saveOperator(back), saveOperator(map));
  const none = loadOperator(saveOperator(sparse(2, 3, { rows: [], cols: [], values: new Float32Array(0) })));
  assert.deepEqual([...none.toDense()], [0, 0, 0, 0, 0, 0]);
});

Deno.test("a checkpoint that was tampered with is refused with a sentence", () => {
  const u32 = (...data: number[]): Tensor => ({
    dtype: "U32",
    shape: [data.length],
    data: Uint32Array.from(data),
  });
  const file = (
    papillon: unknown,
    tensors: [string, Tensor][] = [["w#factor", f32(1, 2, 2, 1)]],
  ): Uint8Array =>
    writeSafetensors(tensors, {
      papillon: typeof papillon === "string" ? papillon : JSON.stringify(papillon),
    });
  const node = { tensor: "w", operator: { type: "factor" } }, good = { version: 1, separator: "#" };
  assert.equal(loadCheckpoint(file({ ...good, operators: [node] })).operators.get("w")!.rows, 2);
  const bad = (bytes: Uint8Array, sentence: RegExp): void => {
    assert.throws(() => loadCheckpoint(bytes, "c.st"), (error: Error) => {
      assert.ok(error instanceof RangeError || error instanceof TypeError);
      assert.match(error.message, /^Cannot read 'c.st'[:,] /);
      assert.match(error.message, sentence);
      return true;
    });
  };
  bad(file("{"), /its metadata 'papillon' is not JSON/);
  bad(file({ ...good, version: 2, operators: [] }), /it has version 2/);
  bad(
    file({ version: 1, operator: { type: "factor" } }),
    /it holds a single operator, which loadOperator reads/,
  );
  bad(file({ ...good, separator: "", operators: [node] }), /its separator is not some #/);
  bad(file({ ...good, operators: [{ operator: {} }] }), /an operator in it has no name/);
  bad(file({ ...good, operators: [node, node] }), /the operator 'w' is there twice/);
  bad(
    file({ ...good, operators: [{ tensor: "v", operator: { type: "factor" } }] }),
    /tensor 'factor' is missing/,
  );
  bad(file({ ...good, operators: [{ tensor: "w", operator: { type: "magic" } }] }), /unknown type '"magic"'/);
  bad(
    file({ ...good, operators: [node] }, [["w#factor", f32(1, 2, 2, 1)], ["w", f32(2, 2)]]),
    /a tensor and an op/,
  );
  const rows = (cols: number, ...[starts, columns]: Tensor[]): Uint8Array =>
    file({ ...good, operators: [{ tensor: "w", operator: { type: "sparse", cols } }] }, [
      ["w#starts", starts],
      ["w#columns", columns],
      ["w#values", f32(2)],
    ]);
  assert.equal(loadCheckpoint(rows(3, u32(0, 1, 2), u32(2, 0))).operators.get("w")!.parameters, 2);
  bad(rows(3, u32(0, 2, 1), u32(2, 0)), /'starts' does not rise/);
  bad(rows(3, u32(0, 4e9, 2), u32(2, 0)), /'starts' does not rise/);
  bad(rows(3, u32(), u32(2, 0)), /'starts' does not rise/);
  bad(rows(3, u32(0, 1, 2), u32(2, 3)), /cols\[1\] is 3/);
  bad(rows(2 ** 29, u32(0, 1, 2), u32(2, 0)), /windows have more than/);
  // Many small ones that ask for much.
  const many = Array.from(
    { length: 15 },
    (_, i) => ({ tensor: `${i}`, operator: { type: "sparse", cols: 2 ** 20 } }),
  );
  const parts = many.flatMap(({ tensor }): [string, Tensor][] => [
    [`${tensor}#starts`, u32(0, 0)],
    [`${tensor}#columns`, u32()],
    [`${tensor}#values`, f32(0)],
  ]);
  bad(file({ ...good, operators: many }, parts), /its operators repeat their numbers too often/);
});

Deno.test("what makes no checkpoint is not written", () => {
  const operators = new Map([["w", Butterfly.random(4)]]), metadata = {};
  assert.throws(
    () => saveCheckpoint({ tensors: new Map([["w", f32(2)]]), operators, metadata }),
    /^RangeError: Cannot write the checkpoint: 'w' is a tensor and an operator/,
  );
  assert.throws(
    () => saveCheckpoint({ tensors: new Map(), operators, metadata: { papillon: "" } }),
    /its metadata has the key 'papillon' already/,
  );
  assert.throws(
    () => loadOperator(saveCheckpoint({ tensors: new Map(), operators, metadata }), "c.st"),
    /^RangeError: Cannot read 'c.st': it is a checkpoint, with operators for 'w'; loadCheckpoint reads them/,
  );
});
