/**
 * Where a benchmark ran.
 *
 * @module
 */

/** The processor's name, or undefined where /proc/cpuinfo cannot be read. */
function processor(): string | undefined {
  try {
    const text = Deno.readTextFileSync("/proc/cpuinfo");
    const field = (name: string): string => new RegExp(`^${name}\\s*:\\s*(.+)$`, "m").exec(text)?.[1] ?? "?";
    return `${field("model name")} (family ${field("cpu family")}, model ${field("model")})`;
  } catch {
    return undefined;
  }
}

/** The load average of the last minute; one that is not near 0 before a run means that others use the processor. */
function load(): string {
  try {
    return Deno.loadavg()[0].toFixed(1);
  } catch {
    return "unknown";
  }
}

/** Processor, runtime, date and load before the run, as the tables and the JSON file head them. */
export function environment(): Record<string, string> {
  return {
    processor: `${processor() ?? Deno.build.arch}, ${navigator.hardwareConcurrency} visible`,
    system: `${Deno.build.os} ${Deno.build.arch}`,
    runtime: `Deno ${Deno.version.deno}, V8 ${Deno.version.v8}`,
    load: load(),
    date: new Date().toISOString().slice(0, 10),
  };
}
