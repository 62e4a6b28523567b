/// <reference lib="dom" />
/** The table of times. */
import { microseconds, ratio, small } from "../../src/cli/text.ts";
import { byId, say } from "./dom.ts";
import type { Timed } from "./messages.ts";

/** Shows what was measured, the first one beside the others, and says it in a sentence. */
export function showTimes(rows: readonly Timed[], kernels: string): void {
  const [own, ...others] = rows, slowest = Math.max(...rows.map(({ micros }) => micros));
  const table = document.createElement("table");
  table.className = "times";
  for (const { name, note, micros, error } of rows) {
    const row = table.insertRow(),
      head = document.createElement("th"),
      about = document.createElement("small");
    head.scope = "row";
    about.textContent = note;
    head.append(name, about);
    row.append(head);
    const bar = row.insertCell();
    bar.className = "bar-cell";
    const part = Math.max(0.4, 100 * micros / slowest);
    bar.innerHTML =
      `<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect width="${part}" height="10"/></svg>`;
    const value = row.insertCell(), exact = document.createElement("small");
    value.className = "micros";
    exact.textContent = `error ${small(error)}`;
    value.append(`${microseconds(micros)} µs`, exact);
  }
  byId("times").replaceChildren(table);
  const told = others.map(({ name, micros }) => {
    const times = micros / own.micros;
    return times >= 1
      ? `${ratio(times)} times as fast as ${name}`
      : `${ratio(1 / times)} times slower than ${name}`;
  });
  const how = kernels === "scalar" ? ", in plain TypeScript, as nothing else may run here" : "";
  say("time-status", `Medians on this machine${how}: papillon is ${told.join(", and ")}.`);
}
