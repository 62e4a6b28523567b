import assert from "node:assert/strict";
import { onDevice } from "../src/gpu/mod.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { Random } from "../src/program/random.ts";
import { gpu, gpuTest } from "./gpu.ts";
import { assertClose } from "./helpers.ts";
import { vectors } from "./programs.ts";

const map = Butterfly.random(16, { seed: 1 });
const one = vectors(new Random(1), 16), large = vectors(new Random(2), 1 << 14);

Deno.test("a small vector is applied on the processor, and no device is opened for it", async () => {
  const auto = onDevice(map);
  assert.deepEqual(await auto.apply(one), map.apply(one));
  assert.match(auto.explain(), /not measured yet.*\n.*last: 16 floats on the processor: below 16384 floats/s);
  assert.deepEqual(await onDevice(map, { device: "cpu" }).apply(large), map.apply(large));
});

Deno.test("a choice that does not exist is refused", () => {
  assert.throws(
    () => onDevice(map, { device: "tpu" as "gpu" }),
    /TypeError|device must be "auto", "cpu" or "gpu", got "tpu"/,
  );
  assert.throws(() => onDevice(map, { crossover: NaN }), /crossover must be a number from 0 on, got NaN/);
  assert.throws(() => onDevice(map, { crossover: -1 }), /got -1/);
});

gpuTest("a given crossover decides by the floats of the batch", async () => {
  const auto = onDevice(map, { gpu, crossover: 32 });
  assert.deepEqual(await auto.apply(one), map.apply(one));
  assert.match(auto.explain(), /last: 16 floats on the processor: the given crossover is 32 floats/);
  assertClose(await auto.apply(large.subarray(0, 32)), map.apply(large.subarray(0, 32)), 1e-6);
  assert.match(auto.explain(), /last: 32 floats on the graphics processor: the given crossover is 32 floats/);
  auto.dispose();
});

gpuTest("software adapters are never chosen, unless they are asked for", async () => {
  const auto = onDevice(map, { gpu });
  assertClose(await auto.apply(large), map.apply(large), 1e-6);
  if (gpu.software) {
    assert.match(auto.explain(), /on the processor: .* is an emulation on this same processor/);
  }
  const asked = onDevice(map, { gpu, device: "gpu" });
  assertClose(await asked.apply(one), map.apply(one), 1e-6);
  assert.match(asked.explain(), /on the graphics processor: as asked/);
});

gpuTest("a crossover is measured, and what was measured is explained", async () => {
  const auto = onDevice(map, { gpu });
  const { cpu, start, gpu: each, crossover } = await auto.calibrate();
  assert.ok(cpu > 0 && start > 0 && each >= 0 && crossover >= 1 << 14);
  // The line through the two measurements meets that of the processor there.
  if (crossover > 1 << 14 && crossover < Infinity) {
    const million = crossover / 1e6;
    assert.ok(Math.abs(cpu * million - start - each * million) < 1e-3 * cpu * million);
  }
  assert.match(
    auto.explain(),
    /measured: processor .* ms per million floats; graphics processor .* crossover/,
  );
  await assert.rejects(auto.calibrate({ signal: AbortSignal.abort(new Error("enough")) }), /enough/);
});

gpuTest("the benchmark verifies on this adapter, and claims no speed where it is software", async () => {
  if (!gpu.software) return;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", new URL("../bench/gpu.ts", import.meta.url).href, "--sizes", "64"],
    stdin: "null",
  }).output();
  const said = new TextDecoder().decode(stdout);
  assert.ok(success, said + new TextDecoder().decode(stderr));
  assert.match(
    said,
    /butterfly of 64 points: verified\n(dense product of 64, jax-js: verified\n|jax-js: skipped.*\n).*software: .* no speed is claimed/,
  );
  assert.doesNotMatch(said, /\d ms|GB\/s/);
});

Deno.test("the benchmark ends with a sentence where there is no adapter", async () => {
  const without = 'Object.defineProperty(globalThis, "navigator", { value: {} });';
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-lock",
      "--preload",
      `data:text/javascript,${encodeURIComponent(without)}`,
      new URL("../bench/gpu.ts", import.meta.url).href,
    ],
    stdin: "null",
  }).output();
  assert.equal(code, 1);
  assert.match(
    new TextDecoder().decode(stderr),
    /Nothing was measured\. Cannot use the GPU: this runtime has no WebGPU/,
  );
});

Deno.test("tests without an adapter are skipped with a reason, and fail where there must be one", async () => {
  const helper = new URL("gpu.ts", import.meta.url).href;
  const without = `Object.defineProperty(globalThis, "navigator", { value: {} }); await import("${helper}");`;
  for (const required of ["0", "1"]) {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-lock", without],
      env: { PAPILLON_REQUIRE_GPU: required },
      stdin: "null",
    }).output();
    const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assert.equal(code, Number(required), said);
    const reason = "Cannot use the GPU: this runtime has no WebGPU";
    assert.ok(
      said.includes(
        required === "1"
          ? `PAPILLON_REQUIRE_GPU is 1, but there is no adapter: ${reason}`
          : `skipped: the tests of the GPU. ${reason}`,
      ),
      said,
    );
  }
});
