/// <reference lib="dom" />
/** The page: what is pressed, what is shown. */
import { loadOperator, machine, type Operator, saveOperator } from "@papillon/papillon";
import { small } from "../../src/cli/text.ts";
import { byId, canvas, chip, count, radio, say } from "./dom.ts";
import { drawDense, drawLoss, drawTried } from "./draw.ts";
import { Editor } from "./editor.ts";
import { FORMS, History, momentary } from "./history.ts";
import { type MapKind, MAPS, STARTS } from "./maps.ts";
import type { Answer, How, Learned, Matrix, Request } from "./messages.ts";
import {
  ink as currentInk,
  interleaved,
  keys,
  legend,
  MOST_SHOWN,
  showDense,
  showOperator,
} from "./pictures.ts";
import { startWorker } from "./start.ts";
import { serveTheme } from "./theme.ts";
import { showTimes } from "./times.ts";

const SIZES = [8, 16, 32, 64, 128], LARGER = [256, 1024, 2048];
/** Cells of a painting must be large enough for a finger; loaded operators of more points are not learned again. */
const MOST_PAINTED = 32, MOST_LEARNED = 128;

/** The operator that is shown, and where it came from. */
interface Shown {
  readonly operator: Operator;
  readonly from: "learned" | "built" | "file";
}

class Page {
  #kind: MapKind = MAPS[0];
  #n = 32;
  #target: Matrix | undefined;
  #shown: Shown | undefined;
  #history = new History();
  #fit: Learned | undefined;
  /** How much of the history is drawn: it runs after what the worker sends. */
  #played = 0;
  #frame = 0;
  #busy: "learn" | "time" | undefined;
  #id = 0;
  #worker: Worker | undefined;
  #drawnSnapshot = -1;
  #lastSaid = 0;
  #mapName = "dft";
  readonly #editors: Record<"kernel" | "matrix", Editor>;

  constructor() {
    const edited = { changed: () => this.#choose(), said: (text: string) => say("editor-said", text) };
    this.#editors = {
      kernel: new Editor(canvas("kernel"), "kernel", edited),
      matrix: new Editor(canvas("cells"), "matrix", edited),
    };
    byId("maps").append(...MAPS.map(({ name, label }) => chip("map", name, label, name === this.#kind.name)));
    byId("sizes").append(...SIZES.map((n) => chip("size", `${n}`, `${n}`, n === this.#n)));
    for (const kind of ["kernel", "matrix"] as const) {
      byId(`${kind}-starts`).append(
        ...Object.entries(STARTS[kind]).map(([name, start]) => {
          const button = document.createElement("button");
          Object.assign(button, { type: "button", textContent: name });
          button.onclick = () => {
            this.#editors[kind].begin(this.#n, start);
            this.#choose();
          };
          return button;
        }),
      );
    }
    byId("maps").onchange = () => this.#pickMap(radio("map")!.value);
    byId("sizes").onchange = () => this.#resize(Number(radio("size")!.value));
    byId("brushes").onchange = () => this.#editors.matrix.brush = Number(radio("brush")!.value);
    byId("learn-section").onchange = ({ target }) => {
      if ((target as HTMLInputElement).name === "how" && this.#busy === undefined) this.#explainHow();
    };
    byId("learn").onclick = () => this.#learn();
    byId("cancel").onclick = () => this.#post({ kind: "cancel" });
    byId("known").onclick = () => this.#showKnown();
    byId("time").onclick = () => this.#time();
    byId("save").onclick = () => this.#save();
    byId("load").onchange = () => this.#load();
    byId("scrub").oninput = () => this.#scrub(Number(byId<HTMLInputElement>("scrub").value));
    addEventListener("resize", () => this.#drawLoss());
    serveTheme(() => this.#redraw());
    legend();
    const { name } = machine();
    say(
      "foot",
      name === "scalar"
        ? "Kernels: plain TypeScript, since this page may not compile WebAssembly, or the browser has no SIMD."
        : `Kernels: WebAssembly SIMD, the ${
          name === "relaxed" ? "relaxed build (fused multiply-add)" : "plain build"
        }.`,
    );
    this.#pickMap(this.#kind.name);
  }

  // What is chosen.

  #pickMap(name: string): void {
    this.#kind = MAPS.find((kind) => kind.name === name) ?? this.#kind;
    const { drawn, how } = this.#kind;
    if (drawn === "matrix" && this.#n > 16) this.#n = 16;
    if (
      drawn !== undefined &&
      this.#editors[drawn].values.length !== (drawn === "kernel" ? this.#n : this.#n ** 2)
    ) {
      this.#beginDrawing(drawn);
    }
    for (const input of document.querySelectorAll<HTMLInputElement>('input[name="size"]')) {
      input.disabled = drawn === "matrix" && Number(input.value) > MOST_PAINTED;
      input.checked = Number(input.value) === this.#n;
    }
    byId("kernel-editor").hidden = drawn !== "kernel";
    byId("matrix-editor").hidden = byId("cells").hidden = drawn !== "matrix";
    byId("target").hidden = drawn === "matrix";
    radio("how", how)!.checked = true;
    if (drawn !== undefined) this.#editors[drawn].draw();
    this.#choose();
  }

  #resize(n: number): void {
    this.#n = n;
    if (this.#kind.drawn !== undefined) this.#beginDrawing(this.#kind.drawn);
    this.#choose();
  }

  #beginDrawing(kind: "kernel" | "matrix"): void {
    this.#editors[kind].begin(this.#n, Object.values(STARTS[kind])[0]);
  }

  get #drawing(): Float64Array {
    return this.#kind.drawn === undefined ? new Float64Array(0) : this.#editors[this.#kind.drawn].values;
  }

  /** Another map: what was found before is forgotten. */
  #choose(): void {
    this.#stop();
    this.#mapName = this.#kind.name;
    const target = this.#target = this.#kind.matrix(this.#n, this.#drawing);
    say("about", this.#kind.about);
    byId("known").hidden = this.#kind.exact === undefined;
    this.#explainHow();
    this.#showTarget(target);
    this.#clear();
    this.#sizesToTime();
    this.#enable();
  }

  #explainHow(): void {
    say(
      "status",
      radio("how")!.value === "gradient"
        ? "One butterfly, from random numbers by gradient: the four forms that it may have race each other."
        : "The ranks of blocks tell which structure it is, and the factors follow in closed form; else it goes by gradient.",
    );
  }

  #showTarget({ n, field, values }: Matrix): void {
    const entries = field === "complex" ? values : interleaved(values);
    drawDense(canvas("target"), entries, n, n);
    const what = `${n} × ${n}, ${count(n * n)} ${field} numbers`;
    say("target-caption", what);
    canvas("target").setAttribute("aria-label", `The matrix of ${this.#kind.label}: ${what}`);
  }

  #clear(): void {
    this.#shown = this.#fit = undefined;
    this.#history = new History();
    this.#played = 0;
    this.#drawnSnapshot = -1;
    byId("scrub-label").hidden = byId("keys").hidden = byId("explained").hidden = true;
    const product = canvas("product");
    product.width = product.height = 4;
    say("product-caption", "the product of the factors: none yet");
    say("loss-caption", "relative error against steps");
    const empty = document.createElement("li");
    empty.className = "empty";
    empty.textContent = "Nothing yet. Press “Learn it”.";
    byId("factors").replaceChildren(empty);
    byId("times").replaceChildren();
    for (const id of ["time-status", "keep-status"]) say(id, "");
    this.#drawLoss();
    this.#code();
  }

  #enable(): void {
    const busy = this.#busy !== undefined, none = this.#shown === undefined;
    // One stands where the other was, with the focus.
    const learn = byId("learn"), cancel = byId("cancel"), learning = this.#busy === "learn";
    const focused = document.activeElement === learn || document.activeElement === cancel;
    cancel.hidden = !learning;
    learn.hidden = learning;
    if (focused) (learning ? cancel : learn).focus();
    byId<HTMLButtonElement>("learn").disabled = this.#target === undefined;
    byId<HTMLButtonElement>("time").disabled = busy || (none && this.#kind.exact === undefined) ||
      (this.#shown !== undefined &&
        Math.max(this.#shown.operator.rows, this.#shown.operator.cols) > MOST_SHOWN);
    byId<HTMLButtonElement>("save").disabled = none;
  }

  // Learning.

  #learn(): void {
    if (this.#target === undefined) return;
    this.#stop();
    this.#clear();
    this.#busy = "learn";
    const how = radio("how")!.value as How;
    byId("keys").hidden = how !== "gradient";
    keys();
    say(
      "status",
      how === "gradient" ? "Learning by gradient, from random factors …" : "Looking at ranks of blocks …",
    );
    this.#post({ kind: "learn", id: ++this.#id, target: this.#target, how });
    this.#enable();
  }

  #post(request: Request): void {
    try {
      this.#worker ??= startWorker((answer) => {
        // What comes late belongs to what was chosen before.
        if (answer.id === this.#id) this.#answer(answer);
      }, (message) => this.#failed(message));
      this.#worker.postMessage(request);
    } catch (fault) {
      this.#failed(`This browser starts no worker here: ${(fault as Error).message}`);
    }
  }

  #stop(): void {
    if (this.#busy !== undefined) this.#post({ kind: "cancel" });
    this.#busy = undefined;
    this.#id++;
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
  }

  #answer(answer: Answer): void {
    if (answer.kind === "failed") return this.#failed(answer.message);
    if (answer.kind === "timed") {
      this.#busy = undefined;
      showTimes(answer.rows, answer.kernels);
      return this.#enable();
    }
    if (answer.kind === "learned") {
      this.#fit = answer.fit;
      this.#play();
    } else if (answer.kind === "steps") {
      this.#history.add(answer.lines, answer.errors, answer.snapshots);
      byId("keys").hidden = false;
      this.#play();
    } else if (this.#history.length === 0) this.#sometimes(`Working: ${answer.phase} …`);
  }

  /** Tells a screen reader at most every other second. */
  #sometimes(text: string): void {
    const now = performance.now();
    if (now - this.#lastSaid < 2000) return;
    this.#lastSaid = now;
    say("status", text);
  }

  #failed(message: string): void {
    say(this.#busy === "time" ? "time-status" : "status", message);
    this.#busy = undefined;
    this.#enable();
  }

  /** Lets the picture run after the steps that have come, at a speed that eyes can follow. */
  #play(): void {
    if (this.#frame !== 0) return;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) this.#played = this.#history.length;
    const next = (): void => {
      const { length } = this.#history;
      this.#played = Math.min(length, this.#played + Math.max(1.5, (length - this.#played) / 45));
      this.#moment(Math.floor(this.#played));
      if (this.#played < length) this.#frame = requestAnimationFrame(next);
      else {
        this.#frame = 0;
        if (this.#fit !== undefined) this.#finish(this.#fit);
      }
    };
    this.#frame = requestAnimationFrame(next);
  }

  /** Shows how far things were at a step. */
  #moment(step: number): void {
    if (step === 0 || this.#target === undefined) return;
    this.#drawLoss();
    const snapshot = this.#history.at(step), error = this.#history.errors[step - 1];
    if (snapshot === undefined || snapshot.step === this.#drawnSnapshot) return;
    this.#drawnSnapshot = snapshot.step;
    showOperator(momentary(snapshot, this.#target));
    say("product-caption", `product now: error ${small(error)}`);
    this.#sometimes(`Step ${count(step)}: trying ${FORMS[snapshot.form]}, error ${small(error)}`);
  }

  #finish(fit: Learned): void {
    const operator = loadOperator(fit.file);
    this.#busy = undefined;
    this.#shown = { operator, from: "learned" };
    showOperator(operator);
    say("product-caption", `product of the factors: error ${small(fit.relativeError)}`);
    const good = fit.stopped === "converged";
    const { n, field } = this.#target!, dense = n * n, own = operator.parameters;
    const numbers = field === "complex" ? "complex numbers" : "numbers";
    const cost = own < dense
      ? `${count(own)} ${numbers} instead of ${count(dense)}`
      : `${count(own)} ${numbers}, no fewer than the ${
        count(dense)
      } of the matrix: at this size it does not pay`;
    const ends: Record<string, string> = {
      cancelled: "You cancelled. ",
      budget: `Time or random starts are used up${
        fit.method === "gradient" ? "; other structures may do" : ""
      }. `,
    };
    const shown = this.#history.length > 0 ? " (shown more slowly)" : "";
    say(
      "status",
      good
        ? `Found in ${small(fit.seconds)} s${shown}: ${fit.model}. ${cost}, error ${
          small(fit.relativeError)
        }.`
        : `${ends[fit.stopped] ?? ""}The nearest that was found: ${fit.model}, error ${
          small(fit.relativeError)
        }. ${cost}.`,
    );
    byId("explained").hidden = false;
    say("explained-text", fit.explained);
    const { length } = this.#history, scrub = byId<HTMLInputElement>("scrub");
    byId("scrub-label").hidden = length === 0;
    scrub.max = `${length}`;
    scrub.value = scrub.max;
    this.#scrubValue(length);
    this.#drawLoss();
    canvas("loss").setAttribute(
      "aria-label",
      `Relative error ${length > 0 ? `over ${count(length)} steps` : "of what was tried"}: ends at ${
        small(fit.relativeError)
      }`,
    );
    this.#code();
    this.#sizesToTime();
    this.#enable();
  }

  #scrub(step: number): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#played = step;
    this.#scrubValue(step);
    if (step === this.#history.length && this.#fit !== undefined && this.#shown !== undefined) {
      this.#drawnSnapshot = -1;
      showOperator(this.#shown.operator);
      say("product-caption", `product of the factors: error ${small(this.#fit.relativeError)}`);
      this.#drawLoss();
    } else this.#moment(Math.max(1, step));
  }

  #scrubValue(step: number): void {
    const { errors, length } = this.#history, error = errors[Math.max(0, step - 1)];
    if (error === undefined) return;
    const text = step === length && this.#fit !== undefined
      ? `end: error ${small(this.#fit.relativeError)}`
      : `${count(step)}: error ${small(error)}`;
    say("scrub-value", text);
    byId("scrub").setAttribute("aria-valuetext", `step ${text}`);
  }

  #showKnown(): void {
    const { exact } = this.#kind;
    if (exact === undefined || this.#target === undefined) return;
    this.#stop();
    this.#clear();
    const operator = exact(this.#n, this.#drawing);
    this.#shown = { operator, from: "built" };
    showOperator(operator);
    const numbers = count(operator.parameters);
    say("product-caption", "product of the factors, as built");
    say("status", `The construction that papillon has for it: ${numbers} numbers, not learned but known.`);
    this.#code();
    this.#enable();
  }

  // Pictures.

  #drawLoss(): void {
    const ink = currentInk(), step = Math.floor(this.#played);
    const { length } = this.#history;
    if (length === 0 && this.#fit !== undefined) {
      const { tried } = this.#fit;
      drawTried(canvas("loss"), tried, ink);
      return say("loss-caption", "relative error of what was tried, in closed form: nothing had to descend");
    }
    const { lines, head } = this.#history.drawn(step), over = step === length && this.#fit !== undefined;
    // While it goes on, the line of the last step is the one to look at; at the end the best one.
    const ends = lines.map(({ errors }) => errors.reduce((least, error) => Math.min(least, error), Infinity));
    const best = ends.reduce((least, end) => Math.min(least, end), Infinity);
    drawLoss(canvas("loss"), lines, over ? ends.indexOf(best) : head, ink);
    const other = over && this.#fit!.relativeError < 0.5 * best;
    say(
      "loss-caption",
      `relative error against steps${other ? ", of the single butterflies that were tried first" : ""}`,
    );
  }

  #redraw(): void {
    this.#drawLoss();
    this.#editors.kernel.draw();
    this.#editors.matrix.draw();
    if (this.#shown !== undefined) showOperator(this.#shown.operator);
  }

  // Time.

  #sizesToTime(): void {
    const select = byId<HTMLSelectElement>("time-size"), own = this.#shown?.operator.cols ?? this.#n;
    const sizes = [own, ...(this.#kind.exact ? LARGER.filter((n) => n > own) : [])];
    select.replaceChildren(...sizes.map((n, i) => {
      const what = i > 0 || this.#shown === undefined ? "as built" : `as ${this.#shown.from}`;
      return new Option(`${n}, ${this.#shown?.from === "file" && i === 0 ? "from the file" : what}`, `${n}`);
    }));
  }

  #time(): void {
    const n = Number(byId<HTMLSelectElement>("time-size").value), { exact } = this.#kind;
    const kernel = new Float64Array(n);
    if (this.#kind.drawn === "kernel") kernel.set(this.#drawing);
    const operator = this.#shown?.operator.cols === n ? this.#shown.operator : exact?.(n, kernel);
    if (operator === undefined) return;
    this.#stop();
    this.#busy = "time";
    say("time-status", "Verifying in float64, then timing: three turns of each …");
    this.#post({
      kind: "time",
      id: ++this.#id,
      file: saveOperator(operator),
      map: this.#kind.name,
      kernel: [...kernel],
    });
    this.#enable();
  }

  // Files.

  get #fileName(): string {
    return `${this.#mapName}-${this.#shown?.operator.cols ?? this.#n}.safetensors`;
  }

  #save(): void {
    if (this.#shown === undefined) return;
    const bytes = saveOperator(this.#shown.operator), link = document.createElement("a");
    const url = URL.createObjectURL(
      new Blob([bytes as Uint8Array<ArrayBuffer>], { type: "application/octet-stream" }),
    );
    Object.assign(link, { href: url, download: this.#fileName });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
    say("keep-status", `${this.#fileName}: ${count(bytes.length)} bytes.`);
  }

  async #load(): Promise<void> {
    const input = byId<HTMLInputElement>("load"), [file] = input.files ?? [];
    if (file === undefined) return;
    try {
      const operator = loadOperator(new Uint8Array(await file.arrayBuffer()));
      this.#stop();
      this.#mapName = file.name.replace(/\.safetensors$/, "").replace(/-\d+$/, "");
      this.#showLoaded(operator, file.name);
    } catch (fault) {
      say("keep-status", `${file.name} cannot be loaded. ${(fault as Error).message}`);
    }
    // So that the same file can be chosen again.
    input.value = "";
  }

  #showLoaded(operator: Operator, name: string): void {
    const { rows, cols, field } = operator;
    radio("map")?.blur();
    for (
      const input of document.querySelectorAll<HTMLInputElement>('input[name="map"], input[name="size"]')
    ) {
      input.checked = false;
      // The size is the file's own, until another map is chosen.
      input.disabled = input.name === "size";
    }
    this.#kind = { ...MAPS[MAPS.length - 1], name: "file", label: name, drawn: undefined, exact: undefined };
    for (const id of ["kernel-editor", "matrix-editor", "cells", "known"]) byId(id).hidden = true;
    byId("target").hidden = false;
    say("about", `From ${name}: ${operator.describe()}.`);
    this.#clear();
    const learnable = rows === cols && cols <= MOST_LEARNED;
    this.#target = learnable ? { n: cols, field, values: Float64Array.from(operator.toDense()) } : undefined;
    if (Math.max(rows, cols) <= MOST_SHOWN) showDense("target", operator);
    else canvas("target").width = canvas("target").height = 4;
    say("target-caption", `${rows} × ${cols}, ${field}`);
    canvas("target").setAttribute("aria-label", `The matrix from ${name}, ${rows} × ${cols}`);
    this.#shown = { operator, from: "file" };
    showOperator(operator);
    say("product-caption", `product of the factors in ${name}`);
    const again = learnable
      ? ""
      : ` It is not learned again: that is for square ones of at most ${MOST_LEARNED} rows.`;
    say("keep-status", `Loaded ${name}: ${rows} × ${cols}, ${count(operator.parameters)} numbers.${again}`);
    say("status", `Loaded from ${name}.`);
    this.#sizesToTime();
    this.#code();
    this.#enable();
  }

  #code(): void {
    const name = this.#fileName;
    say(
      "code",
      `import { loadOperator } from "@papillon/papillon/core";

const file = await fetch("${name}");
const map = loadOperator(new Uint8Array(await file.arrayBuffer()));
const y = map.apply(x); // a Float32Array, one vector or many one after another`,
    );
  }
}

/** Opens the page. */
export function openPage(): void {
  new Page();
}
