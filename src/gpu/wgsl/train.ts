/**
 * Kernels of training: weights packed on the device, the loss and its cotangent, and steps of the optimizers.
 *
 * @module
 */

const HEAD = `@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) many: vec3u) {
let i = (wid.x + wid.y * many.x) * 64u + thread;
`;
const PARAMS = "@group(0) @binding(0) var<uniform> params: vec4u;\n";

function storage(binding: number, name: string, type: string, written = false): string {
  return `@group(0) @binding(${binding}) var<storage, ${
    written ? "read_write" : "read"
  }> ${name}: array<${type}>;\n`;
}

/** packed[i] = ± flat[index[i]], or zero: the numbers of src/gpu/weights.ts. */
export function packKernel(): string {
  return `${PARAMS}${storage(1, "result", "f32", true)}${storage(2, "flat", "f32")}${
    storage(3, "index", "u32")
  }${HEAD}
if (i >= params.x) { return; }
let at = index[i] & 0x7fffffffu;
var value = 0.0;
if (at != 0x7fffffffu) { value = flat[at]; }
result[i] = select(value, -value, (index[i] >> 31u) == 1u);
}
`;
}

/** Threads of the loss kernel, each with a sum of its own. */
export const LOSS_THREADS = 4096;

/** g = (y − t)·scale, and the sums of (y − t)² by threads. Params: count, bits of scale. */
export function lossKernel(): string {
  return `${PARAMS}${storage(1, "g", "f32", true)}${storage(2, "y", "f32")}${storage(3, "t", "f32")}${
    storage(4, "sums", "f32", true)
  }${HEAD}
var sum = 0.0;
for (var k = i; k < params.x; k += ${LOSS_THREADS}u) {
let off = y[k] - t[k];
g[k] = off * bitcast<f32>(params.y);
sum += off * off;
}
sums[i] += sum;
}
`;
}

/** result[i] = source[index[row]][…], vector after vector. Params: floats in all, floats of a vector. */
export function gatherKernel(): string {
  return `${PARAMS}${storage(1, "result", "f32", true)}${storage(2, "source", "f32")}${
    storage(3, "index", "u32")
  }${HEAD}
if (i < params.x) { result[i] = source[index[i / params.y] * params.y + i % params.y]; }
}
`;
}

/** weights −= rate·gradient. Params: count, bits of the rate. */
export function sgdKernel(): string {
  return `${PARAMS}${storage(1, "weights", "f32", true)}${storage(2, "gradient", "f32")}${HEAD}
if (i < params.x) { weights[i] -= bitcast<f32>(params.y) * gradient[i]; }
}
`;
}

/** A step of Adam. Params: count, and the bits of rate/(1 − β₁ᵗ) and of 1/(1 − β₂ᵗ). */
export function adamKernel(beta1: number, beta2: number, epsilon: number): string {
  return `${PARAMS}${storage(1, "weights", "f32", true)}${storage(2, "gradient", "f32")}${
    storage(3, "means", "f32", true)
  }${storage(4, "squares", "f32", true)}${HEAD}
if (i >= params.x) { return; }
let slope = gradient[i];
let mean = ${float(beta1)} * means[i] + ${float(1 - beta1)} * slope;
let square = ${float(beta2)} * squares[i] + ${float(1 - beta2)} * slope * slope;
means[i] = mean;
squares[i] = square;
weights[i] -= bitcast<f32>(params.y) * mean / (sqrt(square * bitcast<f32>(params.z)) + ${float(epsilon)});
}
`;
}

/** A number as WGSL writes it. */
function float(value: number): string {
  return `f32(${value})`;
}

/** The bits of a float32. */
export function bitsOf(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0];
}
