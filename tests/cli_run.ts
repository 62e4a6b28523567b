/** Runs the command line as a user does: in a process of its own, in a folder of its own. */

/** What a run left behind. */
export interface Run {
  code: number;
  out: string;
  err: string;
}

const root = new URL("../", import.meta.url).pathname;

function command(args: readonly string[], cwd: string, script = "src/cli/main.ts"): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", `--config=${root}deno.json`, root + script, ...args],
    cwd,
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  });
}

/** Runs `papillon` with arguments in a folder. */
export async function papillon(cwd: string, ...args: string[]): Promise<Run> {
  return await finish(command(args, cwd).spawn());
}

/** Starts `papillon` and kills it, without notice, as soon as there is a file. */
export async function killed(cwd: string, file: string, ...args: string[]): Promise<Run> {
  const child = command(args, cwd).spawn();
  const timer = setInterval(() => {
    try {
      Deno.statSync(`${cwd}/${file}`);
    } catch {
      return;
    }
    clearInterval(timer);
    child.kill("SIGKILL");
  }, 5);
  try {
    return await finish(child);
  } finally {
    clearInterval(timer);
  }
}

/** Runs a script of the repository. */
export async function script(path: string, cwd: string, ...args: string[]): Promise<Run> {
  return await finish(command(args, cwd, path).spawn());
}

/** Starts `papillon` and interrupts it after so many milliseconds. */
export async function interrupted(cwd: string, after: number, ...args: string[]): Promise<Run> {
  const child = command(args, cwd).spawn();
  const timer = setTimeout(() => child.kill("SIGINT"), after);
  try {
    return await finish(child);
  } finally {
    clearTimeout(timer);
  }
}

async function finish(child: Deno.ChildProcess): Promise<Run> {
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

/** Runs `work` in a new folder, which is removed afterwards. */
export async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "papillon-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The names in a folder, sorted. */
export function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
}
