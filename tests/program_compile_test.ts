import assert from "node:assert/strict";
import { Op } from "../src/kernels/record.ts";
import { compile } from "../src/program/compile.ts";
import { Executable } from "../src/program/executable.ts";
import { type Program, ProgramBuilder } from "../src/program/program.ts";
import { machines } from "./helpers.ts";

const windows = (program: Program): number =>
  compile(program).instructions.filter(({ op }) => op === Op.window).length;

const run = (program: Program, x: readonly number[]): number[][] =>
  machines.map((machine) => {
    const out = new Float32Array(program.outputWidth);
    new Executable(program, machine).apply(Float32Array.from(x), out, 1);
    return [...out];
  });

Deno.test("a window that only cuts is not copied, and what it is cut from stays until its last reader", () => {
  const builder = new ProgramBuilder(6), values = (n: number, v: number) => new Float32Array(n).fill(v);
  const doubled = builder.diagonal(0, "real", values(6, 2));
  const part = builder.window(doubled, 4, 1);
  // Steps that want scratch while the window is still to be read.
  const one = builder.bias(doubled, "real", values(6, 1)), two = builder.bias(one, "real", values(6, 1));
  const three = builder.bias(two, "real", values(6, 1)), four = builder.bias(three, "real", values(6, 1));
  const late = builder.bias(part, "real", values(4, 0.5));
  const program = builder.build(builder.concat([late, four]));
  for (const got of run(program, [1, 2, 3, 4, 5, 6])) {
    assert.deepEqual(got, [4.5, 6.5, 8.5, 10.5, 6, 8, 10, 12, 14, 16]);
  }
  assert.equal(windows(program), 0);
});

Deno.test("a window that pads, is the result, or a part of it, is copied", () => {
  const build = (make: (builder: ProgramBuilder) => number): Program => {
    const builder = new ProgramBuilder(4);
    return builder.build(make(builder));
  };
  const half = new Float32Array(2).fill(0.5);
  for (
    const [program, want, copies] of [
      [build((b) => b.window(0, 2, 1)), [2, 3], 1],
      [build((b) => b.diagonal(b.window(0, 2, 3), "real", half)), [2, 0], 1],
      [build((b) => b.diagonal(b.window(0, 2, -1), "real", half)), [0, 0.5], 1],
      [build((b) => b.diagonal(b.window(0, 2, 2), "real", half)), [1.5, 2], 0],
      [
        build((b) => b.concat([b.window(0, 1, 3), b.diagonal(b.window(0, 2, 0), "real", half)])),
        [4, 0.5, 1],
        1,
      ],
    ] as const
  ) {
    for (const got of run(program, [1, 2, 3, 4])) assert.deepEqual(got, want);
    assert.equal(windows(program), copies);
  }
});
