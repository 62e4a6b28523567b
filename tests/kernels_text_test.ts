import assert from "node:assert/strict";
import { encodeKernels } from "../scripts/kernel_text.ts";
import { decodeKernels } from "../src/kernels/text.ts";

const unsigned = (value: number): number[] =>
  value < 128 ? [value] : [value & 127 | 128, ...unsigned(value >>> 7)];
const section = (id: number, ...bytes: number[]): number[] => [id, ...unsigned(bytes.length), ...bytes];

/** A module whose only function takes three vectors at 0, 16 and 32 and writes an instruction's result to 48. */
function moduleOf(instruction: readonly number[], locals: number): Uint8Array {
  const load = (at: number): number[] => [0x41, 0, 0xfd, 0, 4, at];
  const body = [
    ...(locals > 0 ? [1, ...unsigned(locals), 0x7f] : [0]),
    ...[0x41, 0, ...load(0), ...load(16)],
    ...(instruction[1] === 0x80 ? [] : load(32)),
    ...[...instruction, 0xfd, 11, 4, 48, 0x0b],
  ];
  return new Uint8Array([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, 1, 0x60, 0, 0),
    ...section(2, 1, 1, 0x65, 1, 0x6d, 2, 0, 1),
    ...section(3, 1, 0),
    ...section(7, 1, 3, 0x72, 0x75, 0x6e, 0, 0),
    ...section(10, 1, ...unsigned(body.length), ...body),
  ]);
}

/** Runs such a module on bytes 0, 1, 2 … as two vectors, or on three vectors of floats. */
function run(bytes: Uint8Array<ArrayBuffer>, fill: (memory: ArrayBuffer) => void): Float32Array {
  const m = new WebAssembly.Memory({ initial: 1 });
  fill(m.buffer as ArrayBuffer);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { e: { m } });
  (exports.run as () => void)();
  return new Float32Array(m.buffer, 48, 4).slice();
}

const floats = (memory: ArrayBuffer): void =>
  new Float32Array(memory).set([1, 2, 3, 4, 5, 6, 7, 8, 100, 200, 300, 400]);

for (const locals of [0, 5, 126, 127, 128, 300]) {
  Deno.test(`fused instructions become others beside ${locals} locals, and both builds calculate the same`, () => {
    for (const [instruction, sign] of [[[0xfd, 0x85, 2], 1], [[0xfd, 0x86, 2], -1]] as const) {
      const bytes = moduleOf(instruction, locals), text = encodeKernels(bytes);
      assert.deepEqual(decodeKernels(text, true), bytes);
      const plain = decodeKernels(text, false);
      const expected = [100 + sign * 5, 200 + sign * 12, 300 + sign * 21, 400 + sign * 32];
      assert.deepEqual([...run(plain, floats)], expected);
    }
  });
}

Deno.test("the choice of bytes becomes the one without relaxed bounds", () => {
  const bytes = moduleOf([0xfd, 0x80, 2], 2), plain = decodeKernels(encodeKernels(bytes), false);
  const result = run(plain, (memory) => {
    const all = new Uint8Array(memory);
    for (let i = 0; i < 16; i++) [all[i], all[16 + i]] = [i + 1, i < 4 ? 15 - i : 255];
  });
  assert.deepEqual([...new Uint8Array(result.buffer).subarray(0, 5)], [16, 15, 14, 13, 0]);
});

Deno.test("every byte survives being text, and no character needs an escape in a string", () => {
  // A custom section may hold anything.
  const bytes = new Uint8Array([
    ...moduleOf([0xfd, 0x85, 2], 1),
    ...section(0, 1, 0x78, ...Array.from({ length: 256 }, (_, i) => i)),
  ]);
  const text = encodeKernels(bytes);
  assert.deepEqual(decodeKernels(text, true), bytes);
  assert.match(text, /^[ !#%&(-\[\]^_a-~]*$/);
});
