/**
 * The short comparison for `deno bench`: one vector of 1024, the kernels alone, data in their memory. `deno task bench`
 * compares everything; what is compared here it verifies first.
 *
 * @module
 */
import { createMachine } from "../src/mod.ts";
import { familySubjects } from "./papillon.ts";
import { FAMILIES } from "./families.ts";
import { loadPeers } from "./peers/index.ts";

const N = 1024;

const machines = new Map([["relaxed", createMachine("relaxed")], ["simd", createMachine("simd")]] as const);
const own = FAMILIES.filter(({ label }) => label === "butterfly").flatMap((family) =>
  familySubjects({ ...family, training: false }, N, 1, machines)
);
const peers = await loadPeers(["fft.js", "pffft-wasm"]);
const others = await Promise.all(peers.map((peer) => peer.available ? peer.create(N) : []));

for (const subject of [...own, ...others.flat()]) {
  const { name, group, run } = subject;
  await subject.verify();
  Deno.bench(`${name}, n = ${N}`, {
    group,
    baseline: name === "papillon butterfly, relaxed",
  }, () => run());
}
