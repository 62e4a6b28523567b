import assert from "node:assert/strict";
import { createMachine, type Machine, type MachineName } from "../src/kernels/machine.ts";

/** Asserts that two arrays agree within a relative error in the 2-norm. */
export function assertClose(
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  tolerance: number,
  message = "",
): void {
  assert.equal(got.length, want.length, `${message}: lengths differ`);
  let error = 0, size = 0;
  for (let i = 0; i < want.length; i++) {
    const difference = got[i] - want[i];
    error += difference * difference;
    size += want[i] * want[i];
  }
  error = Math.sqrt(error);
  size = Math.sqrt(size);
  // Not `error > …`: a NaN must fail.
  assert.ok(
    error <= tolerance * size,
    `${message}: relative error ${error / size} exceeds ${tolerance} (norm ${size})`,
  );
}

/** Asserts |got − want| ≤ relative·max|want| + absolute for each entry. */
export function assertEntries(
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  relative: number,
  absolute: number,
  message = "",
): void {
  assert.equal(got.length, want.length, `${message}: lengths differ`);
  let scale = 0;
  for (let i = 0; i < want.length; i++) scale = Math.max(scale, Math.abs(want[i]));
  for (let i = 0; i < want.length; i++) {
    const difference = Math.abs(got[i] - want[i]);
    assert.ok(
      difference <= relative * scale + absolute,
      `${message}: entry ${i} is ${got[i]}, expected ${want[i]} (scale ${scale})`,
    );
  }
}

const names: MachineName[] = ["relaxed", "simd", "scalar"];

/** One machine of each build that this runtime accepts. */
export const machines: Machine[] = names.flatMap((name) => {
  try {
    return [createMachine(name)];
  } catch (error) {
    console.log(`skipped: the ${name} build does not compile here (${(error as Error).message})`);
    return [];
  }
});

/** Runs a program on a machine: the result for a batch. */
export function runOn(
  machine: Machine,
  operator: { compile(machine: Machine): { apply(x: Float32Array, out: Float32Array, batch: number): void } },
  x: Float32Array,
  outLength: number,
  batch: number,
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(outLength);
  operator.compile(machine).apply(x, out, batch);
  return out;
}
