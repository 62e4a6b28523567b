import assert from "node:assert/strict";
import { Butterfly } from "../src/mod.ts";
import {
  blockDiag,
  cholesky,
  circulant,
  cond,
  convolution,
  dense,
  det,
  diag,
  diagonal,
  eig,
  eigh,
  exp,
  explain,
  fft,
  fromOperator,
  fromTriplets,
  householder,
  identity,
  inv,
  isqrt,
  kron,
  kronSum,
  type LinearOperator,
  log,
  logdet,
  lowRank,
  lowRankUpdate,
  lu,
  norm,
  operatorFrom,
  permutation,
  pow,
  power,
  product,
  scale,
  slice,
  solve,
  sparse,
  sum,
  svd,
  toeplitz,
  trace,
  triangular,
  tridiagonal,
  zero,
} from "../src/linalg/mod.ts";

const A = dense([[2, 1], [1, 3]]), wide = dense([[1, 2, 3], [4, 5, 6]]);

/** Asserts that something throws a sentence. */
function refuses(run: () => unknown, sentence: RegExp): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof TypeError || error instanceof RangeError, String(error));
    assert.match(error.message, sentence);
    return true;
  });
}

Deno.test("entries that are no numbers are refused when operators are made", () => {
  refuses(() => dense([[1, NaN]]), /Cannot make a dense operator: entries\[1\] is NaN/);
  refuses(() => dense([[1, 2], [3]]), /row 0 has 2 entries and row 1 has 1/);
  refuses(() => dense([]), /the number of rows must be a whole number from 1/);
  refuses(() => dense(null as unknown as number[][]), /expected rows of numbers or/);
  refuses(() => diagonal([1, Infinity]), /values\[1\] is Infinity/);
  refuses(() => diagonal([1, 2, 3], "complex"), /even number of floats/);
  refuses(() => diagonal("12" as unknown as number[]), /is not a list of numbers but a string/);
  refuses(() => tridiagonal([1], [1]), /expected 0 numbers of the lower diagonal, got 1/);
  refuses(() => triangular([[1, 2, 3]]), /the matrix is 1×3, which is not square/);
  refuses(() => permutation([0, 0]), /index 0 is repeated at entry 1, and 1 is missing/);
  refuses(() => householder([0, 0]), /v is zero, which has no direction/);
  refuses(() => circulant([]), /the length of column must be/);
  refuses(() => toeplitz([1, NaN]), /column\[1\] is NaN/);
  refuses(() => convolution([1, 2, 3], 2, { mode: "valid" }), /a kernel of 3 does not lie within 2 numbers/);
  refuses(
    () => convolution([1], 2, { mode: "other" as "full" }),
    /mode must be full, same, valid or circular, got other/,
  );
  refuses(() => fft(0), /n must be a whole number from 1/);
  refuses(() => fft(4, { sign: 2 as 1 }), /sign must be 1 or −1, got 2/);
  refuses(
    () => sparse({ rows: 1, cols: 2, starts: [0, 1], columns: [2], values: [1] }),
    /column 2 is not a whole number below 2/,
  );
  refuses(
    () => sparse({ rows: 2, cols: 2, starts: [0, 2, 1], columns: [0], values: [1] }),
    /row 0 begins at 0 and ends at 2|row 1 begins at 2 and ends at 1/,
  );
  refuses(() => fromTriplets(2, 2, [[2, 0, 1]]), /row 2 is not a whole number below 2/);
  refuses(() => fromOperator({} as Butterfly), /expected one of this library, got an Object/);
  refuses(() => fromOperator(Butterfly.random(4, { bias: true })), /has a bias, which makes it not linear/);
  refuses(
    () => operatorFrom({ rows: 2, cols: 2 } as unknown as Parameters<typeof operatorFrom>[0]),
    /apply is not a function/,
  );
  refuses(() => scale(NaN, A), /the factor must be a finite number/);
});

Deno.test("shapes that do not meet are named, both", () => {
  refuses(() => product(A, wide, A), /factor 2 is 2×3 and factor 3 is 2×2/);
  refuses(() => sum(A, wide), /term 1 is 2×2 and term 2 is 2×3/);
  refuses(() => kronSum(A, wide), /term 2 is 2×3, not square/);
  refuses(() => lowRank({ left: wide, core: A }), /U is 2×3, C is 2×2, V is 2×3/);
  refuses(
    () => lowRankUpdate(A, { left: wide, right: dense([[1, 2, 3]]) }),
    /term 1 is 2×2 and term 2 is 2×1/,
  );
  refuses(() => slice(A, [2]), /row 2 is not a whole number below 2/);
  refuses(() => slice(A, { start: 0, end: 5 }), /rows from 0 to 5 in steps of 1 do not lie within 2/);
  refuses(() => slice(A, []), /no row is left/);
  refuses(() => product(), /a product of no operators/);
  refuses(
    () => sum(A, [[1]] as unknown as LinearOperator),
    /argument 2 is not a linear operator but an Array/,
  );
  refuses(() => blockDiag(), /of no operators/);
  refuses(() => power(wide, 2), /not square/);
  refuses(
    () => A.apply(new Float64Array(3)),
    /Cannot apply a 2×2 Dense operator: input length 3 is not a multiple of 2/,
  );
  refuses(() => A.apply([1, 2] as unknown as Float64Array), /not a Float64Array but an Array/);
  refuses(() => A.apply(new Float64Array(2), new Float64Array(3)), /out needs 2 numbers, but it has 3/);
  refuses(() => solve(A, [1, 2, 3]), /b has 3 numbers, which is no multiple of 2/);
  refuses(() => solve(A, [1, NaN]), /b\[1\] is NaN, not a finite number/);
  refuses(() => solve(wide, [1, 2]), /it is not square; lstsq finds least squares/);
});

Deno.test("singular systems are said to be, with their condition", () => {
  refuses(
    () => inv(diagonal([1, 0])),
    /Cannot invert a 2×2 Diagonal operator: it is singular \(condition ∞\), entry 1 is 0/,
  );
  refuses(() => solve(dense([[1, 2], [2, 4]]), [1, 1]), /singular \(condition/);
  refuses(() => inv(zero(2)), /takes everything to zero/);
  refuses(() => inv(triangular([[1, 0], [1, 0]])), /entry 1 of the diagonal is 0/);
  refuses(() => inv(tridiagonal([1], [1, 1])), /pivot 1 is/);
  refuses(() => inv(circulant([1, 1])), /eigenvalue 1 is/);
  refuses(() => inv(householder([1, 1], 0.5)), /projects v to zero/);
  refuses(() => inv(kron(A, dense([[1, 1], [1, 1]]))), /a 2×2 Dense operator: it is singular/);
  refuses(() => inv(blockDiag(A, dense([[1, 1], [1, 1]]))), /singular/);
  refuses(() => inv(kronSum(dense([[1, 0], [0, 2]]), dense([[-1, 0], [0, 3]]))), /smallest eigenvalue is 0/);
  refuses(() => inv(fromOperator(Butterfly.fromFactors(2, [new Float32Array([1, 1, 1, 1])]))), /block 0 is/);
  refuses(() => inv(sum(product(A, A), scale(-1, product(A, A)))), /singular/);
  refuses(() => inv(scale(1e-320, A)), /it is singular \(condition ∞\), its factor is 1e-320/);
  // Nearly singular: the condition is a number.
  refuses(() => inv(dense([[1, 1], [1, 1 + 2 ** -52]])), /singular \(condition [1-9]/);
});

Deno.test("what is not self-adjoint, not positive or not square is refused where that is needed", () => {
  refuses(() => cholesky(dense([[1, 2], [3, 4]])), /Hermitian|symmetric/);
  refuses(() => cholesky(dense([[1, 2], [2, 1]])), /positive definite/);
  refuses(() => cholesky(diagonal([1, -1])), /it is not positive definite, entry 1 is -1/);
  refuses(() => eigh(dense([[1, 2], [3, 4]])), /it is not known to be self-adjoint/);
  const liar = operatorFrom({
    rows: 3,
    cols: 3,
    apply: (x) => Float64Array.of(x[1], 2 * x[0], x[2]),
    annotations: ["PSD"],
  });
  refuses(() => solve(liar, [1, 2, 3], { dense: { below: 0 } }), /Hermitian|symmetric/);
  const negative = operatorFrom({ rows: 3, cols: 3, apply: (x) => x.map((v) => -v), annotations: ["PSD"] });
  refuses(() => solve(negative, [1, 2, 3], { dense: { below: 0 } }), /positive definite/);
  for (const f of [det, trace, diag, eig, exp, log, lu, inv, isqrt]) {
    refuses(() => f(wide), /2×3 Dense operator.* not square/);
  }
  refuses(() => cholesky(wide), /not square/);
  refuses(() => logdet(diagonal([1, -1])), /its sign is -1; slogdet gives both/);
  refuses(() => eig(A, { k: 3 }), /k must be a whole number from 1 to 2/);
  refuses(() => eig(A, { k: 1, which: "biggest" as "largest" }), /which must be/);
  refuses(() => svd(wide, { k: 3 }), /k must be a whole number from 1 to 2/);
  refuses(() => norm(A, 3 as 2), /p must be 1, 2, "fro" or "inf", got 3/);
  refuses(() => pow(A, NaN), /the exponent is NaN/);
  refuses(() => log(zero(2)), /singular|not finite/);
  refuses(() => solve(A, [1, 2], { dense: { below: -1 } }), /dense\.below must not be negative/);
  refuses(() => trace(5 as unknown as LinearOperator), /the argument is not a linear operator but a number/);
  assert.equal(cond(zero(2)), Infinity);
});

Deno.test("operators of a user's own that misbehave are named", () => {
  const short = operatorFrom({ rows: 3, cols: 2, apply: (x) => x });
  refuses(() => short.apply(new Float64Array(2)), /its apply gave 2 numbers, expected 3/);
  const broken = operatorFrom({ rows: 2, cols: 2, apply: (x) => x.map(() => NaN), applyAdjoint: (x) => x });
  refuses(() => solve(broken, [1, 1]), /NaN|finite/);
  refuses(() => solve(broken, [1, 1], { dense: { below: 0 } }), /NaN|finite/);
  const large = operatorFrom({ rows: 2000, cols: 2000, apply: (x) => x });
  refuses(
    () => large.applyAdjoint(new Float64Array(2000)),
    /it has no applyAdjoint, and its 2000 columns are too many/,
  );
  refuses(() => operatorFrom({ rows: 2, cols: 3, apply: (x) => x, annotations: ["PSD"] }), /not square/);
  refuses(
    () => operatorFrom({ rows: 2, cols: 2, apply: (x) => x, annotations: ["Odd" as "PSD"] }),
    /expected SelfAdjoint, PSD, Unitary or Stiefel, got Odd/,
  );
  refuses(() => explain("function", identity(2)), /without knowing which/);
});

Deno.test("matrices too large to be written are refused before memory is asked for", () => {
  refuses(
    () => identity(2 ** 20).toDense(),
    /Cannot write a 1048576×1048576 Identity operator as a dense matrix/,
  );
  refuses(
    () => eig(operatorFrom({ rows: 5000, cols: 5000, apply: (x) => x })),
    /all 5000 eigenvalues are asked for, and it is 5000×5000/,
  );
});
