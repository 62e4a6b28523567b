/// <reference lib="dom" />
/** How the page gets its worker. */
import type { Answer } from "./messages.ts";

/** The whole script as a function, which the build wraps around it: for a worker where files cannot be fetched. */
declare const papillonPlayground: (() => void) | undefined;

/** Starts it: the same script as the page. */
export function startWorker(answered: (answer: Answer) => void, failed: (message: string) => void): Worker {
  // From a file nothing can be fetched, not even by a worker: there it begins with the text of this very script.
  const own = typeof papillonPlayground === "function" && location.protocol === "file:"
    ? URL.createObjectURL(new Blob([`(${papillonPlayground})()`], { type: "text/javascript" }))
    : new URL("playground.js", document.baseURI).href;
  const worker = new Worker(own);
  worker.onmessage = ({ data }: MessageEvent<Answer>) => answered(data);
  worker.onerror = (event) => failed(`The worker has failed: ${event.message || "it could not be loaded"}`);
  return worker;
}
