import assert from "node:assert/strict";
import { createGpu, GpuError, GpuLostError, GpuUnavailableError, onDevice } from "../src/gpu/mod.ts";
import { dft } from "../src/kaleidoscope/transforms/dft.ts";
import { hadamard } from "../src/kaleidoscope/transforms/hadamard.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { Dense } from "../src/operator/dense.ts";
import { Diagonal } from "../src/operator/diagonal.ts";
import { product } from "../src/operator/product.ts";
import { Window } from "../src/operator/window.ts";
import { Random } from "../src/program/random.ts";
import { gpu, gpuTest, limitedTo } from "./gpu.ts";
import { assertClose } from "./helpers.ts";
import { vectors } from "./programs.ts";

const map = Butterfly.random(16, { seed: 1, bias: true });
const batch = vectors(new Random(1), 5 * 16);

gpuTest(
  "an operator on the device gives what it gives on the processor: results, adjoints and gradients",
  async () => {
    for (const operator of [map, map.adjoint(), product(dft(16), map)]) {
      const on = await gpu.compile(operator), random = new Random(3), { program } = operator;
      const x = vectors(random, 5 * program.inputWidth), g = vectors(random, 5 * program.outputWidth);
      assertClose(await on.apply(x), operator.apply(x), 1e-6);
      const got = await on.gradient(x, g), want = operator.gradient(x, g);
      assertClose(got.input, want.input, 1e-6);
      assert.equal(got.weights.length, want.weights.length);
      got.weights.forEach((gradient, i) => {
        assert.equal(gradient.length, want.weights[i].length);
        assertClose(gradient, want.weights[i], 1e-6, `weights ${i}`);
      });
      on.dispose();
    }
  },
);

gpuTest("vectors stay on the device between operators", async () => {
  const on = await gpu.compile(map), x = await gpu.array(batch, 16);
  assert.deepEqual(x.shape, [5, 16]);
  assert.equal(x.length, 80);
  const twice = await on.applyTo(await on.applyTo(x));
  assertClose(await twice.read(), map.apply(map.apply(batch)), 1e-6);
  assert.deepEqual(await x.read(), batch);
  x.dispose();
  await assert.rejects(on.applyTo(x), /Cannot use a GpuArray after dispose/);
  await gpu.finish();
});

gpuTest("a batch that exceeds the bytes given is split on its way", async () => {
  const on = await gpu.compile(map, { bytes: 2 * 64 });
  assert.match(on.explain(), /up to 2 vectors at once/);
  assertClose(await on.apply(batch), map.apply(batch), 1e-6);
  const g = vectors(new Random(5), 80), want = map.gradient(batch, g), got = await on.gradient(batch, g);
  assertClose(got.input, want.input, 1e-6);
  got.weights.forEach((gradient, i) => assertClose(gradient, want.weights[i], 1e-6));
  await assert.rejects(
    gpu.compile(map, { bytes: 63 }),
    /bytes must be at least those of one vector, 64, got 63/,
  );
});

gpuTest("f16 weights round each weight to eleven bits, and say what that does", async () => {
  for (const large of [Butterfly.random(64, { seed: 1 }), dft(64), hadamard(64).adjoint()]) {
    const on = await gpu.compile(large, { weights: "f16" }), random = new Random(6), { program } = large;
    const x = vectors(random, program.inputWidth * 40), want = large.apply(x), got = await on.apply(x);
    // ±1 are halves already; others are off by up to 2⁻¹¹ each.
    const exact = program.weights.every((w) => w.every((v) => Math.abs(v) === 1));
    if (exact) assert.ok(on.error! < 1e-6);
    else {
      assert.ok(on.error! > 1e-6 && on.error! < 2e-3, `measured error ${on.error}`);
      assert.throws(() => assertClose(got, want, on.error! / 3));
      assert.match(on.explain(), /f16 weights, off by \d\.\de-[45], results by \d\.\de-[45]/);
    }
    assertClose(got, want, on.error! * 3 + 1e-6);
  }
  const huge = new Dense(1, 2, Float32Array.of(1, 1e6));
  await assert.rejects(gpu.compile(huge, { weights: "f16" }), /a weight is 1000000, the largest half 65504/);
  await assert.rejects(
    gpu.compile(map, { weights: "f8" as "f16" }),
    /TypeError: Cannot compile a 16×16 butterfly for the GPU: weights must be "f32" or "f16", got "f8"/,
  );
});

gpuTest(
  "an operator without steps, one that is zero, and one of a single point have results and gradients",
  async () => {
    const cases = [
      Butterfly.random(1),
      new Window(4, 4, { shift: 9 }),
      new Window(3, 5),
      new Diagonal(Float32Array.of(2)),
    ];
    for (const operator of cases) {
      const on = await gpu.compile(operator), x = vectors(new Random(1), 3 * operator.cols);
      const g = vectors(new Random(2), 3 * operator.rows),
        want = operator.gradient(x, g),
        got = await on.gradient(x, g);
      assert.deepEqual(await on.apply(x), operator.apply(x));
      assert.deepEqual(got.input, want.input);
      got.weights.forEach((gradient, i) => assertClose(gradient, want.weights[i], 1e-6));
    }
  },
);

gpuTest("explain lists the kernels", async () => {
  assert.match(
    (await gpu.compile(map)).explain(),
    /1 kernel, f32 weights.*\n {2}real rows of 16: strides 1 2/,
  );
});

gpuTest("arguments that do not fit are refused in a sentence, before anything runs", async () => {
  const on = await gpu.compile(map);
  const refused: [() => Promise<unknown>, RegExp][] = [
    [
      () => on.apply(new Float32Array(17)),
      /RangeError: Cannot apply a 16×16 butterfly on the GPU: input length 17 is not a multiple of 16/,
    ],
    [() => on.apply(new Float32Array(0)), /RangeError: .*the input is empty/],
    [() => on.apply([1] as unknown as Float32Array), /TypeError: .*the input is not a Float32Array/],
    [() => on.gradient(batch, batch.subarray(16)), /RangeError: .*5 vectors of input and 4 of cotangents/],
    [
      () => gpu.array(new Float32Array(5), 2),
      /RangeError: Cannot make a GpuArray: length 5 is not a multiple of 2/,
    ],
    [
      () => gpu.array(new Float32Array(5), 0.5),
      /RangeError: .*floats in a vector must be a whole number from 1 on, got 0.5/,
    ],
    [() => gpu.array([] as unknown as Float32Array), /TypeError: .*data is not a Float32Array/],
    [
      () => gpu.array(batch, 8).then((x) => on.applyTo(x)),
      /RangeError: .*the input has vectors of 8 floats, expected 16/,
    ],
    [() => on.applyTo({} as never), /TypeError: .*the input is not a GpuArray/],
  ];
  for (const [promise, message] of refused) {
    await assert.rejects(promise, (error) => message.test(String(error)));
  }
});

gpuTest("an aborted signal stops every call with its reason", async () => {
  const signal = AbortSignal.abort(new Error("enough")),
    on = await gpu.compile(map),
    x = await gpu.array(batch, 16);
  const calls = [
    () => on.apply(batch, { signal }),
    () => on.applyTo(x, { signal }),
    () => on.gradient(batch, batch, { signal }),
    () => x.read({ signal }),
    () => gpu.compile(map, { signal }),
    () => gpu.finish({ signal }),
    () => createGpu({ signal }),
    () => onDevice(map, { gpu }).apply(batch, { signal }),
  ];
  for (const call of calls) await assert.rejects(call(), /enough/);
  const later = new AbortController(), running = x.read({ signal: later.signal });
  later.abort(new Error("too late"));
  await assert.rejects(running, /too late/);
  assertClose(await x.read(), batch, 0);
});

gpuTest("what the device refuses is an error, not zeros", async () => {
  await assert.rejects(
    gpu.pipeline("broken", "@compute @workgroup_size(1) fn main() { let x: u32 = 1.5; }"),
    (error) =>
      error instanceof GpuError &&
      /Cannot compile the kernel "broken": the GPU refused it/.test(error.message),
  );
  await assert.rejects(
    gpu.guard("bind too much", () => gpu.device.createBuffer({ size: 2 ** 40, usage: 128 })),
    /Cannot bind too much: the GPU refused it/,
  );
  await assert.rejects(
    gpu.guard("fail", () => {
      throw new TypeError("by itself");
    }),
    /by itself/,
  );
  // A buffer that was destroyed behind the library's back.
  const x = await gpu.array(batch, 16), on = await gpu.compile(map);
  x.span.buffer.destroy();
  await assert.rejects(on.applyTo(x), GpuError);
  // The errors of one call are not those of the next.
  assertClose(await on.apply(batch), map.apply(batch), 1e-6);
});

gpuTest("weights and vectors beyond the limits of a device are refused in a sentence", async () => {
  const limited = limitedTo(await createGpu({ limits: "default" }), {
    maxStorageBufferBindingSize: 512,
    maxBufferSize: 2048,
  });
  const gpu = await createGpu({ device: limited });
  await assert.rejects(gpu.compile(Butterfly.random(64)), /RangeError|the weights of .* at most 512/);
  await assert.rejects(gpu.compile(dft(128)), /Cannot compile a program for the GPU/);
  await assert.rejects(
    gpu.array(new Float32Array(513)),
    /it takes 2052 bytes, and a buffer of this device at most 2048/,
  );
  // 16 floats of 4 bytes: eight vectors in a binding of 512 bytes, 32 in a buffer of 2048.
  const plain = Butterfly.random(16, { seed: 8 }),
    on = await gpu.compile(plain),
    x = vectors(new Random(2), 16 * 100);
  assert.match(on.explain(), /up to 8 vectors at once/);
  assertClose(await on.apply(x), plain.apply(x), 1e-6);
  const array = await gpu.array(x.subarray(0, 16 * 20), 16);
  assertClose(await (await on.applyTo(array)).read(), plain.apply(x.subarray(0, 16 * 20)), 1e-6);
});

gpuTest("out of memory is an error that says so", async () => {
  let pops = 0;
  // Scopes are popped in the order validation, memory, internal.
  const scope = (): GPUError | null => pops++ % 3 === 1 ? { message: "no room" } as GPUError : null;
  const full = await createGpu({ device: limitedTo(gpu, {}, scope) });
  await assert.rejects(
    full.array(batch, 16),
    (error) =>
      error instanceof GpuError &&
      /Cannot make a GpuArray: the GPU is out of memory: no room/.test(error.message),
  );
});

gpuTest("a device with the least limits runs everything", async () => {
  const least = await createGpu({ limits: "default" });
  assert.equal(least.device.limits.maxComputeWorkgroupStorageSize, 16384);
  const large = Butterfly.random(4096, { seed: 2 }),
    on = await least.compile(large),
    x = vectors(new Random(2), 4096);
  assert.match(on.explain(), /1 kernel/);
  assertClose(await on.apply(x), large.apply(x), 1e-5);
  const small = Butterfly.random(64, { seed: 2 }), g = vectors(new Random(3), 64 * 3);
  const from = vectors(new Random(4), 64 * 3), want = small.gradient(from, g);
  const got = await (await least.compile(small)).gradient(from, g);
  assertClose(got.input, want.input, 1e-6);
  got.weights.forEach((gradient, i) => assertClose(gradient, want.weights[i], 1e-6, `weights ${i}`));
  least.dispose();
});

gpuTest("two devices work side by side, and do not take each other's vectors", async () => {
  const other = await createGpu(), here = await gpu.compile(map), there = await other.compile(map);
  const [a, b] = await Promise.all([here.apply(batch), there.apply(batch)]);
  assert.deepEqual(a, b);
  const x = await other.array(batch, 16);
  await assert.rejects(here.applyTo(x), /RangeError|the input is on another device/);
  other.dispose();
});

gpuTest("many calls at once do not disturb each other", async () => {
  const on = await gpu.compile(map);
  const inputs = Array.from({ length: 8 }, (_, i) => vectors(new Random(i), 16 * (i + 1)));
  const results = await Promise.all(inputs.map((x) => on.apply(x)));
  results.forEach((y, i) => assertClose(y, map.apply(inputs[i]), 1e-6));
});

gpuTest(
  "a device that is lost in the middle is named, and the processor goes on where that was asked for",
  async () => {
    const lost = await createGpu(), on = await lost.compile(map), x = await lost.array(batch, 16);
    const stubborn = onDevice(map, { gpu: lost, device: "gpu" });
    const flexible = onDevice(map, { gpu: lost, device: "gpu", fallback: true });
    assertClose(await stubborn.apply(batch), map.apply(batch), 1e-6);
    assertClose(await flexible.apply(batch), map.apply(batch), 1e-6);
    lost.device.destroy();
    const isLost = (error: unknown): boolean =>
      error instanceof GpuLostError && /the GPU device .* was lost: it was destroyed/.test(error.message);
    await assert.rejects(on.apply(batch), isLost);
    await assert.rejects(on.applyTo(x), isLost);
    await assert.rejects(x.read(), isLost);
    await assert.rejects(on.gradient(batch, batch), isLost);
    await assert.rejects(lost.compile(dft(8)), isLost);
    await assert.rejects(stubborn.apply(batch), isLost);
    assert.ok(lost.lost);
    assert.deepEqual(await flexible.apply(batch), map.apply(batch));
    assert.match(flexible.explain(), /on the processor, since the graphics processor failed: .*was lost/);
    // The next device is a new one.
    const next = await createGpu();
    assertClose(await (await next.compile(map)).apply(batch), map.apply(batch), 1e-6);
    next.dispose();
    await assert.rejects(next.array(batch), /was lost: it was disposed of/);
  },
);

Deno.test("where there is no adapter, or no WebGPU, a sentence says so", async () => {
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator")!;
  const without = async (navigator: unknown, message: RegExp): Promise<void> => {
    Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
    try {
      await assert.rejects(
        createGpu(),
        (error) => error instanceof GpuUnavailableError && message.test(error.message),
      );
      // What is asked to choose stays on the processor.
      const auto = onDevice(Butterfly.random(16, { seed: 1 }));
      const large = new Float32Array(1 << 14).fill(1);
      assert.equal((await auto.apply(large)).length, large.length);
      assert.match(auto.explain(), /no graphics processor: Cannot use the GPU/);
      await assert.rejects(onDevice(map, { device: "gpu" }).apply(batch), GpuUnavailableError);
      const asked = onDevice(map, { device: "gpu", fallback: true });
      assert.deepEqual(await asked.apply(batch), map.apply(batch));
    } finally {
      Object.defineProperty(globalThis, "navigator", before);
    }
  };
  await without({}, /this runtime has no WebGPU/);
  await without({ gpu: { requestAdapter: () => Promise.resolve(null) } }, /WebGPU found no adapter here/);
  const requestDevice = (): Promise<never> => Promise.reject(new Error("spent"));
  const adapter = { limits: {}, info: {}, requestDevice };
  await without(
    { gpu: { requestAdapter: () => Promise.resolve(adapter) } },
    /the adapter gave no device: spent/,
  );
});

Deno.test("a driver that never answers is not waited for longer than the signal says", async () => {
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator")!;
  const never = (): Promise<never> => new Promise(() => {}),
    adapter = { limits: {}, info: {}, requestDevice: never };
  for (const requestAdapter of [never, () => Promise.resolve(adapter)]) {
    Object.defineProperty(globalThis, "navigator", {
      value: { gpu: { requestAdapter } },
      configurable: true,
    });
    try {
      const controller = new AbortController(), opening = createGpu({ signal: controller.signal });
      setTimeout(() => controller.abort(new Error("long enough")), 5);
      await assert.rejects(opening, /long enough/);
    } finally {
      Object.defineProperty(globalThis, "navigator", before);
    }
  }
});
