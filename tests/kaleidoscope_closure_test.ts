import { equal, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import {
  addButterflies,
  blockDiagonalButterflies,
  flipStrides,
  foldDiagonal,
  invertButterfly,
  kroneckerButterflies,
  kroneckerPermutations,
  multiplyButterflies,
} from "../src/kaleidoscope/closure.ts";
import { permutationButterfly } from "../src/kaleidoscope/permutation.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import type { Corner } from "../src/operator/corner.ts";
import { Diagonal } from "../src/operator/diagonal.ts";
import { kronecker } from "../src/operator/kronecker.ts";
import type { Operator } from "../src/operator/operator.ts";
import { OrthogonalButterfly } from "../src/operator/orthogonal.ts";
import { Permutation } from "../src/operator/permutation.ts";
import { Random } from "../src/program/random.ts";
import type { Field } from "../src/program/step.ts";
import { assertClose } from "./helpers.ts";
import { type Matrix, multiply, onDiagonal } from "./operators.ts";
import { vectors } from "./programs.ts";

/** The dense matrix of an operator as a complex one. */
function dense(map: Operator): Matrix {
  const { rows, cols, field } = map, entries = map.toDense();
  const values = new Float64Array(2 * rows * cols);
  for (let i = 0; i < rows * cols; i++) {
    values[2 * i] = field === "complex" ? entries[2 * i] : entries[i];
    if (field === "complex") values[2 * i + 1] = entries[2 * i + 1];
  }
  return { rows, cols, values };
}

function kron(a: Matrix, b: Matrix): Matrix {
  const rows = a.rows * b.rows, cols = a.cols * b.cols, values = new Float64Array(2 * rows * cols);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      const x = 2 * (Math.floor(i / b.rows) * a.cols + Math.floor(j / b.cols));
      const y = 2 * (i % b.rows * b.cols + j % b.cols), at = 2 * (i * cols + j);
      values[at] = a.values[x] * b.values[y] - a.values[x + 1] * b.values[y + 1];
      values[at + 1] = a.values[x] * b.values[y + 1] + a.values[x + 1] * b.values[y];
    }
  }
  return { rows, cols, values };
}

const shapes = fc.record({
  levels: fc.integer({ min: 0, max: 4 }),
  field: fc.constantFrom("real" as const, "complex" as const),
  blocks: fc.integer({ min: 1, max: 3 }),
  increasing: fc.boolean(),
  seed: fc.nat(1000),
});
type Shape = typeof shapes extends fc.Arbitrary<infer T> ? T : never;

function butterfly({ levels, ...options }: Shape, init: "normal" | "orthogonal" = "normal"): Butterfly {
  return Butterfly.random(2 ** levels, { ...options, init });
}

const runs = { numRuns: 60 };

Deno.test("closure: the product of two butterflies is one of at most one block more than both", () => {
  fc.assert(
    fc.property(shapes, shapes, (a, b) => {
      const left = butterfly(a), right = butterfly({ ...b, levels: a.levels });
      const map = multiplyButterflies(left, right);
      ok(map.blocks <= left.blocks + right.blocks + 1);
      assertClose(dense(map).values, multiply(dense(left), dense(right)).values, 1e-5);
    }),
    runs,
  );
  // Padded ones: what the right one cuts off does not come back.
  const right = Butterfly.random(7, { rows: 5, seed: 1 }), left = Butterfly.random(5, { rows: 6, seed: 2 });
  const map = multiplyButterflies(left, right);
  equal(map.rows, 6);
  assertClose(dense(map).values, multiply(dense(left), dense(right)).values, 1e-5);
});

Deno.test("closure: redundant blocks are folded", () => {
  const b = Butterfly.random(16, { seed: 1, init: "orthogonal" }), bb = (x: Butterfly): number => x.blocks;
  const adjoint = b.adjoint() as Butterfly, identity = Butterfly.identity(16, { blocks: 4 });
  equal(bb(multiplyButterflies(b, identity)), 1);
  equal(bb(multiplyButterflies(identity, b)), 1);
  equal(bb(multiplyButterflies(b, adjoint)), 2);
  equal(bb(multiplyButterflies(multiplyButterflies(b, adjoint), multiplyButterflies(b, adjoint))), 4);
  // Swaps that undo each other are nothing.
  const p = [3, 0, 2, 1, 7, 6, 5, 4],
    there = permutationButterfly(p),
    back = permutationButterfly(p).adjoint();
  equal(bb(multiplyButterflies(back as Butterfly, there)), 1);
});

Deno.test("closure: diagonals cost nothing", () => {
  fc.assert(
    fc.property(shapes, fc.nat(7), fc.boolean(), (shape, cut, complex) => {
      if (shape.levels === 0) return;
      const n = 2 ** shape.levels, cols = n - cut % (n / 2), rows = 1 + (cut * 5) % (2 * n);
      const map = Butterfly.random(cols, { ...shape, rows, bias: true });
      const field = complex ? "complex" : "real", random = new Random(shape.seed);
      for (const side of ["first", "last"] as const) {
        const size = side === "first" ? cols : rows;
        const diagonal = new Diagonal(vectors(random, size * (complex ? 2 : 1)), field);
        const folded = foldDiagonal(map, diagonal, side);
        equal(folded.blocks, map.blocks);
        const [x, y] = side === "first" ? [map, diagonal] : [diagonal, map];
        assertClose(dense(folded).values, multiply(dense(x), dense(y)).values, 1e-5, side);
        const bias = map.bias!, own = folded.bias!;
        equal(own.length, rows * (folded.field === "complex" ? 2 : 1));
        if (side === "first") equal(own[0], bias[0]);
      }
    }),
    runs,
  );
});

Deno.test("closure: the inverse of a butterfly, block by block, has its strides reversed", () => {
  fc.assert(
    fc.property(shapes, (shape) => {
      const map = butterfly(shape, "orthogonal"), n = map.n, random = new Random(shape.seed);
      // Rotations stretched by entries in ±(1 to 2) are well conditioned.
      const unit = map.field === "complex" ? 2 : 1;
      const stretch = new Diagonal(vectors(random, n * unit).map((v) => Math.sign(v) || 1), map.field);
      const stretched = n === 1 ? map : foldDiagonal(map, stretch, "first");
      const inverse = invertButterfly(stretched);
      equal(inverse.blocks, map.blocks);
      if (n > 1) equal(inverse.stride(0), stretched.stride(stretched.factors.length - 1));
      const identity = dense(Butterfly.identity(n, { field: map.field }));
      assertClose(multiply(dense(inverse), dense(stretched)).values, identity.values, 1e-5);
    }),
    runs,
  );
  const weights = Butterfly.identity(8).factors.map((w) => new Float32Array(w));
  // Block 1 of the factor of stride 2 is points 1 and 3: [[1, 2], [2, 4]].
  [1, 2, 2, 4].forEach((v, entry) => weights[1][2 * entry + 1] = v);
  throws(() => invertButterfly(Butterfly.fromFactors(8, weights)), {
    name: "RangeError",
    message: "Cannot make an inverse butterfly: block 1 of factor 1 (stride 2) is singular",
  });
});

Deno.test("closure: a butterfly that is singular, or as good as, has no inverse, and one that is not has", () => {
  const of = (field: Field, ...block: number[]): Butterfly =>
    Butterfly.fromTwiddle(2, Float32Array.from(block), { field });
  const refused = (map: Butterfly, message: RegExp): void => throws(() => invertButterfly(map), message);
  refused(of("real", 0, 0, 0, 0), /block 0 of factor 0 \(stride 1\) is singular$/);
  refused(of("real", 1, 2, 0, 0), /is singular$/);
  // 0.1·0.9 = 0.3·0.3, but not after rounding.
  refused(of("real", 0.1, 0.3, 0.3, 0.9), /is singular within the rounding of its entries$/);
  // [[1, i], [i, −1]]
  refused(of("complex", 1, 0, 0, 1, 0, 1, -1, 0), /is singular$/);
  refused(of("complex", 0.1, 0, 0, 0.3, 0, 0.3, -0.9, 0), /within the rounding/);
  for (const scale of [1e-15, 1, 1e15]) {
    const map = of("real", scale, 2 * scale, 3 * scale, 4 * scale), inverse = invertButterfly(map);
    assertClose(inverse.apply(map.apply(Float32Array.of(5, 7))), [5, 7], 1e-5, `scale ${scale}`);
  }
});

Deno.test("closure: the Kronecker product of butterflies has as many blocks as the one with more", () => {
  fc.assert(
    fc.property(shapes, shapes, (a, b) => {
      const left = butterfly({ ...a, levels: a.levels % 3 }),
        right = butterfly({ ...b, levels: b.levels % 4 });
      const map = kroneckerButterflies(left, right);
      if (a.increasing === b.increasing) equal(map.blocks <= Math.max(left.blocks, right.blocks), true);
      assertClose(dense(map).values, kron(dense(left), dense(right)).values, 1e-5);
    }),
    runs,
  );
});

Deno.test("closure: block diagonals keep their blocks, sums have expansion and the width of the widest", () => {
  fc.assert(
    fc.property(shapes, fc.integer({ min: 1, max: 5 }), fc.boolean(), (shape, count, alternate) => {
      const levels = shape.levels % 4;
      const parts = Array.from({ length: count }, (_, i) =>
        butterfly({
          ...shape,
          levels,
          seed: shape.seed + i,
          increasing: alternate && i % 2 === 1 ? !shape.increasing : shape.increasing,
          field: i === 1 ? "real" : shape.field,
        }));
      const diagonal = blockDiagonalButterflies(...parts);
      if (!alternate) ok(diagonal.blocks <= shape.blocks);
      const matrices = parts.map(dense), size = count * 2 ** levels;
      const whole = dense(diagonal);
      equal(whole.rows, size);
      assertClose(whole.values, onDiagonal(matrices).values, 1e-5, "block diagonal");
      const added = addButterflies(...parts);
      const total = matrices[0].values.map((_, k) => matrices.reduce((sum, m) => sum + m.values[k], 0));
      assertClose(dense(added).values, total, 1e-5, "sum");
      if (count > 1) {
        const inner = (added as Corner).of as Butterfly;
        equal(inner.n, 2 ** Math.ceil(Math.log2(count)) * 2 ** levels);
        // B alone needs an empty block in front to be a BB*.
        ok(inner.blocks <= shape.blocks + 2 && inner.blocks % 2 === 0 && !inner.increasing);
      }
    }),
    runs,
  );
});

Deno.test("closure: bit reversals turn the order of strides around", () => {
  fc.assert(
    fc.property(shapes, (shape) => {
      const map = butterfly(shape), { n, field } = map;
      const reversal = dense(Permutation.bitReversal(n, field));
      const back = multiply(multiply(reversal, dense(flipStrides(map))), reversal);
      assertClose(back.values, dense(map).values, 1e-5);
    }),
    runs,
  );
});

Deno.test("closure: what does not fit is refused with a sentence", () => {
  const b = Butterfly.random(8);
  const refused = (make: () => unknown, message: RegExp): void => throws(make, message);
  refused(() => multiplyButterflies(b, Butterfly.random(4)), /the left one is 8×8 and the right one 4×4/);
  refused(() => multiplyButterflies(b, Butterfly.random(8, { bias: true })), /one has a bias/);
  refused(() => multiplyButterflies(Butterfly.random(8, { rows: 9 }), b), /one has 2 stacks, expected 1/);
  refused(() => foldDiagonal(b, new Diagonal(new Float32Array(7)), "first"), /has 8 entries, got 7/);
  refused(() => foldDiagonal(Butterfly.identity(1), new Diagonal(new Float32Array(1)), "last"), /no factors/);
  refused(() => invertButterfly(Butterfly.random(7)), /expected a square one of a power of two, got 7×7/);
  refused(
    () => kroneckerButterflies(b, Butterfly.random(3)),
    /expected a square one of a power of two, got 3×3/,
  );
  refused(() => kroneckerPermutations([0, 0], [0]), /index 0 is repeated at entry 1, and 1 is missing/);
  refused(() => addButterflies(b, Butterfly.random(4)), /one has 8 points and another 4/);
  refused(() => blockDiagonalButterflies(), /there is none/);
});

Deno.test("closure: M₁·D·M₂ᴴ of orthogonal butterflies is one of two blocks with these singular values", () => {
  const n = 16, options = { field: "complex" as const };
  const m1 = OrthogonalButterfly.random(n, { ...options, seed: 1 });
  const m2 = OrthogonalButterfly.random(n, { ...options, seed: 2 });
  const d = new Diagonal(Float32Array.from({ length: n }, (_, i) => i + 1));
  const map = multiplyButterflies(m1, foldDiagonal(m2.adjoint() as Butterfly, d, "last"));
  equal(map.blocks, 2);
  equal(map.increasing, false);
  // M·(M₂·eᵢ) = (i + 1)·M₁·eᵢ
  const unit = new Float32Array(2 * n);
  unit[2 * 5] = 1;
  assertClose(map.apply(m2.apply(unit)), m1.apply(unit).map((v) => 6 * v), 1e-5);
});

Deno.test("kronecker: products of any operators agree with their dense matrices", () => {
  const random = new Random(4);
  const parts = [
    Butterfly.random(4, { seed: 1 }),
    Butterfly.random(3, { rows: 5, seed: 2, field: "complex" }),
    new Permutation([2, 0, 1]),
    new Diagonal(vectors(random, 3)),
    new Permutation([1, 0], "complex"),
    Butterfly.random(4, { seed: 1 }).transpose(),
    Butterfly.random(3, { rows: 6, seed: 2 }).adjoint(),
  ];
  for (const left of parts) {
    for (const right of parts) {
      const map = kronecker(left, right), want = kron(dense(left), dense(right));
      assertClose(dense(map).values, want.values, 1e-5, `${left.describe()}, ${right.describe()}`);
      const adjoint = kron(dense(left.adjoint()), dense(right.adjoint()));
      assertClose(dense(map.adjoint()).values, adjoint.values, 1e-5, "adjoint");
    }
  }
  throws(() => kronecker(parts[0], Butterfly.random(4, { bias: true })), /factor 2 has a bias/);
});
