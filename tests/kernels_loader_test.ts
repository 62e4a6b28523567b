import assert from "node:assert/strict";
import { instantiateSync } from "@assemblyscript/loader";
import { kernels } from "../src/kernels/bytes.generated.ts";
import { decodeKernels } from "../src/kernels/text.ts";

// The library does not use the loader, which is deprecated upstream: its host is src/kernels/machine.ts.
Deno.test("the kernels can be loaded with AssemblyScript's own loader", () => {
  for (const fused of [true, false]) {
    const memory = new WebAssembly.Memory({ initial: 2 });
    const { exports } = instantiateSync(decodeKernels(kernels, fused), { env: { memory } });
    const run = exports.run as (
      code: number,
      count: number,
      rows: number,
      tile: number,
      fresh: number,
    ) => void;
    assert.doesNotThrow(() => run(65536, 0, 1, 1, 1));
    // A record of zeros but for an unknown operation is refused, not skipped.
    new Int32Array(memory.buffer)[65536 / 4] = 100;
    assert.throws(() => run(65536, 1, 1, 1, 1), WebAssembly.RuntimeError);
  }
});
