import assert from "node:assert/strict";
import fc from "fast-check";
import {
  dense,
  fromTriplets,
  parseMatrixMarket,
  solve,
  type Triplet,
  writeMatrixMarket,
} from "../src/linalg/mod.ts";
import { Random } from "../src/program/random.ts";
import { assertNear, normals, randomDense } from "./linalg.ts";

const values = (text: string): number[] => [...parseMatrixMarket(text).toDense().values].map((v) => v + 0);

Deno.test("the forms of Matrix Market files", () => {
  const head = "%%MatrixMarket matrix";
  assert.deepEqual(
    values(`${head} coordinate real general\n% a comment\n\n2 3 3\n1 1 1.5\n2 3 -2e1\n1 1 1\n`),
    [2.5, 0, 0, 0, 0, -20],
  );
  assert.deepEqual(values(`${head} coordinate integer symmetric\r\n2 2 2\r\n1 1 4\r\n2 1 -1\r\n`), [
    4,
    -1,
    -1,
    0,
  ]);
  assert.deepEqual(values(`${head} coordinate pattern general\n2 2 2\n1 2\n2 1\n`), [0, 1, 1, 0]);
  assert.deepEqual(values(`${head} coordinate real skew-symmetric\n2 2 1\n2 1 3\n`), [0, -3, 3, 0]);
  assert.deepEqual(values(`${head} coordinate complex hermitian\n2 2 2\n1 1 1 0\n2 1 3 4\n`), [
    1,
    0,
    3,
    -4,
    3,
    4,
    0,
    0,
  ]);
  assert.deepEqual(values(`${head} array real general\n2 2\n1\n2\n3\n4\n`), [1, 3, 2, 4]);
  assert.deepEqual(values(`${head} array real symmetric\n2 2\n1\n2\n3d0\n`), [1, 2, 2, 3]);
  assert.deepEqual(values(`${head} array real skew-symmetric\n2 2\n5\n`), [0, -5, 5, 0]);
  assert.ok(parseMatrixMarket(`${head} coordinate real symmetric\n1 1 1\n1 1 1\n`).is("SelfAdjoint"));
  assert.ok(!parseMatrixMarket(`${head} coordinate complex symmetric\n1 1 1\n1 1 1 1\n`).is("SelfAdjoint"));
});

Deno.test("what is written is read again, and solved", () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 8 }),
      fc.boolean(),
      (seed, rows, cols, complex) => {
        const random = new Random(seed), A = randomDense(random, rows, cols, complex);
        assert.deepEqual(parseMatrixMarket(writeMatrixMarket(A)).toDense(), A.toDense());
        const triplets = Array.from({ length: rows + cols }, (): Triplet => [
          random.integer(rows),
          random.integer(cols),
          complex ? [random.normal(), random.normal()] : random.normal(),
        ]);
        const S = fromTriplets(rows, cols, triplets, complex ? "complex" : "real");
        const back = parseMatrixMarket(writeMatrixMarket(S));
        assert.equal(back.kind, "Sparse");
        assert.deepEqual(back.toDense(), S.toDense());
      },
    ),
    { numRuns: 50 },
  );
  const random = new Random(1), n = 40;
  const laplace = fromTriplets(
    n,
    n,
    Array.from({ length: n }, (_, i): Triplet => [i, i, 2.1])
      .concat(Array.from({ length: n - 1 }, (_, i): Triplet[] => [[i, i + 1, -1], [i + 1, i, -1]]).flat()),
  );
  const A = parseMatrixMarket(writeMatrixMarket(laplace)), x = normals(random, n);
  assertNear(solve(A, A.apply(x)), x, 1e-12);
  assertNear(solve(A, A.apply(x), { dense: { below: 0 } }), x, 1e-8);
  assertNear(solve(dense(A.toDense()), A.apply(x)), x, 1e-12);
});

Deno.test("files that are not what they say are refused, with the line", () => {
  const head = "%%MatrixMarket matrix";
  const bad: [string, RegExp][] = [
    ["", /line 1: expected "%%MatrixMarket matrix …"/],
    ["%%MatrixMarket vector array real general\n1\n1\n", /line 1/],
    [`${head} list real general\n`, /line 1: expected one of coordinate, array, got list/],
    [`${head} coordinate quaternion general\n`, /got quaternion/],
    [`${head} coordinate real\n1 1 0\n`, /got nothing/],
    [`${head} array pattern general\n1 1\n1\n`, /an array has no pattern/],
    [`${head} coordinate real general\n`, /the line of sizes is missing/],
    [`${head} coordinate real general\n0 1 0\n`, /a matrix of 0×1 has no entries/],
    [`${head} coordinate real symmetric\n1 2 0\n`, /symmetric matrix of 1×2 is not square/],
    [`${head} coordinate real general\n1 1 -1\n`, /expected a whole number up to/],
    [`${head} coordinate real general\n1 1 99999999999\n`, /expected a whole number up to/],
    [
      `${head} coordinate real general\n2 2 2\n1 1 1\n`,
      /line 2: 2 entries are said to follow, but there are 1/,
    ],
    [`${head} coordinate real general\n2 2 1\n3 1 1\n`, /line 3: expected a whole number up to 2, got "3"/],
    [`${head} coordinate real general\n2 2 1\n0 1 1\n`, /counted from 1/],
    [`${head} coordinate real general\n2 2 1\n1 1 nan\n`, /expected a finite number, got "nan"/],
    [`${head} coordinate complex general\n2 2 1\n1 1 1\n`, /expected a finite number, got ""/],
    [`${head} coordinate real symmetric\n2 2 1\n1 2 1\n`, /entry \(1, 2\) lies above the diagonal/],
    [
      `${head} coordinate real skew-symmetric\n2 2 1\n1 1 1\n`,
      /the diagonal of a skew-symmetric matrix is 0/,
    ],
    [`${head} coordinate complex hermitian\n1 1 1\n1 1 1 1\n`, /the diagonal of a Hermitian matrix is real/],
    [`${head} array real general\n2 2\n1\n2\n3\n`, /the file ends before entry \(2, 2\)/],
    [`${head} array real general\n1 1\n1\n2\n`, /line 4: there are more entries/],
  ];
  for (const [text, sentence] of bad) assert.throws(() => parseMatrixMarket(text), sentence, text);
  assert.throws(() => parseMatrixMarket(5 as unknown as string), /expected its text/);
});
