// For whatever serves the `fetch` of a module: `deno serve --allow-read=examples/edge examples/edge/server.ts`,
// `bun server.ts`, or a function of Vercel's.
import { readFileSync } from "node:fs";
import { loadCompiled } from "@papillon/papillon/core";
import { createHandler } from "./handler.ts";

const path = new URL("operator.safetensors", import.meta.url);
const handler = createHandler(loadCompiled(readFileSync(path), { name: "operator.safetensors" }));

/** What answers. */
const server: { fetch(request: Request): Promise<Response> } = { fetch: (request) => handler(request) };
export default server;
