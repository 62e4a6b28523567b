import { deepEqual, equal, match, ok, rejects, throws } from "node:assert/strict";
import { largestAssignment } from "../src/learn/search/assignment.ts";
import { answerer } from "../src/learn/search/executor.ts";
import { finishedOperator } from "../src/learn/search/operator.ts";
import { search, type SearchTable } from "../src/learn/search/search.ts";
import { advanceTrial, beginTrial, finishTrial, modelParts, trialTarget } from "../src/learn/search/trial.ts";
import { PermutedModel } from "../src/learn/permutations/model.ts";
import { learn } from "../src/learn/learn.ts";
import { checkTarget, type Target } from "../src/learn/target.ts";
import { finish } from "../src/learn/task.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { Random } from "../src/program/random.ts";
import { assertEntries } from "./helpers.ts";

/** The unitary Fourier matrix, of which the search sees the entries only. */
function fourier(n: number): Target {
  const values = new Float64Array(2 * n * n);
  for (let k = 0; k < n * n; k++) {
    const angle = -2 * Math.PI * (Math.floor(k / n) * (k % n) % n) / n;
    values.set([Math.cos(angle) / Math.sqrt(n), Math.sin(angle) / Math.sqrt(n)], 2 * k);
  }
  return checkTarget(values, n, "complex");
}

const createWorker = (): Worker =>
  new Worker(new URL("../src/learn/search/worker.ts", import.meta.url), { type: "module" });

Deno.test("the gradient of a product of butterflies and permutations is that of finite differences", () => {
  const random = new Random(5);
  for (const field of ["real", "complex"] as const) {
    for (
      const parts of field === "real"
        ? ["BP", "RPP", "RPRP", "BR", "BB*", "B*PR"]
        : ["BP", "BPP", "BPBP", "B*B"]
    ) {
      const n = 8, model = new PermutedModel(n, field, modelParts(parts));
      const draw = (size: number): Float64Array => Float64Array.from({ length: size }, () => random.normal());
      const weights = draw(model.size), slope = new Float64Array(model.size);
      // Real targets of complex models are compared with the real part.
      for (const unit of field === "complex" ? [1, 2] : [1]) {
        const loss = model.loss(draw(n * n * unit));
        loss(weights, slope);
        const scratch = new Float64Array(model.size);
        const want = weights.map((_, i) => {
          const at = (step: number): number => loss(weights.with(i, weights[i] + step), scratch);
          return (at(1e-5) - at(-1e-5)) / 2e-5;
        });
        assertEntries(slope, want, 1e-7, 1e-7, `${field} ${parts} ${unit}`);
      }
    }
  }
});

Deno.test("the Fourier transform is found by gradient, its permutation learned", async () => {
  const target = fourier(8), tables: SearchTable[] = [];
  const { best, stopped } = await search(target, {
    models: ["BP"],
    trials: 6,
    brackets: 4,
    tolerance: 1e-6,
    onProgress: (table) => tables.push(table),
  });
  equal(stopped, "converged");
  ok(best!.relativeError <= 1e-6);
  // The product of the parts is the matrix.
  const model = new PermutedModel(8, "complex", ["B", "P"]), weights = new Float64Array(model.size);
  const [butterfly, permutation] = best!.parts;
  ok(butterfly.kind === "B" && permutation.kind === "P");
  weights.set(butterfly.weights);
  const product = model.product(weights.fill(-Infinity, butterfly.weights.length));
  const permuted = Float64Array.from(
    product,
    (_, i) =>
      product[2 * (8 * Math.floor(i / 16) + permutation.index.indexOf(Math.floor(i / 2) % 8)) + i % 2],
  );
  assertEntries(permuted, target.values, 1e-5, 1e-5, "product");
  ok(tables.length > 3);
  equal(tables[0].rows.length, 6);
  ok(tables.at(-1)!.best <= 1e-6);
});

Deno.test("a search that is cut off and resumed ends as one that was not", async () => {
  const target = fourier(8),
    options = { models: ["BP"], trials: 12, firstSteps: 40, tolerance: 1e-12, seed: 3 };
  const whole = await search(target, { ...options, brackets: 1 });
  const abort = new AbortController();
  const part = await search(target, {
    ...options,
    brackets: 1,
    signal: abort.signal,
    onProgress: ({ round }) => round === 1 && abort.abort(),
  });
  equal(part.stopped, "cancelled");
  ok(part.best !== undefined, "the leading trial is given even so");
  ok(part.checkpoint.best === undefined && part.checkpoint.racing.length > 0);
  const rest = await search(target, { tolerance: 1e-12, brackets: 1, resume: part.checkpoint });
  equal(rest.best!.relativeError, whole.best!.relativeError);
  deepEqual(rest.best!.trial, whole.best!.trial);
});

Deno.test("workers find what one thread finds", async () => {
  const target = fourier(4),
    options = { models: ["BP"], trials: 4, firstSteps: 40, brackets: 1, tolerance: 1e-12 };
  const alone = await search(target, options);
  const together = await search(target, { ...options, createWorker, workers: 2 });
  deepEqual(together.best, alone.best);
});

Deno.test("a search has a budget, and may be cancelled before it begins", async () => {
  const target = fourier(16), begin = performance.now();
  const { stopped } = await search(target, { budgetSeconds: 0.2, tolerance: 1e-30 });
  equal(stopped, "budget");
  ok(performance.now() - begin < 20_000);
  const none = await search(target, { signal: AbortSignal.abort() });
  equal(none.stopped, "cancelled");
  ok(none.best!.relativeError > 0);
});

Deno.test("what a search cannot do is refused with a sentence", async () => {
  const target = fourier(4);
  await rejects(search(target, { models: ["BX"] }), /no model "BX"/);
  await rejects(search(target, { models: ["P"] }), /no model "P"/);
  await rejects(search(target, { models: [] }), /at least one model/);
  await rejects(search(target, { trials: 0 }), /trials is 0/);
  await rejects(search(target, { stall: 1 }), /stall is 1, expected a part/);
  await rejects(search(target, { rates: [0.1, 0.01] }), /rates are 0.1 to 0.01/);
  await rejects(search(checkTarget(new Float64Array(16), 4)), /zero matrix/);
  const { checkpoint } = await search(target, { brackets: 1, trials: 1, models: ["BP"], firstSteps: 20 });
  await rejects(search(fourier(8), { resume: checkpoint }), /was for a target of order 4/);
  throws(() => modelParts(""), /no model ""/);
  deepEqual(answerer()({ job: { kind: "finish", state: beginState(target), tolerance: 1 } }), {
    error: "A worker of the search got work before it got a target",
  });
});

function beginState(target: Target): ReturnType<typeof beginTrial> {
  return beginTrial(trialTarget(target, "complex"), { id: 0, model: "BP", seed: 1, rate: 0.05 });
}

Deno.test("a trial that runs away is out of the race, and its error is infinite", () => {
  const scaled = trialTarget(fourier(4), "complex");
  const wild = beginTrial(scaled, { id: 0, model: "BPBP", seed: 1, rate: 1e200 });
  const state = finish(advanceTrial(scaled, wild, 100, 100));
  ok(state.steps < 100);
  ok(!(finish(finishTrial(scaled, state, 1e-6)).relativeError <= 1));
});

Deno.test("what was found runs as an operator: butterflies, real parts, chains of rank 2 with both channels", async () => {
  const n = 8,
    real = new Float64Array(n * n).map((_, i) => {
      return Math.cos(Math.PI * Math.floor(i / n) * (2 * (i % n) + 1) / (2 * n));
    });
  for (const target of [fourier(n), checkTarget(real, n)]) {
    for (
      const model of target.field === "complex"
        ? ["BP", "PBPBP", "B*B", "BB*P"]
        : ["BPBP", "RPP", "RPRP", "BR", "BB*", "B*R"]
    ) {
      const { best } = await search(target, {
        models: [model],
        trials: 4,
        brackets: 1,
        firstSteps: 100,
        seed: 1,
      });
      const dense = finishedOperator(best!, target).toDense();
      let error = 0;
      dense.forEach((value, i) => error += (value - target.values[i]) ** 2);
      ok(Math.abs(Math.sqrt(error) / target.norm - best!.relativeError) < 1e-5, `${target.field} ${model}`);
    }
  }
});

Deno.test("the largest assignment takes what is best over all orders", () => {
  const random = new Random(2), n = 5, orders: number[][] = [[]];
  for (let k = 0; k < n; k++) {
    for (const order of orders.splice(0)) {
      for (let j = 0; j < n; j++) if (!order.includes(j)) orders.push([...order, j]);
    }
  }
  for (let round = 0; round < 20; round++) {
    const gains = Float64Array.from({ length: n * n }, () => random.normal());
    const sum = (order: ArrayLike<number>): number =>
      Array.from(order).reduce((total, j, i) => total + gains[i * n + j], 0);
    const found = largestAssignment(gains, n);
    ok(Math.abs(sum(found) - Math.max(...orders.map(sum))) < 1e-12);
  }
});

Deno.test("a kaleidoscope start from the largest entries is near a permutation times a diagonal, and is learned at once", async () => {
  const n = 16, random = new Random(4);
  for (const unit of [1, 2]) {
    const values = new Float64Array(unit * n * n);
    random.permutation(n).forEach((column, row) => {
      for (let k = 0; k < unit; k++) values[unit * (row * n + column) + k] = 2 + random.normal();
    });
    const target = checkTarget(values, n, unit === 2 ? "complex" : "real"), field = target.field;
    const models = ["BB*", "B*B"], options = { models, field, trials: 4, brackets: 1, firstSteps: 20 };
    for (const model of models) {
      const state = beginTrial(trialTarget(target, field), { id: 2, model, seed: 1, rate: 0.05 });
      const product = new PermutedModel(n, field, modelParts(model)).product(state.weights);
      const scaled = trialTarget(target, field).matrix;
      const off = Math.hypot(...product.map((x, i) => x - scaled[i])) / Math.hypot(...scaled);
      ok(off < 0.6 && off > 0.01, `${model} ${off}`);
    }
    const { best } = await search(target, { ...options, tolerance: 1e-5 });
    ok(best!.relativeError <= 1e-5, `${unit}: ${best!.relativeError}`);
    assertEntries(finishedOperator(best!, target).toDense(), values, 0, 1e-3);
  }
});

/** The orthogonal cosine transform of type 2. */
function cosine(n: number): Target {
  const values = Float64Array.from({ length: n * n }, (_, i) => {
    const row = Math.floor(i / n);
    return Math.sqrt((row === 0 ? 1 : 2) / n) * Math.cos(Math.PI * row * (2 * (i % n) + 1) / (2 * n));
  });
  return checkTarget(values, n);
}

Deno.test("learn by gradient goes on to the search, shows its table, and finds the same with workers", async () => {
  const target = cosine(8), phases = new Set<string>();
  let table: SearchTable | undefined;
  const options = { method: "gradient", models: ["RPP", "BPBP"], tolerance: 1e-5, seed: 2 } as const;
  const alone = await learn(target, {
    ...options,
    onProgress: (progress) => {
      phases.add(progress.phase);
      table = progress.table ?? table;
    },
  });
  equal(alone.stopped, "converged");
  equal(alone.method, "gradient");
  match(alone.model, /^a product (RPP of chains of rank 2|BPBP of butterflies) and learned permutations$/);
  assertEntries(alone.operator.toDense(), target.values, 0, 1e-4);
  ok(phases.has("search") && table!.rows.length > 1);
  const together = await learn(target, { ...options, workers: 2, createWorker });
  deepEqual(together.parts, alone.parts);
  equal(together.relativeError, alone.relativeError);
});

Deno.test("learn by gradient finds kaleidoscope matrices, real ones and those that a real matrix is the real part of", async () => {
  const n = 8, random = new Random(3), column = Array.from({ length: n }, () => random.normal());
  const circulant = Float64Array.from(
    { length: n * n },
    (_, i) => column[(Math.floor(i / n) - i % n + n) % n],
  );
  const product = Butterfly.random(n, { blocks: 2, init: "orthogonal", seed: 5 }).toDense();
  for (const values of [product, circulant]) {
    const fit = await learn(checkTarget(values, n), { method: "gradient", models: ["BB*"], tolerance: 1e-5 });
    equal(fit.stopped, "converged");
    match(fit.model, /^a kaleidoscope matrix BB\*, by descent$/);
    assertEntries(fit.operator.toDense(), Float64Array.from(values), 0, 1e-4);
  }
});

Deno.test("learn refuses models that a target cannot be, orders that no gradient can do, and workers without a maker", async () => {
  await rejects(
    learn(fourier(8), { method: "gradient", models: ["RPP"] }),
    /complex and of order 8, which RPP cannot be/,
  );
  await rejects(learn(cosine(8), { method: "closed-form", models: ["BP"] }), /by the method closed-form/);
  await rejects(learn(cosine(12), { method: "gradient" }), /order is 12, expected a power of two/);
  await rejects(learn(cosine(12), { models: ["BPBP"] }), /of order 12, which BPBP cannot be/);
  await rejects(learn(cosine(8), { workers: 2 }), /workers need createWorker/);
  await rejects(learn(cosine(8), { workers: -1, createWorker }), /workers is -1/);
});
