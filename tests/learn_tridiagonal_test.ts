import assert from "node:assert/strict";
import { TridiagonalTop } from "../src/learn/tridiagonal.ts";
import { assertClose } from "./helpers.ts";

Deno.test("the largest eigenvalue and its vector of a growing path are the known ones", () => {
  // The adjacency matrix of a path of k points: 2·cos(π/(k + 1)), sin(πi/(k + 1)).
  const top = new TridiagonalTop(12);
  for (let k = 1; k <= 12; k++) {
    top.push(0, 1);
    const { value, vector, residual } = top.solve();
    assert.ok(Math.abs(value - 2 * Math.cos(Math.PI / (k + 1))) < 1e-14, `order ${k}`);
    const want = Array.from({ length: k }, (_, i) => Math.sin(Math.PI * (i + 1) / (k + 1)));
    const norm = Math.hypot(...want), sign = Math.sign(vector[0]);
    assertClose(vector.map((x) => sign * x), want.map((x) => x / norm), 1e-12);
    assert.ok(Math.abs(residual - Math.abs(vector[k - 1])) < 1e-15);
  }
});

Deno.test("a matrix that falls apart gives the larger part's eigenvalue", () => {
  const top = new TridiagonalTop(3);
  top.push(1, 0);
  top.push(3, 1e-20);
  top.push(2, 0);
  const { value, vector } = top.solve();
  assert.ok(Math.abs(value - 3) < 1e-14);
  assert.ok(Math.abs(vector[1]) > 1 - 1e-12);
});
