/** Networks that train in a second, in place of those of a report. */
import { Linear, Sequential } from "../src/layers/mod.ts";
import type { Network } from "../scripts/report_layers_worker.ts";

/** "small", or "wild" with a rate that no float32 survives. */
export function makeNetwork(name: string, seed: number): Network {
  const model = new Sequential([new Linear(1024, 10, { structure: "low rank", rank: 2, seed })]);
  return { model, rate: name === "wild" ? 1e38 : 1e-2, epochs: 2 };
}
