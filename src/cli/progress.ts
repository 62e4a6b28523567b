/**
 * A progress bar on a terminal; nothing where there is none.
 *
 * @module
 */

import type { Progress } from "../learn/task.ts";
import { small } from "./text.ts";

const WIDTH = 28;
const encoder = new TextEncoder();

/** One line of stderr that is written again and again, and cleared at the end. */
export class ProgressBar {
  readonly #begin = performance.now();
  readonly #n: number;
  readonly #terminal: boolean;
  #done = 0;

  /** @param n order of the matrix that is learned */
  constructor(n: number, terminal: boolean = Deno.stderr.isTerminal()) {
    this.#n = n;
    this.#terminal = terminal;
  }

  /** Shows how far learning is: never less than before. */
  learning(progress: Progress): void {
    const { phase, rmse, restart } = progress;
    this.#done = Math.max(this.#done, this.#share(progress));
    const what = restart > 0 ? `${phase}, start ${restart}` : phase;
    this.show(Number.isFinite(rmse) ? `${what}, error ${small(rmse)}` : what);
  }

  /** Shows the bar with other words. */
  show(what: string, done: number = this.#done): void {
    if (!this.#terminal) return;
    const full = Math.round(WIDTH * done);
    const bar = "█".repeat(full) + "░".repeat(WIDTH - full);
    const seconds = ((performance.now() - this.#begin) / 1000).toFixed(1);
    this.#write(`\r\x1b[K${bar} ${seconds} s  ${what}`);
  }

  /** Removes it. */
  clear(): void {
    if (this.#terminal) this.#write("\r\x1b[K");
  }

  /**
   * The closed form cuts n pieces for each factor but one; what comes after it has no known end, so there the bar
   * shows how many of the six decimals that count as found the error has come down.
   */
  #share({ phase, step, rmse }: Progress): number {
    if (phase === "rank test") return 0;
    if (phase === "closed form") return Math.min(1, step / (this.#n * Math.max(1, Math.log2(this.#n) - 1)));
    return Math.min(1, Math.max(0, -Math.log10(rmse * Math.sqrt(this.#n)) / 6));
  }

  #write(text: string): void {
    Deno.stderr.writeSync(encoder.encode(text));
  }
}
