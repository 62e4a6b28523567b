import { deepEqual, equal, throws } from "node:assert/strict";
import { checkTarget, inField, isPowerOfTwo, isReal, log2, reverseBits } from "../src/learn/target.ts";

Deno.test("a target is copied to float64 with its order and norm", () => {
  const given = Float32Array.of(3, 0, 0, 4);
  const target = checkTarget(given);
  given[0] = 7;
  equal(target.n, 2);
  equal(target.field, "real");
  equal(target.norm, 5);
  deepEqual([...target.values], [3, 0, 0, 4]);
  equal(checkTarget([1, 2], undefined, "complex").n, 1);
  equal(checkTarget([5], 1).norm, 5);
});

Deno.test("targets that are not square, or of another length than n says are refused", () => {
  throws(() => checkTarget(new Float64Array(24)), /target of 24 numbers: expected a real n×n matrix/);
  equal(checkTarget(new Float64Array(9)).n, 3);
  throws(() => checkTarget([]), /target of 0 numbers/);
  equal(checkTarget(new Float64Array(36), 6).n, 6);
  throws(() => checkTarget(new Float64Array(36), -6), /order n = -6: expected a whole number from 1 to/);
  throws(() => checkTarget(new Float64Array(16), 8), /8×8 real target: expected 64 numbers, got 16/);
  throws(() => checkTarget(new Float64Array(17), 4, "complex"), /expected 32 numbers, got 17/);
  throws(() => checkTarget(new Float64Array(0), 0), RangeError);
  throws(() => checkTarget(new Float64Array(4), 2.5), RangeError);
});

Deno.test("a target with NaN or Infinity is refused, and the entry is named", () => {
  throws(() => checkTarget([1, 2, NaN, 4]), /not finite: entry \(1, 0\) is NaN/);
  throws(() => checkTarget([1, 0, 2, 0, 3, 0, 4, -Infinity], 2, "complex"), /entry \(1, 1\) is -Infinity/);
});

Deno.test("what is no array of numbers is refused as a type error", () => {
  const bad: unknown[] = [null, undefined, 3, "abcd", [1, "2", 3, 4], new BigInt64Array(4), {
    length: 4,
  }, new DataView(new ArrayBuffer(4))];
  for (const values of bad) throws(() => checkTarget(values as number[], 2), TypeError);
  throws(() => checkTarget([1], 1, "quaternion" as "real"), TypeError);
});

Deno.test("entries outside the range of float32 are refused", () => {
  throws(() => checkTarget([1e39, 0, 0, 1]), /largest entry is 1e\+39/);
  throws(() => checkTarget([1e-40, 0, 0, 0]), /largest entry is 1e-40/);
  equal(checkTarget([0, 0, 0, 0]).norm, 0);
});

Deno.test("a complex target without imaginary parts, or with rounding dirt only, is real", () => {
  const real = checkTarget([1, 0, 2, 0, 3, 1e-16, 4, 0], 2, "complex");
  equal(isReal(real), true);
  deepEqual([...inField(real, "real").values], [1, 2, 3, 4]);
  const complex = checkTarget([1, 0, 2, 0, 3, 1e-6, 4, 0], 2, "complex");
  equal(isReal(complex), false);
  throws(() => inField(complex, "real"), /imaginary parts/);
  deepEqual([...inField(checkTarget([1, 2, 3, 4]), "complex").values], [1, 0, 2, 0, 3, 0, 4, 0]);
});

Deno.test("powers of two, their logarithms and reversed bits are exact", () => {
  deepEqual([1, 2, 4, 1024, 2 ** 30].map(isPowerOfTwo), [true, true, true, true, true]);
  deepEqual([0, -2, 3, 2.5, NaN, Infinity, 2 ** 32].map(isPowerOfTwo), new Array(7).fill(false));
  for (let bits = 0; bits <= 30; bits++) equal(log2(2 ** bits), bits);
  deepEqual([0, 1, 2, 3, 4, 5, 6, 7].map((k) => reverseBits(k, 3)), [0, 4, 2, 6, 1, 5, 3, 7]);
});
