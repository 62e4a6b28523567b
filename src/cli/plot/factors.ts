/**
 * The picture of an operator: the dense matrix, an equals sign, and the sparse factors that it is the product of.
 *
 * @module
 */

import type { Operator } from "../../operator/operator.ts";
import type { Field } from "../../program/step.ts";
import { count, numbers, ratio } from "../text.ts";
import { hex, HUES, WHEEL } from "./colour.ts";
import { drawMatrix, spacing } from "./matrix.ts";
import { type Panel, panelsOf } from "./panels.ts";
import { document, short, text } from "./svg.ts";

/** What is said above the picture. */
export interface FactorsOptions {
  /** What the operator is. */
  readonly title: string;
  /** More about it, in a line of its own. */
  readonly note?: string;
}

/** More panels than this are not drawn. */
const MOST_PANELS = 48;
/** In px: around all, above the matrices, below each, between two, and the side of the dense matrix. */
const MARGIN = 28, HEAD = 92, CAPTION = 40, GAP = 24, DENSE = 330, FOOT = 54;

/**
 * Draws an operator as a picture that is readable on light and dark backgrounds. Biases are left out.
 *
 * @returns an SVG document
 */
export async function drawFactors(operator: Operator, options: FactorsOptions): Promise<string> {
  const { rows, cols, field } = operator;
  const dense: Panel = { caption: `${rows} × ${cols} matrix`, rows, cols, parameters: rows * cols, operator };
  const all = panelsOf(operator);
  // A dense operator is not drawn a second time as a product of one.
  const panels = all.length === 1 && !all[0].entries ? [] : all.slice(0, MOST_PANELS);

  const lines = panels.length <= 4 ? 1 : panels.length <= 14 ? 2 : Math.ceil(panels.length / 7);
  const perLine = Math.ceil(panels.length / lines);
  const size = lines === 1 ? 190 : 146, pitch = size + CAPTION;
  const tall = Math.max(DENSE + CAPTION, lines * pitch - 6);
  const begin = MARGIN + DENSE + 2 * GAP + 8;
  const width = Math.max(begin + perLine * (size + GAP) - GAP + MARGIN, 760), height = HEAD + tall + FOOT;

  const colours = field === "complex" || panels.some((panel) => panel.complex) ? "complex" : "real";
  const elements = [...heading(operator, all, options), ...legend(colours, MARGIN, height - 30)];
  const top = HEAD + (tall - DENSE - CAPTION) / 2, apart = spacing(Math.max(rows, cols));
  const drawn = apart === 1 ? "" : `, one row and column in ${apart} drawn`;
  const left = await drawMatrix(dense, MARGIN, top, DENSE);
  elements.push(left.elements);
  elements.push(...captions(dense, MARGIN + DENSE / 2, left.bottom, numbers(rows * cols, field) + drawn));
  if (panels.length > 0) {
    elements.push(text(begin - GAP - 4, top + DENSE / 2 + 10, "=", { size: 30, anchor: "middle" }));
    const note = (y: number, content: string): string =>
      text(width - MARGIN, y, content, { anchor: "end", tone: "faint" });
    elements.push(note(height - 20, "the last matrix is applied first"));
    if (!meet(panels, rows, cols)) {
      elements.push(note(height - 5, "vectors are padded with zeros, or cut, where sizes differ"));
    }
  }
  for (const [i, panel] of panels.entries()) {
    const x = begin + (i % perLine) * (size + GAP);
    const y = HEAD + (tall - lines * pitch) / 2 + Math.floor(i / perLine) * pitch;
    const { elements: drawn, bottom } = await drawMatrix(panel, x, y, size);
    elements.push(drawn);
    const numbers = panel.ones ? "no numbers" : `${count(panel.parameters)} numbers`;
    elements.push(...captions(panel, x + size / 2, bottom, numbers));
    if (i < all.length - 1) {
      const sign = i < panels.length - 1 ? "·" : "…";
      elements.push(text(x + size + GAP / 2, y + size / 2 + 7, sign, { size: 22, anchor: "middle" }));
    }
  }
  return document(width, height, `${options.title}. ${summary(operator, all)}`, elements);
}

/** Whether the sizes of neighbours meet, from the operator's rows on the left to its columns on the right. */
function meet(panels: readonly Panel[], rows: number, cols: number): boolean {
  const before = [rows, ...panels.map((panel) => panel.cols)],
    after = [...panels.map((panel) => panel.rows), cols];
  return before.every((size, i) => size === after[i]);
}

/** "65 536 complex numbers as 8 sparse factors and a bit reversal: 4 096 numbers, 16 times fewer" */
function summary({ rows, cols, field, parameters }: Operator, panels: readonly Panel[]): string {
  const dense = numbers(rows * cols, field);
  if (panels.length <= 1) return dense;
  const ones = panels.filter((panel) => panel.ones && panel.caption.match(/permutation|reversal/));
  const others = panels.filter((panel) => !panel.ones).length;
  const parts: string[] = [];
  if (others > 0) parts.push(others === 1 ? "a factor" : `${others} sparse factors`);
  if (ones.length > 0) parts.push(ones.length === 1 ? `a ${ones[0].caption}` : `${ones.length} permutations`);
  const fewer = parameters > 0 && parameters < rows * cols
    ? `, ${ratio(rows * cols / parameters)} times fewer`
    : "";
  return `${dense} as ${parts.join(" and ")}: ${count(parameters)} numbers${fewer}`;
}

function heading(operator: Operator, panels: readonly Panel[], { title, note }: FactorsOptions): string[] {
  const lines = [text(MARGIN, 34, title, { size: 19, tone: "bold" })];
  lines.push(text(MARGIN, 56, summary(operator, panels), { size: 13.5 }));
  if (note !== undefined) lines.push(text(MARGIN, 75, note, { size: 12.5, tone: "faint" }));
  return lines;
}

function captions(panel: Panel, x: number, y: number, numbers: string): string[] {
  return [
    text(x, y + 16, panel.caption, { size: 12.5, anchor: "middle" }),
    text(x, y + 31, numbers, { size: 11, anchor: "middle", tone: "faint" }),
  ];
}

/** What the colours mean: a strip of all phases, or of the two signs; and that faint is small. */
function legend(field: Field, x: number, y: number): string[] {
  const swatch = (at: number, width: number, hue: number): string =>
    `<rect x="${short(at)}" y="${short(y)}" width="${short(width)}" height="10" fill="${
      hex(WHEEL[hue % HUES])
    }"/>`;
  const label = (at: number, content: string): string =>
    text(at, y + 10, content, { size: 12, tone: "faint" });
  if (field === "real") {
    return [
      swatch(x, 14, 0),
      label(x + 20, "positive"),
      swatch(x + 84, 14, HUES / 2),
      label(x + 104, "negative; the fainter, the smaller"),
    ];
  }
  const width = 160, each = width / HUES;
  const strip = Array.from({ length: HUES }, (_, i) => swatch(x + i * each, each + 0.4, i));
  const marks = ["1", "i", "−1", "−i", "1"].map((mark, i) =>
    text(x + i * width / 4, y + 24, mark, { size: 11, anchor: "middle", tone: "faint" })
  );
  return [...strip, ...marks, label(x + width + 14, "phase; the fainter, the smaller")];
}
