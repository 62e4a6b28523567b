/**
 * The entry of a worker that carries out trials: `new Worker(new URL("…/worker.ts", import.meta.url), { type: "module" })`.
 *
 * @module
 */
import { answerer, type Message } from "./executor.ts";

const answer = answerer();
// The scope of a worker, without types that only workers have.
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<Message>) => void;
  postMessage(message: unknown): void;
};
scope.onmessage = (event) => {
  const result = answer(event.data);
  if (result !== undefined) scope.postMessage(result);
};
