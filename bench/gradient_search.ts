/**
 * Gradient alone, permutations learned: how often, and how fast, transforms are found from their matrices.
 *
 * `deno run -A bench/gradient_search.ts [--seeds 6] [--sizes 8,16,32,64] [--budget 120] [--patience 1] [--models
 * RPP,BPBP] [--first SEED] [--targets DFT,DCT] [--out FILE.md]`; one core, one search after another. Seconds are those of the
 * processor, so that other work on the machine does not count; on an idle one they are those of a clock. As in Dao et al. 2019 a transform counts as recovered when the root mean square error of an
 * entry is below 1e-4.
 *
 * @module
 */
import { cpuUsage } from "node:process";
import { parseArgs } from "node:util";
import { search } from "../src/learn/search/search.ts";
import { checkTarget, type Target } from "../src/learn/target.ts";
import { Random } from "../src/program/random.ts";

const RMSE = 1e-4;

/** The targets of Dao et al. 2019, each entry divided by √n as there. */
const TARGETS: Record<string, (n: number) => Target> = {
  DFT: (n) => matrix(n, (j, k) => -2 * Math.PI * (j * k % n) / n, (a) => [Math.cos(a), Math.sin(a)]),
  Hadamard: (n) => matrix(n, (j, k) => ones(j & k), (count) => [count % 2 === 0 ? 1 : -1]),
  DCT: (n) => matrix(n, (j, k) => Math.PI * j * (2 * k + 1) / (2 * n), (a) => [2 * Math.cos(a)]),
  convolution: (n) => {
    const random = new Random(0), column = Array.from({ length: n }, () => random.normal());
    return matrix(n, (j, k) => (j - k + n) % n, (i) => [column[i]]);
  },
};

function ones(bits: number): number {
  return bits === 0 ? 0 : 1 + ones(bits & (bits - 1));
}

function matrix(n: number, where: (j: number, k: number) => number, value: (at: number) => number[]): Target {
  const entries = Array.from({ length: n * n }, (_, i) => value(where(Math.floor(i / n), i % n)));
  const values = Float64Array.from(entries.flat(), (v) => v / Math.sqrt(n));
  return checkTarget(values, n, values.length > n * n ? "complex" : "real");
}

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "6" },
    sizes: { type: "string", default: "8,16,32,64" },
    targets: { type: "string", default: Object.keys(TARGETS).join() },
    budget: { type: "string", default: "120" },
    patience: { type: "string", default: "1" },
    models: { type: "string" },
    first: { type: "string", default: "0" },
    out: { type: "string" },
  },
});
const lines = [
  "| target | n | recovered | seconds, median | seconds, each seed | models that won |",
  "| --- | ---: | ---: | ---: | --- | --- |",
];
for (const name of values.targets.split(",")) {
  for (const n of values.sizes.split(",").map(Number)) {
    const target = TARGETS[name](n), entries = Math.sqrt(target.values.length);
    const times: number[] = [], models: string[] = [];
    let found = 0;
    for (let k = 0; k < Number(values.seeds); k++) {
      const seed = Number(values.first) + k;
      const begin = cpuUsage();
      const { best } = await search(target, {
        seed,
        models: values.models?.split(","),
        tolerance: RMSE * entries / target.norm,
        // A clock that runs on while others work: the processor's seconds are what is counted below.
        budgetSeconds: Number(values.patience) * Number(values.budget),
      });
      const { user, system } = cpuUsage(begin), seconds = (user + system) / 1e6;
      const rmse = (best?.relativeError ?? Infinity) * target.norm / entries;
      if (rmse <= RMSE && seconds <= Number(values.budget)) {
        found++;
        models.push(best!.trial.model);
        times.push(seconds);
      } else times.push(Infinity);
    }
    const sorted = [...times].sort((a, b) => a - b), median = sorted[Math.floor((sorted.length - 1) / 2)];
    const text = (seconds: number): string => Number.isFinite(seconds) ? seconds.toFixed(1) : "–";
    const won = [...new Set(models)].map((m) => `${m} ${models.filter((other) => other === m).length}`);
    lines.push(
      `| ${name} | ${n} | ${found} of ${times.length} | ${text(median)} | ${times.map(text).join(", ")} | ${
        won.join(", ")
      } |`,
    );
    console.error(lines.at(-1));
  }
}
const page = lines.join("\n") + "\n";
if (values.out) Deno.writeTextFileSync(values.out, page);
else console.log(page);
