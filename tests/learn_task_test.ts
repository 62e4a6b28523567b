import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { finish, type Progress, runTask, type Task } from "../src/learn/task.ts";

const at = (step: number): Progress => ({ phase: "adam", step, rmse: 1, restart: 1 });

/** Counts until it is stopped or reaches the end, keeping the processor busy for about a millisecond a step. */
function* count(end: number, log: string[] = []): Task<string> {
  try {
    for (let step = 0; step < end; step++) {
      const until = performance.now() + 1;
      while (performance.now() < until);
      const stop = yield at(step);
      if (stop !== undefined) return `${stop} after ${step > 0 ? "some" : "one"}`;
    }
    return "done";
  } finally {
    log.push("closed");
  }
}

Deno.test("a task can be run to its end at once", () => {
  equal(finish(count(3)), "done");
});

Deno.test("a running task lets timers run and reports now and then, not at every step", async () => {
  let ticks = 0;
  const steps: number[] = [];
  const timer = setInterval(() => ticks++, 5), begin = performance.now();
  const result = await runTask(count(200), { onProgress: ({ step }) => steps.push(step) });
  clearInterval(timer);
  equal(result, "done");
  ok(ticks >= 2, `${ticks} ticks`);
  // Slices of 30 ms: as many reports as fit into the time that it took, which on a busy machine is any.
  const most = (performance.now() - begin) / 30 + 1;
  ok(steps.length >= 2 && steps.length <= most, `${steps.length} reports, ${most} at most`);
  deepEqual(steps, [...steps].sort((a, b) => a - b));
});

Deno.test("aborting the signal stops the task, which still returns", async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 10);
  equal(await runTask(count(1e9), { signal: controller.signal }), "cancelled after some");
  equal(await runTask(count(1e9), { signal: AbortSignal.abort() }), "cancelled after one");
});

Deno.test("a budget of seconds stops the task, a budget of zero at its first step", async () => {
  equal(await runTask(count(1e9), { budgetSeconds: 0.05 }), "budget after some");
  equal(await runTask(count(1e9), { budgetSeconds: 0 }), "budget after one");
});

Deno.test("what the task or the progress callback throws comes out, and the task is closed", async () => {
  const log: string[] = [];
  await rejects(
    runTask(count(1e9, log), {
      onProgress: () => {
        throw new Error("no screen");
      },
    }),
    /no screen/,
  );
  deepEqual(log, ["closed"]);
  // deno-lint-ignore require-yield
  function* broken(): Task<string> {
    throw new Error("broken");
  }
  await rejects(runTask(broken()), /broken/);
});
