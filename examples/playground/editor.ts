/// <reference lib="dom" />
/** Where one draws: the bars of a kernel or the cells of a matrix, with a pointer or by keys. */
import { hueOf, WHEEL } from "../../src/cli/plot/colour.ts";

/** What an editor says. */
export interface Edited {
  /** Called when a value has changed. */
  readonly changed: () => void;
  /** Called with the place and value where the keys are, for those who cannot see it. */
  readonly said: (text: string) => void;
}

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));
const colour = (value: number): string =>
  `rgb(${WHEEL[hueOf(value, 0)].join(" ")} / ${Math.sqrt(Math.min(1, Math.abs(value)))})`;

/** A canvas on which n values from −1 to 1 (a kernel), or n² of them (a matrix), are drawn. */
export class Editor {
  /** The values; the page reads them. */
  values: Float64Array = new Float64Array(0);
  /** What a stroke writes into cells: 1, −1 or 0. */
  brush = 1;
  readonly #canvas: HTMLCanvasElement;
  readonly #kind: "kernel" | "matrix";
  readonly #edited: Edited;
  #n = 0;
  #row = 0;
  #col = 0;
  #last: [number, number] | undefined;

  constructor(canvas: HTMLCanvasElement, kind: "kernel" | "matrix", edited: Edited) {
    this.#canvas = canvas;
    this.#kind = kind;
    this.#edited = edited;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.#last = undefined;
      this.#stroke(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (canvas.hasPointerCapture(event.pointerId)) this.#stroke(event);
    });
    canvas.addEventListener("keydown", (event) => this.#key(event));
    for (const name of ["focus", "blur"]) canvas.addEventListener(name, () => this.draw());
  }

  /** The place in the values of a column of the picture: a kernel's first point is drawn in the middle. */
  #index(col: number): number {
    return this.#kind === "kernel" ? (col + this.#n / 2) % this.#n : col;
  }

  /** Begins anew with n points, or n rows, from a start. */
  begin(n: number, start: (n: number, i: number, j: number) => number): void {
    this.#n = n;
    this.#row = 0;
    this.#col = this.#kind === "kernel" ? n >> 1 : 0;
    const kernel = this.#kind === "kernel";
    this.values = Float64Array.from(
      { length: kernel ? n : n * n },
      (_, at) => kernel ? start(n, at, 0) : start(n, Math.floor(at / n), at % n),
    );
    this.draw();
  }

  draw(): void {
    const { width, height } = this.#canvas, n = this.#n, context = this.#canvas.getContext("2d")!;
    const style = getComputedStyle(this.#canvas),
      wide = width / n,
      focused = document.activeElement === this.#canvas;
    context.clearRect(0, 0, width, height);
    const kernel = this.#kind === "kernel", high = kernel ? height : height / n;
    this.values.forEach((value, at) => {
      context.fillStyle = colour(value);
      if (kernel) {
        context.fillRect(
          this.#index(at) * wide + wide * 0.08,
          height / 2,
          wide * 0.84,
          -value * (height / 2 - 6),
        );
      } else context.fillRect((at % n) * wide, Math.floor(at / n) * high, wide, high);
    });
    context.strokeStyle = style.borderTopColor;
    context.lineWidth = 1;
    context.beginPath();
    if (kernel) {
      context.moveTo(0, height / 2);
      context.lineTo(width, height / 2);
    } else {
      for (let i = 1; i < n; i++) {
        context.moveTo(i * wide, 0);
        context.lineTo(i * wide, height);
        context.moveTo(0, i * high);
        context.lineTo(width, i * high);
      }
    }
    context.globalAlpha = kernel ? 1 : 0.35;
    context.stroke();
    context.globalAlpha = 1;
    if (!focused) return;
    context.strokeStyle = style.color;
    context.lineWidth = 4;
    context.strokeRect(this.#col * wide + 2, kernel ? 2 : this.#row * high + 2, wide - 4, high - 4);
  }

  /** Draws from where the pointer was to where it is, so that a quick stroke leaves no gaps. */
  #stroke(event: PointerEvent): void {
    event.preventDefault();
    const box = this.#canvas.getBoundingClientRect(), n = this.#n;
    const x = (event.clientX - box.left) / box.width * n, y = (event.clientY - box.top) / box.height;
    const [fromX, fromY] = this.#last ?? [x, y];
    const steps = Math.max(1, Math.ceil(2 * Math.max(Math.abs(x - fromX), Math.abs(y - fromY) * n)));
    for (let k = 1; k <= steps; k++) {
      const part = k / steps, across = fromX + (x - fromX) * part, down = fromY + (y - fromY) * part;
      this.#col = clamp(Math.floor(across), 0, n - 1);
      this.#row = clamp(Math.floor(down * n), 0, n - 1);
      this.#write(this.#kind === "kernel" ? clamp(1 - 2 * down, -1, 1) : this.brush);
    }
    this.#last = [x, y];
    this.draw();
    this.#edited.changed();
  }

  get #at(): number {
    return this.#kind === "kernel" ? this.#index(this.#col) : this.#row * this.#n + this.#col;
  }

  #write(value: number): void {
    // Nearly nothing is nothing: otherwise a zero could hardly be drawn.
    this.values[this.#at] = Math.abs(value) < 0.02 ? 0 : value;
  }

  #key(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const kernel = this.#kind === "kernel",
      last = this.#n - 1,
      { key } = event,
      value = this.values[this.#at];
    const round = (to: number): number => Math.round(10 * clamp(to, -1, 1)) / 10;
    let next: number | undefined;
    if (key === "ArrowLeft") this.#col = clamp(this.#col - 1, 0, last);
    else if (key === "ArrowRight") this.#col = clamp(this.#col + 1, 0, last);
    else if (key === "Home") this.#col = 0;
    else if (key === "End") this.#col = last;
    else if (key === "ArrowUp" && kernel) next = round(value + 0.1);
    else if (key === "ArrowDown" && kernel) next = round(value - 0.1);
    else if (key === "ArrowUp") this.#row = clamp(this.#row - 1, 0, last);
    else if (key === "ArrowDown") this.#row = clamp(this.#row + 1, 0, last);
    else if (key === " " || key === "Enter") {
      next = kernel ? (value === 0 ? 1 : 0) : value === this.brush ? 0 : this.brush;
    } else if (key === "+" || key === "=") next = round(value + 0.1);
    else if (key === "-") next = round(value - 0.1);
    else if (key === "Delete" || key === "Backspace" || key === "0") next = 0;
    else return;
    event.preventDefault();
    if (next !== undefined) {
      this.values[this.#at] = next;
      this.#edited.changed();
    }
    this.draw();
    const place = kernel
      ? `point ${this.#col - this.#n / 2}`
      : `row ${this.#row + 1}, column ${this.#col + 1}`;
    this.#edited.said(`${place}: ${this.values[this.#at].toFixed(1).replace("-", "minus ")}`);
  }
}
