import assert from "node:assert/strict";
import { integer, parse, type Usage } from "../src/cli/args.ts";
import { InputError } from "../src/cli/errors.ts";

const usage: Usage = { command: "fly", operands: ["WHERE"], values: ["n", "out"], switches: ["json"] };

Deno.test("flags, switches and operands are taken in any order", () => {
  for (
    const line of [
      "--n 3 here --json --out=a=b",
      "--json --out a=b here --n=3",
      "--json --n=3 --out=a=b -- here",
    ]
  ) {
    const { operands, values, switches } = parse(line.split(" "), usage);
    assert.deepEqual(operands, ["here"]);
    assert.deepEqual(Object.fromEntries(values), { n: "3", out: "a=b" });
    assert.deepEqual([...switches], ["json"]);
  }
});

Deno.test("after -- all is an operand, and a lone - is one anywhere", () => {
  assert.deepEqual(parse(["--", "--n"], usage).operands, ["--n"]);
  assert.deepEqual(parse(["-"], usage).operands, ["-"]);
});

Deno.test("a value may begin with one minus, and with two where = gives it", () => {
  assert.equal(parse(["x", "--n", "-3"], usage).values.get("n"), "-3");
  assert.equal(parse(["x", "--out=--json"], usage).values.get("out"), "--json");
});

Deno.test("what is unknown, repeated, missing or too much is refused", () => {
  const bad: [string[], RegExp][] = [
    [["x", "--m"], /the flag '--m' is unknown, it takes --n, --out, --json, --help/],
    [["x", "--m=3"], /the flag '--m' is unknown/],
    [["x", "-n"], /the flag '-n' is unknown/],
    [["x", "--n"], /--n needs a value/],
    [["x", "--n="], /--n needs a value/],
    [["x", "--n", "1", "--n=2"], /--n is given twice/],
    [["x", "--json=1"], /--json takes no value/],
    [[], /WHERE is missing/],
    [[""], /an argument is empty/],
    [["x", "y"], /the argument 'y' is one too many/],
  ];
  for (const [args, message] of bad) {
    assert.throws(() => parse(args, usage), (error: Error) => {
      assert.ok(error instanceof InputError);
      assert.match(error.message, /^Cannot fly: /);
      assert.match(error.message, message);
      return true;
    });
  }
});

Deno.test("whole numbers are taken as such, and nothing else is", () => {
  const of = (text: string): number | undefined => integer(parse(["x", `--n=${text}`], usage), "n", -5, 50);
  assert.equal(of("7"), 7);
  assert.equal(of("-5"), -5);
  assert.equal(of("007"), 7);
  assert.equal(integer(parse(["x"], usage), "n", 0, 1), undefined);
  for (const text of ["-6", "51", "1.0", "1e1", "0x7", " 7", "+7", "seven", "٧"]) {
    assert.throws(() => of(text), /^InputError: --n must be a whole number from -5 to 50, got /);
  }
});
