/**
 * workerd, Cloudflare's runtime: how it is told what to serve, and how it is asked.
 */
import { beside, freePort, workerd } from "./tools.ts";

/** A worker: one module of JavaScript, and files that it imports by their names. */
export interface Worker {
  readonly name: string;
  readonly script: string;
  /** `wasm` comes as a WebAssembly.Module, `data` as an ArrayBuffer. */
  readonly files?: Readonly<Record<string, { kind: "wasm" | "data"; bytes: Uint8Array }>>;
  /** From 2025-06-01 on WebAssembly may be compiled from bytes while a worker starts. */
  readonly date?: string;
}

/** The configuration of workers, each at a port of its own. */
function configuration(workers: readonly Worker[], ports: readonly number[], v8: readonly string[]): string {
  const services = workers.map(({ name, files = {}, date = "2025-09-01" }) => {
    const more = Object.entries(files).map(([file, { kind }]) =>
      `, ( name = "${file}", ${kind} = embed "${name}/${file}" )`
    );
    return `    ( name = "${name}", worker = (
      modules = [ ( name = "main.js", esModule = embed "${name}/main.js" )${more.join("")} ],
      compatibilityDate = "${date}" ) )`;
  });
  const sockets = workers.map(({ name }, i) =>
    `    ( name = "${name}", address = "127.0.0.1:${ports[i]}", http = (), service = "${name}" )`
  );
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  v8Flags = [${v8.map((flag) => `"${flag}"`).join(", ")}],
  services = [
${services.join(",\n")}
  ],
  sockets = [
${sockets.join(",\n")}
  ]
);
`;
}

/** Runs `work` with the addresses of workers and the process that serves them; `v8` are flags for its engine. */
export async function serving<T>(
  folder: string,
  workers: readonly Worker[],
  work: (urls: string[], pid: number) => Promise<T>,
  v8: readonly string[] = [],
): Promise<T> {
  const program = await workerd();
  for (const { name, script, files = {} } of workers) {
    await Deno.mkdir(`${folder}/${name}`, { recursive: true });
    await Deno.writeTextFile(`${folder}/${name}/main.js`, script);
    for (const [file, { bytes }] of Object.entries(files)) {
      await Deno.writeFile(`${folder}/${name}/${file}`, bytes);
    }
  }
  const ports = workers.map(freePort), urls = ports.map((port) => `http://127.0.0.1:${port}`);
  await Deno.writeTextFile(`${folder}/config.capnp`, configuration(workers, ports, v8));
  return await beside(program, ["serve", `${folder}/config.capnp`], urls[0], (pid) => work(urls, pid));
}
