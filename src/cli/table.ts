/**
 * A table on a terminal that is drawn anew in its place; nothing where there is no terminal.
 *
 * @module
 */
const encoder = new TextEncoder();
/** How often it is drawn, in milliseconds. */
const EVERY = 100;

/** Lines of stderr that are written again and again, and cleared at the end. */
export class LiveTable {
  readonly #terminal: boolean;
  #lines = 0;
  #last = -Infinity;

  /** @param terminal whether stderr is one */
  constructor(terminal: boolean = Deno.stderr.isTerminal()) {
    this.#terminal = terminal;
  }

  /** Shows lines in place of those before; more than fit the terminal are left out. */
  show(lines: () => readonly string[]): void {
    if (!this.#terminal || performance.now() - this.#last < EVERY) return;
    this.#last = performance.now();
    const { columns, rows } = size();
    const shown = lines().slice(0, Math.max(1, rows - 1)).map((line) => line.slice(0, columns - 1));
    this.#write(`${this.#home()}${shown.map((line) => `\x1b[K${line}\n`).join("")}\x1b[J`);
    this.#lines = shown.length;
  }

  /** Removes it. */
  clear(): void {
    if (!this.#terminal || this.#lines === 0) return;
    this.#write(`${this.#home()}\x1b[J`);
    this.#lines = 0;
  }

  #home(): string {
    return this.#lines > 0 ? `\x1b[${this.#lines}A\r` : "\r";
  }

  #write(text: string): void {
    Deno.stderr.writeSync(encoder.encode(text));
  }
}

function size(): { columns: number; rows: number } {
  try {
    const { columns, rows } = Deno.consoleSize();
    // Some terminals do not know their size, and say zero.
    if (columns > 1 && rows > 1) return { columns, rows };
  } catch {
    // It is none.
  }
  return { columns: 80, rows: 24 };
}
