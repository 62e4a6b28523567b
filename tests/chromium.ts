/** Drives a headless Chromium by the DevTools protocol: opens pages, clicks, types, looks. */
import { chromium, Unavailable } from "../scripts/runtimes/tools.ts";

/** The program, or why there is none. */
export async function findChromium(): Promise<{ program: string } | { missing: string }> {
  try {
    return { program: await chromium() };
  } catch (fault) {
    if (fault instanceof Unavailable) return { missing: fault.message };
    throw fault;
  }
}

/** Answers and events of the protocol. */
interface Message {
  readonly id?: number;
  readonly sessionId?: string;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** A running browser. */
export class Browser {
  readonly #process: Deno.ChildProcess;
  readonly #socket: WebSocket;
  readonly #profile: string;
  readonly #waiting = new Map<number, PromiseWithResolvers<Record<string, unknown>>>();
  readonly #listeners = new Set<(message: Message) => void>();
  #last = 0;

  private constructor(process: Deno.ChildProcess, socket: WebSocket, profile: string) {
    this.#process = process;
    this.#socket = socket;
    this.#profile = profile;
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data) as Message, waiting = this.#waiting.get(message.id ?? -1);
      this.#waiting.delete(message.id ?? -1);
      if (message.error) waiting?.reject(new Error(message.error.message));
      else waiting?.resolve(message.result ?? {});
      for (const listener of this.#listeners) listener(message);
    };
  }

  /** Starts it, without a page. */
  static async start(program: string, ...more: string[]): Promise<Browser> {
    const profile = await Deno.makeTempDir();
    const args = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"];
    const process = new Deno.Command(program, {
      args: [
        ...args,
        "--disable-background-networking",
        "--remote-debugging-port=0",
        `--user-data-dir=${profile}`,
        ...more,
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    for (let tries = 0;; tries++) {
      try {
        const [port, path] = (await Deno.readTextFile(`${profile}/DevToolsActivePort`)).split("\n");
        const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
        await new Promise((done, fail) => {
          socket.onopen = done;
          socket.onerror = fail;
        });
        return new Browser(process, socket, profile);
      } catch (fault) {
        if (tries > 300) throw fault;
        await new Promise((done) => setTimeout(done, 100));
      }
    }
  }

  /** Sends a command, and gives its result. */
  async send(method: string, params: object = {}, sessionId?: string): Promise<Record<string, unknown>> {
    const id = ++this.#last, waiting = Promise.withResolvers<Record<string, unknown>>();
    this.#waiting.set(id, waiting);
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    return await waiting.promise;
  }

  /** Hears all events, until the function returned is called. */
  listen(listener: (message: Message) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Opens an address in a page of a size. */
  async open(url: string, width = 1200, height = 900): Promise<Tab> {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const tab = new Tab(this, sessionId as string);
    for (const domain of ["Page", "Runtime", "Log"]) await tab.send(`${domain}.enable`);
    await tab.size(width, height);
    await tab.go(url);
    return tab;
  }

  /** Ends it. */
  async close(): Promise<void> {
    const closed = new Promise((done) => this.#socket.onclose = done);
    this.#socket.close();
    this.#process.kill("SIGTERM");
    await this.#process.status;
    await closed;
    // Its helpers may still write for a moment.
    await Deno.remove(this.#profile, { recursive: true }).catch(() => {});
  }
}

/** A page. */
export class Tab {
  /** What was thrown or logged as an error there. */
  readonly faults: string[] = [];
  readonly #browser: Browser;
  readonly #session: string;

  constructor(browser: Browser, session: string) {
    this.#browser = browser;
    this.#session = session;
    browser.listen(({ sessionId, method, params }) => {
      if (sessionId !== session) return;
      if (method === "Runtime.exceptionThrown") this.faults.push(JSON.stringify(params));
      const entry = params?.entry as { level: string; text: string; url?: string } | undefined;
      if (method === "Log.entryAdded" && entry?.level === "error") {
        this.faults.push(`${entry.text} ${entry.url}`);
      }
    });
  }

  /** Sends a command to this page. */
  send(method: string, params: object = {}): Promise<Record<string, unknown>> {
    return this.#browser.send(method, params, this.#session);
  }

  /** Goes to an address, and waits until it is loaded. */
  async go(url: string): Promise<void> {
    const loaded = Promise.withResolvers<void>();
    const end = this.#browser.listen(({ sessionId, method }) => {
      if (sessionId === this.#session && method === "Page.loadEventFired") loaded.resolve();
    });
    await this.send("Page.navigate", { url });
    await loaded.promise;
    end();
  }

  /** Closes it. */
  async close(): Promise<void> {
    await this.send("Page.close");
  }

  /** The size of the window, in CSS pixels. */
  async size(width: number, height: number, mobile = false): Promise<void> {
    await this.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile });
  }

  /** What media queries shall see. */
  async media(features: Record<string, string>): Promise<void> {
    const list = Object.entries(features).map(([name, value]) => ({ name, value }));
    await this.send("Emulation.setEmulatedMedia", { features: list });
  }

  /** The value of an expression; a promise is waited for. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    }) as { result: { value: T }; exceptionDetails?: { exception?: { description?: string } } };
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? expression);
    return result.value;
  }

  /** Waits until an expression is true. */
  async until(expression: string, milliseconds = 30_000): Promise<void> {
    const begin = performance.now();
    while (!(await this.evaluate<boolean>(`!!(${expression})`))) {
      if (performance.now() - begin > milliseconds) throw new Error(`It never came true: ${expression}`);
      await new Promise((done) => setTimeout(done, 30));
    }
  }

  /** Where the middle of an element is, once it is in sight. */
  async #middle(selector: string): Promise<{ x: number; y: number }> {
    const found = await this.evaluate<{ x: number; y: number } | null>(`(() => {
      const element = document.querySelector(${JSON.stringify(selector)});
      element?.scrollIntoView({ block: "center", behavior: "instant" });
      const box = element?.getBoundingClientRect();
      return box && box.width > 0 ? { x: box.x + box.width / 2, y: box.y + box.height / 2 } : null;
    })()`);
    if (found === null) throw new Error(`There is nothing to be seen of ${selector}`);
    return found;
  }

  /** Clicks the middle of an element, as a mouse does. */
  async click(selector: string): Promise<void> {
    await this.drag(selector, [0, 0]);
  }

  /** Presses the mouse in the middle of an element, moves it by so many pixels, step by step, and lets go. */
  async drag(selector: string, ...by: (readonly [number, number])[]): Promise<void> {
    const { x, y } = await this.#middle(selector);
    const mouse = (type: string, dx = 0, dy = 0): Promise<unknown> =>
      this.send("Input.dispatchMouseEvent", { type, x: x + dx, y: y + dy, button: "left", clickCount: 1 });
    await mouse("mousePressed", ...by[0]);
    for (const [dx, dy] of by.slice(1)) await mouse("mouseMoved", dx, dy);
    await mouse("mouseReleased", ...by[by.length - 1]);
  }

  /** Presses keys by their names, one after another. */
  async keys(...names: string[]): Promise<void> {
    const codes: Record<string, number> = {
      Tab: 9,
      Enter: 13,
      " ": 32,
      ArrowLeft: 37,
      ArrowUp: 38,
      ArrowRight: 39,
      ArrowDown: 40,
    };
    for (const name of names) {
      const text = name === "Enter" ? "\r" : name.length === 1 ? name : undefined;
      const key = { key: name, code: name === " " ? "Space" : name, windowsVirtualKeyCode: codes[name] };
      await this.send("Input.dispatchKeyEvent", { type: text ? "keyDown" : "rawKeyDown", text, ...key });
      await this.send("Input.dispatchKeyEvent", { type: "keyUp", ...key });
    }
  }

  /** Chooses a file in an input. */
  async choose(selector: string, path: string): Promise<void> {
    const { root } = await this.send("DOM.getDocument") as { root: { nodeId: number } };
    const { nodeId } = await this.send("DOM.querySelector", { nodeId: root.nodeId, selector });
    await this.send("DOM.setFileInputFiles", { nodeId, files: [path] });
  }

  /** Lets downloads go into a folder. */
  async downloads(folder: string): Promise<void> {
    await this.#browser.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: folder });
  }

  /** A PNG of the window, or of the whole page. */
  async screenshot(path: string, whole = false): Promise<void> {
    const { data } = await this.send("Page.captureScreenshot", {
      captureBeyondViewport: whole,
      format: "png",
    });
    await Deno.writeFile(path, Uint8Array.from(atob(data as string), (c) => c.charCodeAt(0)));
  }
}
