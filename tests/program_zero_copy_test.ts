import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { createMachine, type Machine } from "../src/kernels/machine.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { Dense } from "../src/operator/dense.ts";
import type { Operator } from "../src/operator/operator.ts";
import { Permutation } from "../src/operator/permutation.ts";
import { product } from "../src/operator/product.ts";
import { Executable } from "../src/program/executable.ts";
import { ProgramBuilder } from "../src/program/program.ts";
import { Random } from "../src/program/random.ts";
import { assertClose, machines } from "./helpers.ts";
import { evaluateBatch } from "./oracle.ts";
import { vectors } from "./programs.ts";

/** Square and rectangular maps, real and complex ones, of few and of many floats; wide ones run batches otherwise. */
const MAPS: readonly Operator[] = [
  Butterfly.random(64, { seed: 1 }),
  Butterfly.random(16, { seed: 2, field: "complex" }),
  product(Butterfly.random(32, { seed: 3, field: "complex" }), Permutation.bitReversal(32, "complex")),
  Butterfly.random(20, { rows: 50, seed: 4, bias: true }),
  new Dense(3, 7, vectors(new Random(5), 21)),
  Butterfly.random(2048, { seed: 6 }),
];

/** What `apply` gives for a batch, on a machine of its own. */
function applied(machine: Machine, map: Operator, x: Float32Array, batch: number): Float32Array {
  const out = new Float32Array(batch * map.program.outputWidth);
  new Executable(map.program, createMachine(machine.name)).apply(x, out, batch);
  return out;
}

/** Asserts that two arrays are the same, without showing all of them. */
function assertSame(got: Float32Array, want: Float32Array, label = ""): void {
  assert.equal(got.length, want.length, label);
  const at = got.findIndex((v, i) => v !== want[i]);
  assert.ok(at < 0, `${label}: entry ${at} is ${got[at]}, expected ${want[at]}`);
}

/** Drives all programs out of the memory of a machine: it keeps 64 MiB of them. */
function evict(machine: Machine): void {
  const { arena } = machine, newest = arena.allocate(16, false);
  for (const block of [1, 2, 3].map(() => arena.allocate(30 << 20, false))) arena.free(block);
  assert.equal(newest.live, false);
}

/** Makes the memory of a machine grow. */
function grow(machine: Machine): void {
  const before = machine.f32.buffer;
  machine.arena.free(machine.arena.allocate(machine.f32.byteLength, true));
  assert.notEqual(machine.f32.buffer, before);
}

for (const { name } of machines) {
  Deno.test(`run takes the vectors in input to output as apply does, in the ${name} build`, () => {
    const machine = createMachine(name);
    for (const map of MAPS) {
      const { program } = map, { inputWidth, outputWidth } = program;
      const executable = map.compile(machine);
      // Room for one vector without being asked.
      assert.deepEqual([executable.input.length, executable.output.length], [inputWidth, outputWidth]);
      for (const batch of [1, 2, 7, 8, 9, 40]) {
        executable.reserve(batch);
        assert.deepEqual(
          [executable.input.length, executable.output.length],
          [batch * inputWidth, batch * outputWidth],
        );
        const x = vectors(new Random(batch), batch * inputWidth);
        executable.input.set(x);
        executable.run(batch);
        const got = executable.output.slice();
        assertSame(executable.input.slice(), x, "the input is as it was");
        assertSame(got, applied(machine, map, x, batch));
        // In turn with copying calls of as many vectors, which run the same program elsewhere in memory.
        const other = vectors(new Random(batch + 1), x.length), want = applied(machine, map, other, batch);
        for (let turn = 0; turn < 3; turn++) {
          executable.output.fill(NaN);
          executable.run(batch);
          const out = new Float32Array(want.length);
          executable.apply(other, out, batch);
          assertSame(out, want, "copied");
          assertSame(executable.output, got, "in place");
        }
        const { y } = evaluateBatch(program, x, batch, map.field === "complex");
        assertClose(got, y, 2e-5, map.describe());
      }
    }
  });

  Deno.test(`run of part of a batch leaves the rest of output alone, in the ${name} build`, () => {
    const machine = createMachine(name);
    for (const map of MAPS) {
      const { inputWidth, outputWidth } = map.program, executable = map.compile(machine);
      executable.reserve(20);
      const x = vectors(new Random(1), 20 * inputWidth);
      executable.input.set(x);
      for (const batch of [3, 1, 19, 8, 20]) {
        executable.output.fill(-3);
        executable.run(batch);
        const want = applied(machine, map, x.subarray(0, batch * inputWidth), batch);
        assertSame(executable.output.slice(0, batch * outputWidth), want);
        assert.ok(executable.output.subarray(batch * outputWidth).every((v) => v === -3));
      }
      // Without a number, one vector.
      executable.output.fill(-3);
      executable.run();
      assert.deepEqual(
        executable.output.slice(0, outputWidth),
        applied(machine, map, x.subarray(0, inputWidth), 1),
      );
      assert.ok(executable.output.subarray(outputWidth).every((v) => v === -3));
    }
  });

  Deno.test(`views lie in the memory of the machine and are renewed when it grows, in the ${name} build`, () => {
    const machine = createMachine(name), map = MAPS[0], executable = map.compile(machine);
    executable.reserve(2);
    const { input, output } = executable, x = vectors(new Random(1), 128);
    assert.equal(input.buffer, machine.f32.buffer);
    assert.equal(output.buffer, machine.f32.buffer);
    input.set(x);
    executable.run(2);
    if (machine.f32.buffer === input.buffer) {
      // The same views as long as they are good, so that a loop makes no garbage.
      assert.equal(executable.input, input);
      assert.equal(executable.output, output);
    }
    const y = executable.output.slice();
    grow(machine);
    // WebAssembly takes the old memory away; what is written to the old memory of the scalar build is not seen.
    if (name !== "scalar") assert.equal(input.length, 0);
    else input.fill(9);
    assert.notEqual(executable.input, input);
    assertSame(executable.input.slice(), x);
    assertSame(executable.output.slice(), y);
    executable.output.fill(0);
    executable.run(2);
    assertSame(executable.output.slice(), y);
    // Its own program may be what makes memory grow: what was written before it ran is there.
    const large = Butterfly.random(2 ** 15, { seed: 1 }).compile(machine), ones = large.input.fill(1);
    large.run();
    assert.ok(name === "scalar" || ones.length === 0, "memory did not grow");
    assert.ok(large.input.every((v) => v === 1));
    const want = new Float32Array(2 ** 15);
    large.apply(new Float32Array(2 ** 15).fill(1), want, 1);
    assertSame(large.output.slice(), want);
  });

  Deno.test(`room that cannot be had is refused, and nothing changes, in the ${name} build`, () => {
    const machine = createMachine(name), executable = MAPS[0].compile(machine);
    executable.reserve(3);
    const x = vectors(new Random(1), 192);
    executable.input.set(x);
    executable.run(3);
    const y = executable.output.slice();
    const same = (): void => {
      assertSame(executable.input.slice(), x);
      assertSame(executable.output.slice(), y);
      executable.output.fill(0);
      executable.run(3);
      assertSame(executable.output.slice(), y);
    };
    for (const batch of [0, -1, 1.5, NaN, Infinity, "4" as unknown as number]) {
      assert.throws(
        () => executable.reserve(batch),
        (error) => error instanceof RangeError && error.message.endsWith(`from 1 on, got ${batch}`),
      );
      same();
    }
    for (const batch of [0, -1, 4, 1.5, NaN, Infinity]) {
      executable.output.fill(5);
      assert.throws(() => executable.run(batch), RangeError, `run(${batch})`);
      assert.ok(executable.output.every((v) => v === 5));
    }
    assert.throws(() => executable.run(4), /Cannot run 4 vectors: there is room for 3; call reserve\(4\)/);
    executable.run(3);
    const before = machine.arena.size;
    assert.throws(() => executable.reserve(2 ** 40), /Cannot hold this operator/);
    // What room there is afterwards is its own, and what it had is either given back or as it was.
    const other = MAPS[1].compile(machine);
    other.reserve(6);
    other.input.fill(7);
    other.output.fill(7);
    if (executable.input.length === x.length) same();
    executable.input.fill(1);
    executable.run();
    executable.output.fill(2);
    assert.ok(other.input.every((v) => v === 7) && other.output.every((v) => v === 7));
    assert.ok(executable.input.every((v) => v === 1));
    // Nor is half of what was asked for kept.
    for (let i = 0; i < 10; i++) assert.throws(() => executable.reserve(2 ** 40));
    assert.ok(machine.arena.size - before < 2 ** 16, `${machine.arena.size - before} bytes more`);
  });

  Deno.test(`an executable that was disposed of works again with room for one vector, in the ${name} build`, () => {
    const machine = createMachine(name), map = MAPS[2], executable = map.compile(machine);
    const x = vectors(new Random(1), 5 * 64), y = applied(machine, map, x, 5);
    for (let round = 0; round < 3; round++) {
      executable.reserve(5);
      executable.input.set(x);
      executable.run(5);
      assertSame(executable.output.slice(), y);
      executable.dispose();
      executable.dispose();
      assert.equal(executable.input.length, 64);
      assert.throws(() => executable.run(2), /there is room for 1/);
      executable.input.set(x.subarray(0, 64));
      executable.run();
      assertSame(executable.output.slice(), applied(machine, map, x.subarray(0, 64), 1));
    }
  });

  Deno.test(`room is given back when it is reserved anew, disposed of, or forgotten, in the ${name} build`, async () => {
    const machine = createMachine(name), map = MAPS[0];
    const executable = map.compile(machine), batch = 4000;
    executable.reserve(batch);
    executable.run(batch);
    const size = machine.arena.size, most = 4 * batch * 512;
    for (let i = 0; i < 100; i++) executable.reserve(batch - i % 7);
    assert.ok(machine.arena.size - size <= most, `${machine.arena.size - size} bytes after reserving anew`);
    for (let i = 0; i < 100; i++) {
      const other = map.compile(machine);
      other.reserve(batch);
      other.dispose();
    }
    assert.ok(machine.arena.size - size <= most, `${machine.arena.size - size} bytes after disposing`);
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    for (let i = 0; i < 12; i++) {
      map.compile(machine).reserve(batch);
      collect();
      // Finalizers run in a task of their own.
      await new Promise((done) => setTimeout(done, 0));
    }
    assert.ok(machine.arena.size - size <= most, `${machine.arena.size - size} bytes after forgetting`);
    // A view does not keep the room; an executable does.
    executable.reserve(2);
    executable.input.fill(3);
    collect();
    await new Promise((done) => setTimeout(done, 0));
    map.compile(machine).reserve(2);
    assert.ok(executable.input.every((v) => v === 3));
  });

  Deno.test(`apply takes input and output of executables as any array, also when memory grows, in the ${name} build`, () => {
    // More than one chunk of 4096 vectors, and a rest that runs as single vectors do.
    const machine = createMachine(name), map = MAPS[0], batch = 4096 + 3;
    const x = vectors(new Random(1), batch * 64), y = applied(machine, map, x, batch);
    const fresh = (): Executable => {
      const executable = map.compile(createMachine(name));
      executable.reserve(batch);
      executable.input.set(x);
      return executable;
    };
    // The areas into which apply copies are made at its first call, and are larger than what memory has left.
    const from = fresh(), out = new Float32Array(y.length);
    from.apply(from.input, out, batch);
    assertSame(out, y, "from input");
    const to = fresh();
    to.apply(x, to.output, batch);
    assertSame(to.output.slice(), y, "into output");
    const both = fresh();
    both.apply(both.input, both.output, batch);
    assertSame(both.output.slice(), y, "from input into output");
    const place = fresh();
    place.apply(place.input, place.input, batch);
    assertSame(place.input.slice(), y, "from input into input");
    // One executable behind the other on the same machine.
    const first = fresh(), second = MAPS[0].adjoint().compile(first.machine);
    first.run(batch);
    const middle = first.output.slice(), end = new Float32Array(y.length);
    second.apply(first.output, end, batch);
    assertSame(end, applied(machine, MAPS[0].adjoint(), middle, batch), "one behind the other");
  });

  Deno.test(`apply of many vectors needs no more memory once it has begun, in the ${name} build`, () => {
    // The rest behind a chunk of 4096 vectors runs by a program of its own. Memory is filled so that there is room for
    // so many bytes besides what apply copies to and from.
    const map = MAPS[0], batch = 4096 + 3, x = vectors(new Random(1), batch * 64);
    const want = applied(createMachine(name), map, x, batch);
    for (let room = 0; room < 40; room++) {
      const machine = createMachine(name), { arena } = machine, executable = map.compile(machine);
      executable.reserve(batch);
      arena.allocate(32 << 20, true);
      arena.allocate(machine.f32.byteLength - arena.size + 1, true);
      arena.allocate(machine.f32.byteLength - arena.size - (2 << 20) - 1024 * room, true);
      executable.input.set(x);
      executable.apply(executable.input, executable.output, batch);
      assertSame(executable.output, want, `${room} KiB`);
    }
  });

  Deno.test(`the gradient takes input and output of executables as any array, in the ${name} build`, () => {
    const map = MAPS[0],
      batch = 600,
      x = vectors(new Random(1), batch * 64),
      g = vectors(new Random(2), batch * 64);
    const differentiated = (executable: Executable, x: Float32Array, g: Float32Array): Float32Array[] => {
      const gx = new Float32Array(batch * 64), weights = map.weights.map((w) => new Float32Array(w.length));
      executable.gradient(x, g, gx, weights, batch);
      return [gx, ...weights];
    };
    const executable = map.compile(createMachine(name));
    executable.reserve(batch);
    executable.input.set(x);
    executable.output.set(g);
    const got = differentiated(executable, executable.input, executable.output);
    const want = differentiated(map.compile(createMachine(name)), x, g);
    got.forEach((array, i) => assertSame(array, want[i], `array ${i}`));
  });

  Deno.test(`changed weights are taken up by renew in run too, in the ${name} build`, () => {
    const map = Butterfly.random(64, { seed: 1 }),
      executable = new Executable(map.program, createMachine(name));
    executable.reserve(9);
    const x = vectors(new Random(1), 9 * 64);
    executable.input.set(x);
    for (const batch of [1, 9]) executable.run(batch);
    for (const weights of map.factors) weights.fill(0.5);
    executable.renew();
    for (const batch of [1, 9]) {
      executable.output.fill(NaN);
      executable.run(batch);
      const want = evaluateBatch(map.program, x.subarray(0, batch * 64), batch, false).y;
      assertClose(executable.output.subarray(0, batch * 64), want, 1e-6);
    }
  });

  Deno.test(`a program that copies or makes nothing runs as well, in the ${name} build`, () => {
    const machine = createMachine(name), builder = new ProgramBuilder(5);
    const nothing = new Executable(builder.build(0), machine);
    nothing.input.set([1, 2, 3, 4, 5]);
    nothing.run();
    assert.deepEqual([...nothing.output], [1, 2, 3, 4, 5]);
    assert.notEqual(nothing.output.byteOffset, nothing.input.byteOffset);
    const zeros = new ProgramBuilder(3), none = new Executable(zeros.build(zeros.window(0, 4, 3)), machine);
    none.input.fill(1);
    none.output.fill(2);
    none.run();
    assert.deepEqual([...none.output], [0, 0, 0, 0]);
  });
}

/** What happens to one of some executables on one machine. */
type Action = [
  "write" | "run" | "apply" | "gradient" | "reserve" | "dispose" | "evict" | "grow",
  number,
  number,
];

const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.tuple(
    fc.constantFrom(
      "write",
      "run",
      "run",
      "apply",
      "apply",
      "gradient",
      "reserve",
      "dispose",
      "evict",
      "grow",
    ),
    fc.nat(3),
    fc.nat(1000),
  ),
  { minLength: 5, maxLength: 40 },
);

for (const { name } of machines) {
  Deno.test(`nothing else that runs touches input and output of an executable, in the ${name} build`, () => {
    const twins = MAPS.slice(0, 4).map((map) => map.compile(createMachine(name)));
    fc.assert(
      fc.property(actions, (list) => {
        const machine = createMachine(name);
        // What each executable must hold.
        const held = MAPS.slice(0, 4).map((map) => {
          const executable = map.compile(machine), { input, output } = executable;
          return { executable, map, batch: 1, input: input.slice(), output: output.slice() };
        });
        for (const [action, which, seed] of list) {
          const one = held[which], { executable, map } = one, { inputWidth, outputWidth } = map.program;
          switch (action) {
            case "write":
              one.input = vectors(new Random(seed), one.batch * inputWidth);
              executable.input.set(one.input);
              break;
            case "run": {
              const batch = 1 + seed % one.batch, want = new Float32Array(batch * outputWidth);
              executable.run(batch);
              twins[which].apply(one.input.subarray(0, batch * inputWidth), want, batch);
              one.output.set(want);
              break;
            }
            case "apply": {
              const batch = 1 + seed % 12, x = vectors(new Random(seed), batch * inputWidth);
              const out = new Float32Array(batch * outputWidth), want = new Float32Array(batch * outputWidth);
              executable.apply(x, out, batch);
              twins[which].apply(x, want, batch);
              assertSame(out, want);
              break;
            }
            case "gradient": {
              const weights = map.weights.map((w) => new Float32Array(w.length));
              const x = vectors(new Random(seed), 2 * inputWidth),
                g = vectors(new Random(seed), 2 * outputWidth);
              executable.gradient(x, g, new Float32Array(x.length), weights, 2);
              break;
            }
            case "reserve":
            case "dispose":
              if (action === "reserve") executable.reserve(one.batch = 1 + seed % 12);
              else {
                executable.dispose();
                one.batch = 1;
              }
              // What is in new room is anybody's guess.
              executable.input.fill(1);
              executable.output.fill(2);
              one.input = executable.input.slice();
              one.output = executable.output.slice();
              break;
            case "evict":
              evict(machine);
              break;
            case "grow":
              machine.arena.allocate(1 + seed * 1000, true);
              break;
          }
          for (const { executable, input, output } of held) {
            assertSame(executable.input.slice(), input, `input after ${action}`);
            assertSame(executable.output.slice(), output, `output after ${action}`);
          }
        }
      }),
      { seed: 46, numRuns: 40 },
    );
  });
}
