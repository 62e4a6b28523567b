/**
 * Where the runtimes come from: npm, one package each, kept in out/runtimes between runs; Chromium from the system.
 */
import { fileURLToPath } from "node:url";
import process from "node:process";

/** Where everything that these tests make or fetch lies. */
export const folder: string = fileURLToPath(new URL("../../out/runtimes/", import.meta.url));

/** Something that cannot be tried here, and why. */
export class Unavailable extends Error {}

/** What a program printed; throws with the end of it when the program fails. */
export async function output(program: string, args: readonly string[], cwd?: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    cwd,
    env: { NO_COLOR: "1", NODE_NO_WARNINGS: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder(), text = decoder.decode(stdout);
  if (!success) throw new Error((text + decoder.decode(stderr)).trim().slice(-4000));
  return text;
}

/** Runs npm in a folder. */
export async function npm(cwd: string, ...args: string[]): Promise<string> {
  const quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
  return await output(Deno.build.os === "windows" ? "npm.cmd" : "npm", [...args, ...quiet], cwd);
}

/** Installs packages into a folder of their own, so that what cannot be had takes nothing else along. */
export async function install(cwd: string, ...packages: string[]): Promise<void> {
  await Deno.mkdir(cwd, { recursive: true });
  await Deno.writeTextFile(`${cwd}/package.json`, JSON.stringify({ private: true, type: "module" }));
  await npm(cwd, "install", ...packages);
}

/** The program in a package of npm, fetched the first time. */
async function fetched(name: string, packageName: string, version: string, path: string): Promise<string> {
  const cwd = `${folder}tools/${name}`, program = `${cwd}/node_modules/${packageName}/${path}`;
  try {
    await Deno.stat(program);
  } catch {
    try {
      await install(cwd, `${packageName}@${version}`);
    } catch (fault) {
      // Of all that npm prints, the sentence; or whatever there is.
      const { message } = fault as Error, sentence = /npm (?:error|ERR!) ((?:\S+ ){3,}.*)/.exec(message)?.[1];
      throw new Unavailable(
        `npm does not give ${packageName}@${version}: ${sentence ?? message.slice(-300)}`,
      );
    }
  }
  return program;
}

const windows = process.platform === "win32", end = windows ? ".exe" : "";

/** The newest Node of a major version. */
export async function node(major: number): Promise<string> {
  const name = `node-${windows ? "win" : process.platform}-${process.arch}`;
  return await fetched(`node${major}`, name, `${major}`, `bin/node${end}`);
}

/** Bun. */
export async function bun(): Promise<string> {
  const system = windows ? "windows" : process.platform;
  const name = `@oven/bun-${system}-${process.arch === "arm64" ? "aarch64" : process.arch}`;
  return await fetched("bun", name, "1.4.5", `bin/bun${end}`);
}

/** Cloudflare's runtime. */
export async function workerd(): Promise<string> {
  const name = `@cloudflare/workerd-${windows ? "windows" : process.platform}`;
  return await fetched(
    "workerd",
    `${name}-${process.arch === "x64" ? "64" : process.arch}`,
    "1.20261117.1",
    `bin/workerd${end}`,
  );
}

/** The script that is TypeScript's compiler. */
export async function tsc(): Promise<string> {
  return await fetched("typescript", "typescript", "7.0.2", "bin/tsc");
}

/** Chromium, or what CHROMIUM names. */
export async function chromium(): Promise<string> {
  const own = Deno.env.get("CHROMIUM");
  for (const name of own === undefined ? ["chromium", "chromium-browser", "google-chrome"] : [own]) {
    try {
      await output(name, ["--version"]);
      return name;
    } catch {
      // Not this one.
    }
  }
  throw new Unavailable("no Chromium on the path, and CHROMIUM does not name one");
}

/** A port of the loopback interface that is free now. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    return (listener.addr as Deno.NetAddr).port;
  } finally {
    listener.close();
  }
}

/** Runs `work` beside a program that is ended afterwards; waits until `url` answers. */
export async function beside<T>(
  program: string,
  args: readonly string[],
  url: string,
  work: (pid: number) => Promise<T>,
): Promise<T> {
  const child = new Deno.Command(program, { args: [...args], stdin: "null", stdout: "null", stderr: "piped" })
    .spawn();
  let running = true, said = "";
  const listening = (async () => {
    for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) {
      said = (said + part).slice(-2000);
    }
  })();
  const status = child.status.then((value) => {
    running = false;
    return value;
  });
  try {
    for (let tries = 0;; tries++) {
      try {
        await (await fetch(url)).body?.cancel();
        break;
      } catch {
        if (!running || tries > 300) throw new Error(`${program} does not answer: ${said.trim()}`);
        await new Promise((done) => setTimeout(done, 100));
      }
    }
    return await work(child.pid);
  } finally {
    if (running) child.kill("SIGKILL");
    await status;
    await listening;
  }
}
