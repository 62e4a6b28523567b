/**
 * Cells of long reports, kept in a file while the report is written: one that was cut off goes on where it was, one that
 * came to its end begins anew the next time.
 */

/** What was calculated so far. */
export class Cells {
  readonly #path: string;
  readonly #begin = performance.now();
  readonly #known: Record<string, { value: unknown; seconds: number }>;
  #seconds = 0;

  /** @param name of the report */
  constructor(name: string) {
    Deno.mkdirSync("out/report", { recursive: true });
    this.#path = `out/report/${name}.json`;
    try {
      this.#known = JSON.parse(Deno.readTextFileSync(this.#path));
      console.error(`Going on with ${this.#path}; delete it to begin anew`);
    } catch {
      this.#known = {};
    }
  }

  /** A cell: from the file, or calculated and put there. Its value is plain data; infinities do not survive. */
  async get<T>(key: string, work: () => T | Promise<T>): Promise<T> {
    const begin = performance.now();
    if (!Object.hasOwn(this.#known, key)) {
      const value = await work();
      this.#known[key] = { value, seconds: (performance.now() - begin) / 1000 };
      Deno.writeTextFileSync(`${this.#path}.tmp`, JSON.stringify(this.#known));
      Deno.renameSync(`${this.#path}.tmp`, this.#path);
    }
    const { value, seconds } = this.#known[key];
    this.#seconds += seconds;
    return value as T;
  }

  /** Seconds that all cells have taken, those of earlier runs too. */
  get seconds(): number {
    return this.#seconds;
  }

  /** The report is written: the next one begins anew. */
  done(): void {
    Deno.removeSync(this.#path);
    const now = ((performance.now() - this.#begin) / 1000).toFixed(0);
    console.error(`Written in ${now} s; its cells took ${this.#seconds.toFixed(0)} s`);
  }
}
