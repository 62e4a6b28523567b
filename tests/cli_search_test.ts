import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { drawLosses } from "../src/cli/plot/losses.ts";
import { linesOf } from "../src/cli/search.ts";
import { loadOperator } from "../src/io/operator_file.ts";
import { readCheckpoint, writeCheckpoint } from "../src/learn/search/checkpoint.ts";
import { inFolder, interrupted, killed, names, papillon } from "./cli_run.ts";

Deno.test("papillon search finds a transform, draws the race, and goes on from its checkpoint", async () => {
  const cwd = Deno.makeTempDirSync();
  try {
    const files = ["--out", "h.safetensors", "--plot", "h.svg", "--checkpoint", "h.json"];
    const found = await papillon(cwd, "search", "hadamard", "--n", "8", "--workers", "2", ...files);
    equal(found.code, 0, found.err);
    match(found.out, /Found: [BRP]+, relative error/);
    equal(found.err, "");
    const y = loadOperator(Deno.readFileSync(`${cwd}/h.safetensors`)).apply(new Float32Array(8).fill(1));
    ok(Math.abs(y[0] - Math.sqrt(8)) < 1e-2 && Math.abs(y[1]) < 1e-2);
    match(Deno.readTextFileSync(`${cwd}/h.svg`), /<polyline/);
    const text = Deno.readTextFileSync(`${cwd}/h.json`), checkpoint = readCheckpoint(text);
    equal(writeCheckpoint(checkpoint), text);
    ok(checkpoint.best!.parts.some((part) => part.kind !== "P" && part.weights instanceof Float64Array));
    const again = await papillon(cwd, "search", "hadamard", "--n", "8", "--resume", "h.json");
    equal(again.code, 0, again.err);
    deepEqual([...Deno.readDirSync(cwd)].map(({ name }) => name).sort(), [
      "h.json",
      "h.safetensors",
      "h.svg",
    ]);
    const other = await papillon(cwd, "search", "hadamard", "--n", "16", "--resume", "h.json");
    equal(other.code, 2);
    match(other.err, /was for a target of order 8/);
    Deno.writeTextFileSync(`${cwd}/bad.json`, text.replaceAll('"mean":{"float64"', '"mean":{"float32"'));
    const bad = ["bad.json", "h.svg"].map((file) =>
      papillon(cwd, "search", "hadamard", "--n", "8", "--resume", file)
    );
    const [damaged, picture] = await Promise.all(bad);
    deepEqual([damaged.code, picture.code], [2, 2]);
    match(damaged.err, /a trial in it is damaged/);
    match(picture.err, /it is no JSON/);
  } finally {
    Deno.removeSync(cwd, { recursive: true });
  }
});

Deno.test({
  name:
    "a search that is killed goes on from the round it had come to; one that is interrupted writes its best",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      const args = ["search", "dct", "--n", "16", "--models", "RPP,BPBP", "--seed", "4"];
      const whole = await papillon(folder, ...args, "--checkpoint", "whole.json");
      equal(whole.code, 0, whole.err);
      const dead = await killed(folder, "dead.json", ...args, "--checkpoint", "dead.json");
      equal(dead.code, 128 + 9);
      const left = readCheckpoint(Deno.readTextFileSync(`${folder}/dead.json`));
      ok(left.racing.length > 0 && left.round > 0 && left.best === undefined);
      const again = ["search", "dct", "--n", "16", "--resume", "dead.json", "--checkpoint", "dead.json"];
      const rest = await papillon(folder, ...again);
      equal(rest.code, 0, rest.err);
      const [one, other] = ["whole", "dead"].map((name) =>
        readCheckpoint(Deno.readTextFileSync(`${folder}/${name}.json`)).best
      );
      deepEqual(other, one);
      const files = ["--workers", "2", "--out", "best.safetensors"];
      const stopped = await interrupted(folder, 2500, "search", "randn", "--n", "32", ...files);
      equal(stopped.code, 130, stopped.err);
      match(stopped.out, /^Nearest: .* \(cancelled; /);
      equal(loadOperator(Deno.readFileSync(`${folder}/best.safetensors`)).rows, 32);
      deepEqual(names(folder), ["best.safetensors", "dead.json", "whole.json"]);
    }),
});

Deno.test("what papillon search cannot do is refused with a sentence and code 2", async () => {
  const cwd = Deno.makeTempDirSync();
  try {
    const cases: [string[], RegExp][] = [
      [[], /the target is missing/],
      [["hadamard", "--models", "BX"], /no model "BX"/],
      [["dft", "--n", "8", "--models", "RP"], /cannot be a complex matrix/],
      [["hadamard", "--n", "512"], /whole number from 2 to 256/],
    ];
    for (const [args, message] of cases) {
      const { code, err } = await papillon(cwd, "search", ...args);
      equal(code, 2);
      match(err, message);
    }
  } finally {
    Deno.removeSync(cwd, { recursive: true });
  }
});

Deno.test("the table and the picture of a search tell what is racing and what is out", () => {
  const row = { trial: { id: 0, model: "BPP", seed: 1, rate: 0.05 }, steps: 60, error: 0.25, racing: true };
  const rows = [{ ...row, errors: [1, 0.5, 0.25] }, {
    ...row,
    error: Infinity,
    racing: false,
    errors: [NaN],
  }];
  const lines = linesOf({ bracket: 0, round: 1, rows, best: Infinity }, 2);
  equal(lines.length, 4);
  match(lines[2], /BPP +0\.050 +60 +0\.25\d* +racing/);
  match(lines[3], /out$/);
  equal(drawLosses(rows, "a < b").match(/<polyline/g)?.length, 1);
});

Deno.test("a checkpoint that is none is refused", () => {
  for (
    const text of ["", "{}", "[]", "null", '{"papillon":"search"}', '{"papillon":"search","target":{"n":8}}']
  ) {
    throws(() => readCheckpoint(text), RangeError, text);
  }
});
