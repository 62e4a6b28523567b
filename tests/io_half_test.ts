import assert from "node:assert/strict";
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from "../src/io/half.ts";

const all = Uint16Array.from({ length: 65536 }, (_, k) => k);

Deno.test("every float16 widens to its exact float32 value", () => {
  const widened = float16ToFloat32(all);
  const sign = (k: number): number => k & 0x8000 ? -1 : 1;
  for (const k of all) {
    const exponent = (k >> 10) & 31;
    const fraction = k & 1023;
    const expected = exponent === 31
      ? fraction ? NaN : sign(k) * Infinity
      : sign(k) * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
    assert.ok(Object.is(widened[k], expected), `bits ${k}: ${widened[k]} is not ${expected}`);
  }
});

Deno.test("every bfloat16 becomes the upper half of a float32", () => {
  const widened = new Uint32Array(bfloat16ToFloat32(all).buffer);
  for (const k of all) assert.equal(widened[k], k * 65536);
  assert.deepEqual(
    [...bfloat16ToFloat32(Uint16Array.of(0x3f80, 0xc000, 0x0001, 0x7f80, 0x7fc0))],
    [1, -2, 2 ** -133, Infinity, NaN],
  );
});

Deno.test("the sign and the payload of a float16 NaN are kept", () => {
  const bits = new Uint32Array(float16ToFloat32(Uint16Array.of(0xfe01, 0x7e01)).buffer);
  assert.deepEqual([...bits], [0xffc02000, 0x7fc02000]);
});

Deno.test("every 16-bit number comes back from float32 to the bit, and what is none is refused", () => {
  assert.deepEqual(float32ToFloat16(float16ToFloat32(all)), all);
  assert.deepEqual(float32ToBfloat16(bfloat16ToFloat32(all)), all);
  for (const value of [0.1, 65520, 65536, 1e30, 2 ** -25, 1.5 * 2 ** -24]) {
    assert.equal(float32ToFloat16(Float32Array.of(1, value)), undefined, `${value}`);
  }
  assert.equal(float32ToBfloat16(Float32Array.of(1, 1 + 2 ** -8)), undefined);
});
