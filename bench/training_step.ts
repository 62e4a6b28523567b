/**
 * One step of training, forward, backward and update, of a real butterfly and of a dense matrix: the minimum of many.
 *
 * `deno run -A bench/training_step.ts [n] [batch]`; 256 and 256. The loss is ½·‖y − t‖²; the update is plain gradient
 * descent on all weights; the cotangent of the input is made too, as within a network. The dense step is that of TensorFlow.js on
 * its WebAssembly backend, one thread, without its tape: the three products, the transposes and the update alone, in its
 * memory, which is the least that its gradients do. Both are verified against loops in float64 first.
 *
 * @module
 */
import { setThreadsCount } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { Butterfly } from "../src/operator/butterfly.ts";
import { Random } from "../src/program/random.ts";

const n = Number(Deno.args[0] ?? 256), batch = Number(Deno.args[1] ?? 256), rate = 1e-4;
const random = new Random(1);
const normal = (size: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: size }, () => random.normal());
const x = normal(batch * n), t = normal(batch * n);

/** The largest difference, relative to the largest entry. */
function difference(found: ArrayLike<number>, wanted: Float64Array): number {
  let worst = 0, largest = 0;
  wanted.forEach((value, i) => {
    worst = Math.max(worst, Math.abs(found[i] - value));
    largest = Math.max(largest, Math.abs(value));
  });
  return worst / largest;
}

function verified(what: string, error: number): void {
  if (!(error < 1e-5)) throw new Error(`${what} is wrong: relative error ${error}`);
}

/** The least time of a step in milliseconds, over some seconds. */
function least(step: () => void): number {
  let best = Infinity;
  for (const end = performance.now() + 3000; performance.now() < end;) {
    const begin = performance.now();
    step();
    best = Math.min(best, performance.now() - begin);
  }
  return best;
}

/** Y = X·Aᵀ, and Gᵀ·X and G·A for G = Y − T, in float64. */
function denseReference(a: ArrayLike<number>): { weights: Float64Array; input: Float64Array } {
  const weights = new Float64Array(n * n), input = new Float64Array(batch * n);
  for (let row = 0; row < batch; row++) {
    for (let i = 0; i < n; i++) {
      let g = -t[row * n + i];
      for (let j = 0; j < n; j++) g += a[i * n + j] * x[row * n + j];
      for (let j = 0; j < n; j++) {
        weights[i * n + j] += g * x[row * n + j];
        input[row * n + j] += g * a[i * n + j];
      }
    }
  }
  return { weights, input };
}

// papillon.
let map = Butterfly.random(n, { seed: 1 });
const y = new Float32Array(batch * n), g = new Float32Array(batch * n);
function butterflyStep(update: boolean): { input: Float32Array; weights: Float32Array[] } {
  map.apply(x, y);
  for (let i = 0; i < y.length; i++) g[i] = y[i] - t[i];
  const slopes = map.gradient(x, g);
  if (update) {
    const factors = map.factors.map((factor, k) => {
      const own = slopes.weights[k], next = new Float32Array(factor.length);
      for (let i = 0; i < next.length; i++) next[i] = factor[i] - rate * own[i];
      return next;
    });
    map = Butterfly.fromFactors(n, factors);
  }
  return slopes;
}
{
  // The cotangent of the input by the dense matrix; slopes of weights by a difference along a random direction.
  const { input, weights } = butterflyStep(false), reference = denseReference(map.toDense());
  verified("papillon's cotangent", difference(input, reference.input));
  const directions = map.factors.map((factor) => normal(factor.length));
  const loss = (step: number): number => {
    const moved = Butterfly.fromFactors(
      n,
      map.factors.map((factor, k) => factor.map((w, i) => w + step * directions[k][i])),
    );
    return moved.apply(x).reduce((sum, value, i) => sum + (value - t[i]) ** 2 / 2, 0);
  };
  const slope = weights.reduce((sum, own, k) => own.reduce((s, v, i) => s + v * directions[k][i], sum), 0);
  const measured = (loss(1e-3) - loss(-1e-3)) / 2e-3;
  if (!(Math.abs(slope / measured - 1) < 1e-2)) {
    throw new Error(`papillon's slopes are wrong: ${slope}, ${measured}`);
  }
}

// TensorFlow.js.
setThreadsCount(1);
if (!await tf.setBackend("wasm")) throw new Error("the wasm backend did not start");
const start = normal(n * n).map((v) => v / Math.sqrt(n));
let w = tf.tensor2d(start, [n, n]);
const input = tf.tensor2d(x, [batch, n]), target = tf.tensor2d(t, [batch, n]);
function next(slopes: tf.Tensor2D): tf.Tensor2D {
  return tf.sub(w, tf.mul(slopes, rate)) as tf.Tensor2D;
}
function byHand(): { slopes: tf.Tensor2D; back: tf.Tensor2D } {
  const difference = tf.sub(tf.matMul(input, w), target) as tf.Tensor2D;
  return {
    slopes: tf.matMul(tf.transpose(input), difference) as tf.Tensor2D,
    back: tf.matMul(difference, tf.transpose(w)) as tf.Tensor2D,
  };
}
function denseStep(): void {
  const updated = tf.tidy(() => next(byHand().slopes));
  w.dispose();
  w = updated;
}
{
  const transposed = Float32Array.from(start, (_, i) => start[(i % n) * n + Math.floor(i / n)]);
  const reference = denseReference(transposed);
  const wanted = reference.weights.map((_, i) => reference.weights[(i % n) * n + Math.floor(i / n)]);
  const { slopes, back } = byHand();
  verified(
    "tfjs wasm",
    Math.max(difference(slopes.dataSync(), wanted), difference(back.dataSync(), reference.input)),
  );
}
const own = least(() => void butterflyStep(true));
const rows = [
  ["papillon, real butterfly", own],
  ["tfjs wasm, dense", least(denseStep)],
] as const;
console.log(`One step, n = ${n}, batch ${batch}, milliseconds:`);
for (const [name, time] of rows) {
  console.log(`${name.padEnd(28)} ${time.toFixed(3).padStart(8)}  ${(time / own).toFixed(1)}×`);
}
