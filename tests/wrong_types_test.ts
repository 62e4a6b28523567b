/** What comes from JavaScript without types: each function refuses it in a sentence, and not by an accident inside. */
import { ok } from "node:assert/strict";
import * as papillon from "../src/mod.ts";

type Loose = Record<string, (...given: unknown[]) => unknown>;
const { dct2 } = papillon, loose = papillon as unknown as Loose;
const classes = papillon as unknown as Record<string, new (...given: unknown[]) => unknown>;
const pattern = { a: 1, b: 2, c: 2, d: 1 }, pair = new Float32Array([1, 2]);

const calls: Record<string, (v: unknown) => unknown> = {
  addButterflies: (v) => loose.addButterflies(v),
  afdf: (v) => loose.afdf(v, v),
  acdc: (v) => loose.acdc(v, v),
  apply: (v) => dct2(4).apply(v as Float32Array),
  Base4Butterfly: (v) => loose.toBase4(v),
  bias: (v) => new classes.Bias(v),
  bft: (v) => new classes.Bft(v, 4, 4),
  bftLayer: (v) => new classes.BftLayer(v, 4, 4),
  butterfly: (v) => new classes.Butterfly(4, v),
  butterflyFactors: (v) => (papillon.Butterfly as unknown as Loose).fromFactors(4, v),
  butterflyTwiddle: (v) => (papillon.Butterfly as unknown as Loose).fromTwiddle(4, v),
  chain: (v) => new classes.Chain(v, v),
  chainWeights: (v) => new classes.Chain([pattern], [v]),
  circuit: (v) => loose.circuit(v),
  circuitGate: (v) => loose.circuit({ inputs: 1, gates: [v], outputs: [0] }),
  circulant: (v) => loose.circulant(v),
  conv1d: (v) => loose.conv1d(v, { size: 4, kernel: 3 }),
  diagonal: (v) => new classes.Diagonal(v),
  fastfood: (v) => loose.fastfood(v, [0]),
  fromKsValues: (v) => loose.fromKsValues(v),
  fromKsValue: (v) => loose.fromKsValues([v]),
  fromMonarch: (v) => loose.fromMonarch(v),
  fusePatterns: (v) => loose.fusePatterns(v, v),
  gradient: (v) => dct2(4).gradient(new Float32Array(4), v as Float32Array),
  householder: (v) => loose.householder(v),
  kroneckerFactor: (v) => new classes.KroneckerFactor(v, pair),
  lowRank: (v) => loose.lowRank(v, v, 1),
  mixedRadixPatterns: (v) => loose.mixedRadixPatterns(v),
  modularBalance: (v) => loose.modularBalance(v),
  orthogonalButterfly: (v) => new classes.OrthogonalButterfly(4, v),
  orthogonalProduct: (v) => loose.orthogonalProduct(v),
  overAxes: (v) => loose.overAxes(v, dct2),
  permutation: (v) => new classes.Permutation(v),
  product: (v) => loose.product(v),
  repeated: (v) => new classes.Repeated(v, 2),
  rotation: (v) => loose.rotation(v ?? "none"),
  singularProduct: (v) => loose.singularProduct(2, 2, v),
  sparse: (v) => loose.sparse(2, 2, v),
  stepMatrix: (v) => loose.stepMatrix(v),
  toeplitz: (v) => loose.toeplitz(v),
  toKsValues: (v) => loose.toKsValues(v),
  toMonarch: (v) => loose.toMonarch(v),
};
for (
  const name of [
    "dct1",
    "dct2",
    "dct3",
    "dct4",
    "dft",
    "dst1",
    "dst2",
    "haar",
    "hadamard",
    "hartley",
    "walsh",
  ]
) {
  calls[name] = (v) => loose[name](v);
}

Deno.test("what is no list, number or operator is refused in a sentence that begins with what cannot be done", () => {
  for (const [name, call] of Object.entries(calls)) {
    for (const wrong of [undefined, null, "abc", true, {}, () => 1]) {
      let error: unknown;
      try {
        call(wrong);
      } catch (thrown) {
        error = thrown;
      }
      const label = `${name}(${typeof wrong === "object" ? JSON.stringify(wrong) : String(wrong)})`;
      ok(error instanceof TypeError || error instanceof RangeError, `${label} is refused`);
      // An engine's own messages begin so too: "Cannot read properties of undefined".
      ok(
        /^Cannot (?!read prop|destructure)/.test(error.message) && !/is not a function/.test(error.message),
        `${label}: ${error.message}`,
      );
    }
  }
});

Deno.test("arrays of another type are refused with the type that they have", () => {
  for (const [name, call] of Object.entries(calls)) {
    if (!["circulant", "toeplitz", "acdc", "afdf", "lowRank", "conv1d", "apply", "diagonal"].includes(name)) {
      continue;
    }
    for (
      const [wrong, kind] of [[new Float64Array(4), "a Float64Array"], [[1, 2, 3, 4], "an Array"]] as const
    ) {
      let message = "";
      try {
        call(wrong);
      } catch (thrown) {
        message = (thrown as TypeError).message;
      }
      ok(message.endsWith(`is not a Float32Array but ${kind}`), `${name}: ${message}`);
    }
  }
});
