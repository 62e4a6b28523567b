/** What the examples of the page on linear algebra share. */

/** A section of the page, and its picture. */
export interface Example {
  /** Of the file of the picture, and for the command line. */
  readonly name: string;
  readonly title: string;
  readonly text: string;
  readonly svg?: string;
}

/** A table of Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => i === 0 ? "---" : "--:")), ...rows.map(line)].join("\n");
}

/** What `explain` says, as a block. */
export function code(text: string): string {
  return `\`\`\`text\n${text}\n\`\`\``;
}

/** "0.3 ms", "12 ms", "3.4 s" */
export function seconds(ms: number): string {
  return ms < 10 ? `${ms.toFixed(1)} ms` : ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** What a function gives, and the least of its times in ms. */
export function timed<T>(run: () => T, rounds = 3): { readonly made: T; readonly ms: number } {
  let ms = Infinity, made: T;
  do {
    const start = performance.now();
    made = run();
    ms = Math.min(ms, performance.now() - start);
  } while (--rounds > 0);
  return { made, ms };
}
