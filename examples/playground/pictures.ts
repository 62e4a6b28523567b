/// <reference lib="dom" />
/** What the page shows of an operator, and what its colours mean. */
import type { Operator } from "@papillon/papillon";
import { HUES, WHEEL } from "../../src/cli/plot/colour.ts";
import { sample } from "../../src/cli/plot/matrix.ts";
import { type Panel, panelsOf } from "../../src/cli/plot/panels.ts";
import { byId, canvas, count } from "./dom.ts";
import { drawDense, drawFactor, type Ink } from "./draw.ts";
import { FORMS } from "./history.ts";

/** Larger matrices are drawn by some of their rows and columns. */
const MOST_DRAWN = 256;
/** Operators of more rows or columns are neither drawn nor timed: a dense product beside them would take too long. */
export const MOST_SHOWN = 4096;

/** The matrix of an operator as a heat map; of a large one some rows and columns. */
export function showDense(id: string, operator: Operator): void {
  const { entries, across, down } = sample(operator, MOST_DRAWN);
  drawDense(canvas(id), entries, down, across);
}

/** An operator: the product, and its factors in a list whose items are used again. */
export function showOperator(operator: Operator): void {
  const { rows, cols } = operator, large = Math.max(rows, cols) > MOST_SHOWN;
  if (!large) showDense("product", operator);
  canvas("product").setAttribute("aria-label", `The product of the factors, ${rows} × ${cols}`);
  const panels = large ? [] : panelsOf(operator).filter(({ entries }) => entries !== undefined);
  byId("phase").hidden = operator.field === "real";
  const list = byId("factors"), ink = getComputedStyle(document.body).color;
  if (panels.length === 0) {
    const item = document.createElement("li");
    item.className = "empty";
    item.textContent = large
      ? `It is too large to be drawn: more than ${MOST_SHOWN} rows or columns.`
      : "This operator is no product of sparse factors.";
    return list.replaceChildren(item);
  }
  while (list.children.length > panels.length || list.firstElementChild?.className === "empty") {
    list.lastElementChild!.remove();
  }
  panels.forEach((panel, i) => {
    let item = list.children[i];
    if (item === undefined) {
      item = document.createElement("li");
      const picture = document.createElement("canvas"), caption = document.createElement("span");
      picture.setAttribute("role", "img");
      item.append(picture, caption);
      list.append(item);
    }
    const [picture, caption] = item.children;
    drawFactor(picture as HTMLCanvasElement, panel, ink);
    const text = captionOf(panel);
    if (caption.textContent === text.join("")) return;
    const more = document.createElement("small");
    more.textContent = text[1];
    caption.replaceChildren(text[0], more);
    picture.setAttribute("aria-label", `Factor ${i + 1} of ${panels.length}: ${text.join(", ")}`);
  });
}

/** The colours of the plot as they are now. */
export function ink(): Ink {
  const style = getComputedStyle(document.documentElement), probe = document.createElement("span");
  // Only a computed colour knows which of two grounds it is for.
  byId("loss").after(probe);
  const colour = (name: string): string => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color || style.color;
  };
  const ink = {
    line: colour("--line"),
    faint: colour("--faint"),
    forms: FORMS.map((_, i) => colour(`--form-${i}`)),
  };
  probe.remove();
  return ink;
}

/** What the colours of the lines mean. */
export function keys(): void {
  byId("keys").replaceChildren(...FORMS.map((form, i) => {
    const key = document.createElement("span"), swatch = document.createElement("i");
    swatch.style.background = `var(--form-${i})`;
    key.append(swatch, form);
    return key;
  }));
}

/** What the colours of numbers mean. */
export function legend(): void {
  const strip = document.createElement("canvas");
  strip.width = HUES;
  strip.height = 1;
  const context = strip.getContext("2d")!;
  WHEEL.forEach((colour, i) => {
    context.fillStyle = `rgb(${colour.join(" ")})`;
    context.fillRect(i, 0, 1, 1);
  });
  const phase = document.createElement("span"), text = document.createElement("span");
  phase.append(strip, "1, i, −1, −i and what is between");
  text.textContent = "The last factor is applied first. Orange is positive, blue negative, faint small.";
  phase.id = "phase";
  byId("legend").append(text, phase);
}

/** Real numbers as complex ones. */
export function interleaved(values: Float64Array): Float64Array {
  const wide = new Float64Array(2 * values.length);
  values.forEach((value, i) => wide[2 * i] = value);
  return wide;
}

function captionOf({ caption, ones, parameters }: Panel): [string, string] {
  return [caption, ones ? "no numbers" : `${count(parameters)} numbers`];
}
