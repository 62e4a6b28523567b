/** What the page of tests/gpu_browser_test.ts runs: operators on the browser's GPU, their results sent to the test. */
import { Butterfly, Dense, dft, hadamard, type Operator, product, Random } from "../src/mod.ts";
import { createGpu, GpuTrainer, onDevice } from "../src/gpu/mod.ts";

/** The operators, the same on both sides. */
export function operators(): Operator[] {
  const random = new Random(8), dense = Float32Array.from({ length: 80 * 64 }, () => random.normal());
  return [
    Butterfly.random(64, { seed: 1 }),
    Butterfly.random(32, { seed: 3, field: "complex", increasing: false }).adjoint(),
    Butterfly.random(20, { seed: 4, rows: 50, bias: true }),
    product(hadamard(8), Butterfly.random(8, { seed: 5 })),
    dft(16),
    new Dense(80, 64, dense),
  ];
}

/** Vectors for an operator, the same on both sides. */
export function input(operator: Operator, cotangent = false): Float32Array<ArrayBuffer> {
  const random = new Random(9), { inputWidth, outputWidth } = operator.program;
  const width = cotangent ? outputWidth : inputWidth;
  return Float32Array.from({ length: 5 * width }, () => random.normal());
}

/** What the page sends. */
export interface Report {
  error?: string;
  adapter?: string;
  results: { y: number[]; input: number[]; weights: number[][] }[];
  /** Loss before and after training. */
  losses: number[];
  refused?: string;
  lost?: string;
  fallback: number[];
}

async function run(report: Report): Promise<void> {
  const gpu = await createGpu();
  report.adapter = gpu.name;
  for (const operator of operators()) {
    const on = await gpu.compile(operator), x = input(operator);
    const y = await on.apply(x), { input: gx, weights } = await on.gradient(x, input(operator, true));
    report.results.push({ y: [...y], input: [...gx], weights: weights.map((w) => [...w]) });
    on.dispose();
  }
  const start = Butterfly.random(8, { seed: 1 }),
    trainer = await GpuTrainer.create(gpu, start, { rate: 0.02 });
  const x = input(start), y = Butterfly.random(8, { seed: 2 }).apply(x);
  const ax = await gpu.array(x, 8), ay = await gpu.array(y, 8);
  await trainer.step(ax, ay);
  report.losses.push(await trainer.loss(), await trainer.fit(ax, ay, { steps: 50 }));
  await gpu.pipeline("broken", "fn main() { let x: u32 = 1.5; }").catch((error) =>
    report.refused = `${error}`
  );
  const flexible = onDevice(start, { gpu, device: "gpu", fallback: true });
  gpu.device.destroy();
  await ax.read().catch((error) => report.lost = `${error}`);
  report.fallback.push(...await flexible.apply(x));
}

if ("document" in globalThis) {
  const report: Report = { results: [], losses: [], fallback: [] };
  run(report).catch((error) => report.error = `${error?.stack ?? error}`).then(() =>
    fetch("/report", { method: "POST", body: JSON.stringify(report) })
  );
}
