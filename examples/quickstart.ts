// From a dense matrix to a fast operator in a file: deno run -A examples/quickstart.ts [OUT.safetensors]
import { checkTarget, learn, saveOperator, toOperator } from "@papillon/papillon";

// A matrix of numbers: that they are those of a Hadamard transform, papillon is not told.
const n = 64;
const matrix = Float64Array.from({ length: n * n }, (_, i) => {
  const ones = (Math.floor(i / n) & (i % n)).toString(2).replaceAll("0", "").length;
  return (ones % 2 === 0 ? 1 : -1) / Math.sqrt(n);
});

const fit = await learn(checkTarget(matrix), { seed: 1 });
const map = toOperator(fit);
const y = map.apply(new Float32Array(n).fill(1)); // one vector, or many one after another
console.log(
  `error ${fit.rmse.toExponential(1)}, ${map.parameters} numbers instead of ${n * n}, y[0] = ${y[0]}`,
);

if (Deno.args[0]) Deno.writeFileSync(Deno.args[0], saveOperator(map));
