/**
 * The site that Deno imports from and pages come from: the sources as they are, the bundle, and pages that send back
 * what came out.
 */
import { fileURLToPath } from "node:url";
import type { Outcome } from "./exercise.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What a page runs, as a module; it sends the outcome to where it came from. */
const run = (where: string): string => `
const send = (outcome) => fetch("/result/${where}", { method: "POST", body: JSON.stringify(outcome) });
try {
  const { exercise } = await import("/exercise.js");
  const stored = await (await fetch("/scripts/runtimes/stored.json")).json();
  const start = performance.now();
  const papillon = await import("/papillon.min.js");
  papillon.Butterfly.random(64, { seed: 1 }).apply(new Float32Array(64));
  const first = performance.now() - start;
  await send({ ...await exercise(papillon, stored), first });
} catch (fault) {
  await send({ fault: String(fault) });
}
`;

/** The same with the core. */
const RUN_CORE = `
const send = (outcome) => fetch("/result/core", { method: "POST", body: JSON.stringify(outcome) });
try {
  const { exerciseCore } = await import("/exercise.js");
  const stored = await (await fetch("/scripts/runtimes/stored.json")).json();
  await send(await exerciseCore(await import("/papillon-core.min.js"), stored));
} catch (fault) {
  await send({ fault: String(fault) });
}
`;

/** The same with all other doors, in one bundle. */
const runDoors = (where: string): string => `
const send = (outcome) => fetch("/result/${where}", { method: "POST", body: JSON.stringify(outcome) });
try {
  const { exerciseDoors } = await import("/exercise.js");
  const stored = await (await fetch("/scripts/runtimes/stored.json")).json();
  await send(await exerciseDoors(await import("/doors.min.js"), stored));
} catch (fault) {
  await send({ fault: String(fault) });
}
`;

const page = (script: string): string =>
  `<!doctype html><title>papillon</title><script type="module" src="${script}"></script>`;

/** A Content-Security-Policy under which nothing compiles: scripts from this site alone, and no WebAssembly. */
const STRICT = "default-src 'none'; script-src 'self'; connect-src 'self'";

/** The outcome with the milliseconds from the import to the first result, or why there is none. */
export type Sent = Outcome & { readonly first?: number } | { readonly fault: string };

/** A running site. */
export interface Site {
  /** Where it is, without a slash at the end. */
  readonly url: string;
  /** What the page of that name sends. */
  result(name: string): Promise<Sent>;
  /** Ends it. */
  close(): Promise<void>;
}

/** Serves on the loopback interface; `files` are made ones, by path. */
export function serveSite(files: Readonly<Record<string, string>>): Site {
  const waiting = new Map<string, PromiseWithResolvers<Sent>>();
  const result = (name: string): PromiseWithResolvers<Sent> => {
    const known = waiting.get(name) ?? Promise.withResolvers<Sent>();
    waiting.set(name, known);
    return known;
  };
  const made: Record<string, string> = {
    "/page.html": page("/page.js"),
    "/page.js": run("page"),
    "/strict.html": page("/strict.js"),
    "/strict.js": run("strict"),
    "/core.html": page("/core.js"),
    "/core.js": RUN_CORE,
    "/doors.html": page("/doors-page.js"),
    "/doors-page.js": runDoors("doors"),
    "/doors-strict.html": page("/doors-strict.js"),
    "/doors-strict.js": runDoors("doors-strict"),
    "/doors-worker.html": page("/doors-worker.js"),
    "/doors-worker.js": `new Worker("/doors-inside.js", { type: "module" });`,
    "/doors-inside.js": runDoors("doors-worker"),
    "/worker.html": page("/worker.js"),
    "/worker.js": `new Worker("/inside.js", { type: "module" });`,
    "/inside.js": run("worker"),
    ...files,
  };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url);
    if (request.method === "POST" && pathname.startsWith("/result/")) {
      result(pathname.slice("/result/".length)).resolve(await request.json() as Sent);
      return new Response(null, { status: 204 });
    }
    const type = /\.html$/.test(pathname)
      ? "text/html"
      : /\.ts$/.test(pathname)
      ? "application/typescript"
      : /\.json$/.test(pathname)
      ? "application/json"
      : "text/javascript";
    const headers = new Headers({ "content-type": `${type}; charset=utf-8` });
    if (/^\/(strict|core|doors-strict)\.html$/.test(pathname)) headers.set("content-security-policy", STRICT);
    if (Object.hasOwn(made, pathname)) return new Response(made[pathname], { headers });
    if (!/^\/(src|scripts\/runtimes)\/[\w/.]+$/.test(pathname) || pathname.includes("..")) {
      return new Response(null, { status: 404 });
    }
    try {
      return new Response(await Deno.readTextFile(root + pathname.slice(1)), { headers });
    } catch {
      return new Response(null, { status: 404 });
    }
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    result: (name) => result(name).promise,
    close: () => server.shutdown(),
  };
}
