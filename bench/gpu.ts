/**
 * The GPU path against the device's own copy, and against dense products in WebGPU.
 *
 *     deno run -A bench/gpu.ts [--tune] [--sizes 256,1024,4096] [--out FILE]
 *
 * Every result is verified first. Times are those of the device alone: many applications are submitted together and
 * waited for, vectors stay where they are. A copy reads and writes each byte once, which is the least that any map of the
 * batch can do; the share is the time of the copy divided by that of the map. `--tune` tries other ways to cut the work.
 *
 * On a software adapter (llvmpipe, SwiftShader) results are verified and nothing is timed: it says nothing about a GPU.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { arrayFrom, emptyArray } from "../src/gpu/array.ts";
import type { Span } from "../src/gpu/context.ts";
import { GpuDerivative } from "../src/gpu/derivative.ts";
import { type ExecutorOptions, GpuExecutor } from "../src/gpu/executor.ts";
import { createGpu, type Gpu, type GpuArray, GpuUnavailableError } from "../src/gpu/mod.ts";
import { Butterfly, dft, type Operator, Random } from "../src/mod.ts";

/** Floats of a batch: 65 536 vectors of 1024. */
const FLOATS = 1 << 26;
/** Applications that are submitted together. */
const TOGETHER = 50;
/** Samples, of which the fastest counts. */
const SAMPLES = 4;
/** Milliseconds of a sample at least: some runtimes look only every ten whether the device is done. */
const LEAST = 400;
/** How long the driver may take to give a device, in milliseconds. */
const PATIENCE = 30_000;
/** Vectors of the dense products: enough to fill the device. */
const DENSE_BATCH = 4096;

/** How long a number of works takes, in milliseconds. */
async function elapsed(
  gpu: Gpu,
  record: (encoder: GPUCommandEncoder) => void,
  count: number,
): Promise<number> {
  const begin = performance.now();
  for (let done = 0; done < count; done += TOGETHER) {
    await gpu.guard("measure", () => {
      const encoder = gpu.device.createCommandEncoder();
      for (let i = 0; i < Math.min(TOGETHER, count - done); i++) record(encoder);
      gpu.device.queue.submit([encoder.finish()]);
    });
  }
  await gpu.finish();
  return performance.now() - begin;
}

/** Milliseconds of one of the works that `record` records: the fastest of some samples. */
async function milliseconds(
  gpu: Gpu,
  record: (encoder: GPUCommandEncoder) => void,
  least = LEAST,
): Promise<number> {
  let count = 1, time = await elapsed(gpu, record, count);
  for (; time < least; time = await elapsed(gpu, record, count)) {
    count = Math.ceil(count * Math.min(16, Math.max(1.5, 1.2 * least / time)));
  }
  for (let sample = 0; sample < SAMPLES; sample++) time = Math.min(time, await elapsed(gpu, record, count));
  return time / count;
}

/** Compares a few vectors with the processor's results; those are compared with float64 in the tests. */
async function verify(gpu: Gpu, map: Operator, options: ExecutorOptions, tolerance: number): Promise<void> {
  const { program } = map, random = new Random(7), batch = 9;
  const x = Float32Array.from({ length: batch * program.inputWidth }, () => random.normal());
  const executor = await GpuExecutor.create(gpu, program, options);
  const ax = await arrayFrom(gpu, x, program.inputWidth),
    ay = await emptyArray(gpu, batch, program.outputWidth, "verify");
  await executor.run(ax.span, ay.span, batch);
  const got = await ay.read(), want = map.apply(x);
  let error = 0, size = 0;
  want.forEach((value, k) => {
    error += (got[k] - value) ** 2;
    size += value ** 2;
  });
  for (const used of [ax, ay, executor]) used.dispose();
  if (!(Math.sqrt(error / size) <= tolerance)) {
    throw new Error(`${map.describe()} is wrong on this device: relative error ${Math.sqrt(error / size)}`);
  }
}

/** Compares gradients of a few vectors with those of the processor. */
async function verifyGradients(gpu: Gpu, map: Operator): Promise<void> {
  const { inputWidth, outputWidth } = map.program, random = new Random(8), batch = 9;
  const normal = (length: number): Float32Array => Float32Array.from({ length }, () => random.normal());
  const x = normal(batch * inputWidth), g = normal(batch * outputWidth), want = map.gradient(x, g);
  const on = await gpu.compile(map), got = await on.gradient(x, g);
  on.dispose();
  const norm = (values: Float32Array): number =>
    Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  const compare = (one: Float32Array, other: Float32Array, what: string): void => {
    const error = norm(one.map((value, k) => value - other[k])) / norm(other);
    if (!(error <= 1e-5)) {
      throw new Error(`${map.describe()} is wrong on this device: relative error ${error} of ${what}`);
    }
  };
  compare(got.input, want.input, "the cotangent");
  got.weights.forEach((gradient, k) => compare(gradient, want.weights[k], `the gradient of weights ${k}`));
}

/** Two arrays of a batch, and the time to copy one to the other. */
interface Ground {
  readonly x: GpuArray;
  readonly y: GpuArray;
  readonly copy: number;
}

async function ground(gpu: Gpu, floats: number): Promise<Ground> {
  const random = new Random(1), line = Float32Array.from({ length: 1 << 16 }, () => random.normal());
  const data = new Float32Array(floats);
  for (let at = 0; at < floats; at += line.length) {
    data.set(line.subarray(0, Math.min(line.length, floats - at)), at);
  }
  const x = await arrayFrom(gpu, data, 64), y = await emptyArray(gpu, floats / 64, 64, "measure");
  const copy = await milliseconds(gpu, (encoder) => {
    encoder.copyBufferToBuffer(x.span.buffer, 0, y.span.buffer, 0, floats * 4);
  });
  return { x, y, copy };
}

/** One line of the report. */
interface Line {
  name: string;
  batch: number;
  milliseconds: number;
  /** Time of a copy of the batch divided by this. */
  share: number;
  kernels: number;
}

async function timed(
  gpu: Gpu,
  name: string,
  map: Operator,
  on: Ground,
  options: ExecutorOptions = {},
): Promise<Line> {
  await verify(gpu, map, options, options.weights === "f16" ? 5e-3 : 1e-5);
  const executor = await GpuExecutor.create(gpu, map.program, {
    ...options,
    tuning: { bytes: 2 ** 31, ...options.tuning },
  });
  const batch = Math.floor(on.x.length / Math.max(map.program.inputWidth, map.program.outputWidth));
  const time = await milliseconds(
    gpu,
    (encoder) => void executor.record(encoder, on.x.span, on.y.span, batch),
  );
  const kernels = executor.kernels.length;
  executor.dispose();
  return { name, batch, milliseconds: time, share: on.copy / time, kernels };
}

async function gradients(gpu: Gpu, map: Operator, on: Ground): Promise<Line> {
  await verifyGradients(gpu, map);
  const derivative = await GpuDerivative.create(gpu, map.program), { inputWidth } = map.program;
  const batch = Math.min(derivative.most, Math.floor(on.x.length / inputWidth / 2));
  const part = (array: GpuArray, which: number): Span => ({
    buffer: array.span.buffer,
    offset: which * batch * inputWidth * 4,
    size: batch * inputWidth * 4,
  });
  const gradient = await emptyArray(gpu, 1, derivative.flat.length, "measure");
  const outside = [part(on.x, 0), part(on.x, 1), part(on.y, 0)];
  const time = await milliseconds(gpu, (encoder) => {
    derivative.forward(encoder, outside, batch);
    derivative.backward(encoder, outside, batch, gradient.span.buffer);
  });
  derivative.dispose();
  const copy = on.copy * batch * inputWidth / on.x.length;
  return {
    name: `${map.describe()}, gradients`,
    batch,
    milliseconds: time,
    share: copy / time,
    kernels: derivative.loaded.plan.kernels.length,
  };
}

/**
 * Milliseconds of a dense product of jax-js on WebGPU, NaN where `measured` is false and it is only verified; undefined where
 * it does not run.
 */
async function jaxDense(n: number, batch: number, measured: boolean): Promise<number | undefined> {
  try {
    const jax = await import("@jax-js/jax");
    if (!(await jax.init("webgpu")).includes("webgpu")) return undefined;
    jax.defaultDevice("webgpu");
    const np = jax.numpy, random = new Random(2);
    const normal = (length: number): Float32Array<ArrayBuffer> =>
      Float32Array.from({ length }, () => random.normal());
    const matrix = normal(n * n).map((value) => value / Math.sqrt(n)), vectors = normal(batch * n);
    const w = np.array(matrix).reshape([n, n]), x = np.array(vectors).reshape([batch, n]);
    const product = jax.jit((a: typeof w, b: typeof x) => np.matmul(b, np.transpose(a)));
    const first = await product(w.ref, x.ref).data();
    // The first and the last vector, in float64.
    let error = 0, size = 0;
    for (const row of [0, batch - 1]) {
      for (let i = 0; i < n; i++) {
        let want = 0;
        for (let k = 0; k < n; k++) want += matrix[i * n + k] * vectors[row * n + k];
        error += (first[row * n + i] - want) ** 2;
        size += want ** 2;
      }
    }
    if (!(Math.sqrt(error / size) < 1e-5)) {
      throw new Error(`it is wrong: relative error ${Math.sqrt(error / size)}`);
    }
    if (!measured) return NaN;
    let count = 1, time = 0;
    const run = async (): Promise<number> => {
      const begin = performance.now();
      // Each product of the last one: nothing is read back, and only two batches are alive.
      let y = x.ref;
      for (let i = 0; i < count; i++) y = product(w.ref, y);
      await y.blockUntilReady();
      y.dispose();
      return performance.now() - begin;
    };
    while ((time = await run()) < LEAST) {
      count = Math.ceil(count * Math.min(16, Math.max(1.5, 1.2 * LEAST / time)));
    }
    for (let sample = 0; sample < SAMPLES; sample++) time = Math.min(time, await run());
    return time / count;
  } catch (error) {
    console.log(`jax-js: skipped, ${(error as Error).message}`);
    return undefined;
  }
}

function print({ name, batch, milliseconds, share, kernels }: Line): void {
  console.log(
    `${name.padEnd(44)} batch ${String(batch).padStart(7)}  ${milliseconds.toFixed(3).padStart(9)} ms  ` +
      `${(100 * share).toFixed(1).padStart(5)} % of a copy  ${kernels} ${
        kernels === 1 ? "kernel" : "kernels"
      }`,
  );
}

/** Other ways to cut the work of the butterfly of 1024 points, best first. */
async function tune(gpu: Gpu, n: number, on: Ground): Promise<Line[]> {
  const lines: Line[] = [], map = Butterfly.random(n, { seed: 1 });
  const most = gpu.device.limits.maxComputeWorkgroupStorageSize;
  for (const bits of [2, 3, 4]) {
    for (const rows of [1, 2, 4, 8]) {
      for (const memory of [1 << 13, 1 << 14, 1 << 15, 3 << 14].filter((bytes) => bytes <= most)) {
        for (const threads of [64, 128, 256]) {
          const name = `bits ${bits}, rows ${rows}, ${memory} bytes, ${threads} threads`;
          try {
            lines.push(
              await timed(gpu, name, map, on, { tuning: { bits, shape: { memory, threads, rows } } }),
            );
          } catch (error) {
            console.log(`${name}: ${(error as Error).message}`);
          }
        }
      }
    }
  }
  return lines.sort((a, b) => b.share - a.share);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: Deno.args,
    options: { tune: { type: "boolean" }, sizes: { type: "string" }, out: { type: "string" } },
  });
  const sizes = (values.sizes ?? "256,1024,4096,16384").split(",").map(Number);
  // Some drivers never answer.
  const gpu = await createGpu({ signal: AbortSignal.timeout(PATIENCE) });
  console.log(`adapter: ${gpu.name}; Deno ${Deno.version.deno}; ${new Date().toISOString().slice(0, 10)}`);
  if (gpu.software) {
    // An emulation compiles large kernels for minutes.
    for (const n of values.sizes ? sizes : [64, 256]) {
      await verify(gpu, Butterfly.random(n, { seed: 1 }), {}, 1e-5);
      await verifyGradients(gpu, Butterfly.random(n, { seed: 1 }));
      console.log(`butterfly of ${n} points: verified`);
      const dense = await jaxDense(n, 16, false);
      if (dense !== undefined) console.log(`dense product of ${n}, jax-js: verified`);
    }
    console.log("This adapter is software: it verifies results, and no speed is claimed from it.");
    return;
  }
  const on = await ground(
    gpu,
    Math.min(FLOATS, gpu.device.limits.maxBufferSize / 4, gpu.device.limits.maxStorageBufferBindingSize / 4),
  );
  const bytes = 8 * on.x.length;
  console.log(
    `copy of ${bytes / 2} bytes: ${on.copy.toFixed(3)} ms, ${
      (bytes / on.copy / 1e6).toFixed(0)
    } GB/s read and written`,
  );
  if (values.tune) {
    for (const n of sizes) (await tune(gpu, n, on)).slice(0, 12).forEach(print);
    return;
  }
  const lines: Line[] = [];
  const add = (line: Line): void => {
    lines.push(line);
    print(line);
  };
  for (const n of sizes) {
    const real = Butterfly.random(n, { seed: 1 });
    add(await timed(gpu, `real butterfly of ${n}`, real, on));
    add(await timed(gpu, `real butterfly of ${n}, f16 weights`, real, on, { weights: "f16" }));
    add(
      await timed(gpu, `complex butterfly of ${n}`, Butterfly.random(n, { seed: 1, field: "complex" }), on),
    );
    add(await timed(gpu, `Fourier transform of ${n}`, dft(n), on));
    add(await gradients(gpu, real, on));
  }
  const ratios = new Map<number, number>();
  for (const n of sizes.filter((n) => n <= 4096)) {
    const dense = await jaxDense(n, DENSE_BATCH, true);
    const own = lines.find(({ name }) => name === `real butterfly of ${n}`)!;
    if (dense === undefined) continue;
    const ratio = dense / DENSE_BATCH / (own.milliseconds / own.batch);
    ratios.set(n, ratio);
    console.log(
      `dense product of ${n}, jax-js, batch ${DENSE_BATCH}: ${dense.toFixed(3)} ms, ${
        ratio.toFixed(1)
      } times the butterfly ` +
        "a vector",
    );
  }
  const share = lines.find(({ name }) => name === "real butterfly of 1024");
  const judge = (goal: string, value: number | undefined, least: number, text: string): void => {
    const verdict = value === undefined ? "not measured" : `${text}, ${value >= least ? "met" : "missed"}`;
    console.log(`goal, on ${gpu.name}: ${goal}: ${verdict}`);
  };
  judge(
    `60 % of a copy at n = 1024, batch ${share?.batch ?? 65536}`,
    share?.share,
    0.6,
    `${(100 * (share?.share ?? 0)).toFixed(1)} %`,
  );
  const ratio = ratios.get(4096);
  judge("10 times as fast as a dense product at n = 4096", ratio, 10, `${ratio?.toFixed(1)} times`);
  if (values.out) {
    await Deno.writeTextFile(
      values.out,
      JSON.stringify({ adapter: gpu.name, copy: on.copy, lines, dense: Object.fromEntries(ratios) }, null, 2),
    );
  }
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    const late = error instanceof DOMException && error.name === "TimeoutError";
    if (!late && !(error instanceof GpuUnavailableError)) throw error;
    const why = late ? `WebGPU did not answer in ${PATIENCE / 1000} seconds` : (error as Error).message;
    console.error(`Nothing was measured. ${why}.`);
    Deno.exit(1);
  }
  // The device and jax-js keep the process alive.
  Deno.exit(0);
}
