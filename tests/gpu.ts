/** The graphics processor of the tests: one where there is an adapter, a printed reason where there is none. */
import { createGpu, type Gpu, GpuUnavailableError } from "../src/gpu/mod.ts";
import type { Tuning } from "../src/gpu/plan.ts";

/** Whether there must be an adapter: .ci/run says so. */
const required = Deno.env.get("PAPILLON_REQUIRE_GPU") === "1";

/** Opens a device, or says why there is none. */
async function open(): Promise<{ gpu?: Gpu; reason?: string }> {
  try {
    return { gpu: await createGpu() };
  } catch (error) {
    if (!(error instanceof GpuUnavailableError)) throw error;
    return { reason: error.message };
  }
}

const found = await open();
if (found.gpu === undefined) {
  if (required) throw new Error(`PAPILLON_REQUIRE_GPU is 1, but there is no adapter: ${found.reason}`);
  console.log(`skipped: the tests of the GPU. ${found.reason}`);
}

/** The device of this file's tests. */
export const gpu = found.gpu as Gpu;

/** A test that needs a device. Devices and what they keep outlive tests, so that Deno must not count them. */
export function gpuTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, ignore: found.gpu === undefined, sanitizeOps: false, sanitizeResources: false });
}

/** Kernels that are compiled quickly by an emulation: few values in registers. */
export const small: Partial<Tuning> = { bits: 2, shape: { memory: 1 << 14, threads: 64, rows: 1 } };

/** The same with so little workgroup memory that most rows are cut into tiles. */
export const tiny: Partial<Tuning> = { bits: 2, shape: { memory: 512, threads: 32, rows: 2 } };

/** A device that says it has smaller limits, or that answers some scopes with errors. */
export function limitedTo(
  gpu: Gpu,
  limits: Partial<Record<keyof GPUSupportedLimits, number>>,
  scope?: () => GPUError | null,
): GPUDevice {
  const bound = (target: object, key: string | symbol): unknown => {
    const value = Reflect.get(target, key);
    return typeof value === "function" ? value.bind(target) : value;
  };
  const fewer = new Proxy(gpu.device.limits, {
    get: (target, key) => limits[key as keyof GPUSupportedLimits] ?? bound(target, key),
  });
  return new Proxy(gpu.device, {
    get: (target, key) => {
      if (key === "limits") return fewer;
      if (key === "popErrorScope" && scope) {
        return async () => {
          const error = await target.popErrorScope();
          return error ?? scope();
        };
      }
      return bound(target, key);
    },
  });
}
