/** The worker's side: it learns and measures, so that the page stays awake. */
import { learn, type LossAndGradient, saveOperator } from "@papillon/papillon";
import { Chain64 } from "../../src/learn/chain64.ts";
import { HYPOTHESES } from "../../src/learn/hypothesis.ts";
import type { Answer, How, Matrix, Request, Snapshot } from "./messages.ts";
import { time } from "./timing.ts";

/** Seconds after which learning ends with the best so far. */
const BUDGET: Record<How, number> = { auto: 30, gradient: 20 };
/** Steps of Adam that every form begins with; after that, an error as large as at first is a new beginning. */
const SPRINT = 150, AFRESH = 1.15;

/** The scope of a worker, without types that only workers have. */
interface Scope {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(message: Answer): void;
}

/** Sees every evaluation of the loss: which form, which error, and now and then the weights. */
class Watch {
  readonly #send: (lines: Int32Array, errors: Float32Array, snapshots: Snapshot[]) => void;
  /** The line that each form draws now, and how long it is. */
  readonly #lines: { line: number; steps: number }[] = [];
  #count = 0;
  #next = 0;
  #step = 0;
  #pending: { lines: number[]; errors: number[]; snapshots: Snapshot[] } = {
    lines: [],
    errors: [],
    snapshots: [],
  };

  constructor(send: (lines: Int32Array, errors: Float32Array, snapshots: Snapshot[]) => void) {
    this.#send = send;
  }

  /** For `learn`: makes the loss of a form, in the order of HYPOTHESES. */
  objective = (matrix: Float64Array, n: number, field: Matrix["field"]): LossAndGradient => {
    const loss = new Chain64(n, field).loss(matrix), form = this.#count++ % HYPOTHESES.length;
    this.#lines[form] = { line: -1, steps: Infinity };
    return (weights, gradient) => {
      const value = loss(weights, gradient);
      // It is fitted at the norm √n.
      this.#note(form, Math.sqrt(2 * value / n), weights);
      return value;
    };
  };

  #note(form: number, error: number, weights: Float64Array): void {
    const own = this.#lines[form];
    if (own.steps > SPRINT && error > AFRESH) {
      // The number of a line tells its form.
      own.line = this.#next++ * HYPOTHESES.length + form;
      own.steps = 0;
    }
    own.steps++;
    this.#pending.lines.push(own.line);
    this.#pending.errors.push(error);
    if (this.#step % (this.#step < 2000 ? 5 : 50) === 0 || error < 1e-3) {
      this.#pending.snapshots.push({ step: this.#step, form, weights: Float32Array.from(weights) });
    }
    this.#step++;
  }

  /** Sends what was seen since the last time. */
  flush(): void {
    const { lines, errors, snapshots } = this.#pending;
    if (lines.length === 0) return;
    this.#pending = { lines: [], errors: [], snapshots: [] };
    this.#send(Int32Array.from(lines), Float32Array.from(errors), snapshots);
  }
}

async function learning(
  target: Matrix,
  how: How,
  signal: AbortSignal,
  id: number,
  send: (answer: Answer) => void,
): Promise<void> {
  const begin = performance.now();
  const watch = new Watch((lines, errors, snapshots) =>
    send({ kind: "steps", id, lines, errors, snapshots })
  );
  const { n, field, values } = target;
  const fit = await learn({ rows: n, cols: n, field, values }, {
    method: how,
    ...(how === "gradient" ? { models: ["B"] as const } : {}),
    budgetSeconds: BUDGET[how],
    seed: 1,
    signal,
    objective: watch.objective,
    onProgress: ({ phase }) => {
      watch.flush();
      send({ kind: "phase", id, phase });
    },
  });
  watch.flush();
  const { model, relativeError, parameters, stopped, method } = fit;
  const tried = fit.tried.map(({ model, relativeError, misfit = 1 }) => ({
    model,
    error: relativeError ?? misfit,
    passed: relativeError === undefined,
  }));
  const seconds = (performance.now() - begin) / 1000, explained = fit.explain();
  const file = saveOperator(fit.operator);
  const learned = { file, model, relativeError, parameters, stopped, method, seconds, tried, explained };
  send({ kind: "learned", id, fit: learned });
}

/** Answers the page. One thing at a time: what comes next cancels what was before. */
export function serve(scope: Scope): void {
  let running = new AbortController();
  const send = (answer: Answer): void => scope.postMessage(answer);
  scope.onmessage = async ({ data }) => {
    running.abort();
    if (data.kind === "cancel") return;
    const { signal } = running = new AbortController(), { id } = data;
    try {
      if (data.kind === "learn") return await learning(data.target, data.how, signal, id, send);
      const timed = await time(data.file, data.map, data.kernel, signal);
      if (timed) send({ kind: "timed", id, ...timed });
    } catch (fault) {
      send({ kind: "failed", id, message: fault instanceof Error ? fault.message : String(fault) });
    }
  };
}
