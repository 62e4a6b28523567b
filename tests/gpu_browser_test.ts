/** The GPU path in a real page of a real browser, on its own software adapter. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { Butterfly } from "../src/operator/butterfly.ts";
import { input, operators, type Report } from "./gpu_browser_page.ts";
import { assertClose } from "./helpers.ts";
import { differentiateBatch, evaluate, row } from "./oracle.ts";

/** The name of a Chromium that runs here, or undefined. */
async function findBrowser(): Promise<string | undefined> {
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    try {
      const { success } = await new Deno.Command(name, {
        args: ["--version"],
        stdout: "null",
        stderr: "null",
      })
        .output();
      if (success) return name;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return undefined;
}

const browser = await findBrowser();
if (browser === undefined) console.log("skipped: the GPU path in a browser, for no Chromium is on the path");

/** The page's script. */
async function script(): Promise<string> {
  try {
    const { outputFiles: [file] } = await esbuild.build({
      entryPoints: [fileURLToPath(new URL("gpu_browser_page.ts", import.meta.url))],
      bundle: true,
      format: "esm",
      platform: "neutral",
      target: "es2022",
      write: false,
      logLevel: "silent",
    });
    return file.text;
  } finally {
    await esbuild.stop();
  }
}

/** Serves the page, opens it in the browser, and waits for what it sends. */
async function visit(browser: string): Promise<Report> {
  const code = await script(), report = Promise.withResolvers<Report>();
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/report") {
      report.resolve(await request.json());
      return new Response("thanks");
    }
    return pathname === "/page.js"
      ? new Response(code, { headers: { "content-type": "text/javascript" } })
      : new Response('<!doctype html><title>papillon</title><script type="module" src="/page.js"></script>', {
        headers: { "content-type": "text/html" },
      });
  });
  const folder = await Deno.makeTempDir();
  const process = new Deno.Command(browser, {
    args: [
      "--headless=new",
      "--no-sandbox",
      "--no-first-run",
      "--disable-background-networking",
      "--enable-unsafe-webgpu",
      "--use-webgpu-adapter=swiftshader",
      `--user-data-dir=${folder}`,
      `http://127.0.0.1:${server.addr.port}/`,
    ],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const timer = setTimeout(() => report.reject(new Error("The page sent nothing in two minutes")), 120_000);
  const exited = process.status.then(() =>
    report.reject(new Error("The browser ended before the page was done"))
  );
  try {
    return await report.promise;
  } finally {
    clearTimeout(timer);
    try {
      process.kill("SIGTERM");
    } catch {
      // It has ended already.
    }
    await exited;
    await server.shutdown();
    await Deno.remove(folder, { recursive: true }).catch(() => {});
  }
}

Deno.test({
  name: "operators, gradients and training agree with float64 on the GPU of a browser",
  ignore: browser === undefined,
  fn: async () => {
    const report = await visit(browser!);
    assert.equal(report.error, undefined);
    assert.ok(report.adapter);
    operators().forEach((operator, i) => {
      const { program } = operator, x = input(operator), g = input(operator, true);
      const batch = x.length / program.inputWidth, want = new Float64Array(batch * program.outputWidth);
      for (let k = 0; k < batch; k++) {
        want.set(evaluate(program, row(x, program.inputWidth, k))[program.output], k * program.outputWidth);
      }
      const { y, input: gx, weights } = report.results[i], label = operator.describe();
      assertClose(y, want, 1e-5, label);
      const { value } = differentiateBatch(program, x, g, batch, operator.field === "complex");
      assertClose(gx, value.input, 1e-5, `${label}, cotangent`);
      weights.forEach((w, k) => assertClose(w, value.weights[k], 1e-5, `${label}, weights ${k}`));
    });
    assert.ok(report.losses[1] < report.losses[0] / 2, `losses ${report.losses}`);
    assert.match(report.refused!, /GpuError: Cannot compile the kernel "broken": the GPU refused it/);
    assert.match(report.lost!, /GpuLostError: .*was lost/);
    const start = Butterfly.random(8, { seed: 1 });
    assertClose(report.fallback, start.apply(input(start)), 1e-6);
  },
});
