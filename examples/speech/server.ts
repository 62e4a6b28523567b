// For whatever serves the `fetch` of a module: `deno serve --allow-read=examples/speech examples/speech/server.ts`,
// `bun server.ts`, or a function of Vercel's.
import { readFileSync } from "node:fs";
import { loadDigits } from "./digits.ts";
import { createHandler } from "./handler.ts";

const path = new URL("digits.safetensors", import.meta.url);
const handler = createHandler(loadDigits(readFileSync(path), "digits.safetensors"));

/** What answers. */
const server: { fetch(request: Request): Promise<Response> } = { fetch: (request) => handler(request) };
export default server;
