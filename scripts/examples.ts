/**
 * Loaded before the tests (`--preload`): makes `console.assert` throw, so that the examples in README.md and in the
 * documentation, which `deno test --doc` runs, fail where what they assert is false. Deno would only print a line.
 */
console.assert = (condition?: boolean, ...data: unknown[]): void => {
  if (!condition) throw new Error(["The example asserts what is false", ...data].join(": "));
};
