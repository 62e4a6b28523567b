/**
 * What the pictures share: the frame of an SVG that is readable on light and dark backgrounds, and its text.
 *
 * @module
 */

/** Escapes text for XML, and drops the characters that XML does not know. */
export function escape(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "\ufffd")
    .replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** A number as short as it can be in a path or an attribute. */
export function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** Attributes of {@link text}. */
export interface TextStyle {
  /** Font size in px; 12. */
  readonly size?: number;
  /** Where x is; "start". */
  readonly anchor?: "start" | "middle" | "end";
  /** Bold, or in the fainter of the two inks. */
  readonly tone?: "bold" | "faint";
}

/** A line of text at (x, y), y being its base line. */
export function text(x: number, y: number, content: string, style: TextStyle = {}): string {
  const { size = 12, anchor = "start", tone } = style;
  const attributes = (anchor === "start" ? "" : ` text-anchor="${anchor}"`) +
    (tone ? ` class="${tone}"` : "");
  return `<text x="${short(x)}" y="${short(y)}" font-size="${size}"${attributes}>${escape(content)}</text>`;
}

/** A whole SVG: its size in px, a title for those who cannot see it, and its elements. */
export function document(width: number, height: number, title: string, elements: readonly string[]): string {
  const w = Math.ceil(width), h = Math.ceil(height);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" role="img">
<title>${escape(title)}</title>
<style>
svg { color-scheme: light dark; --paper: #fff; --panel: #f6f7f9; --line: #c6ccd4; --ink: #1c2128; --faint: #5b6470 }
@media (prefers-color-scheme: dark) {
  svg { --paper: #0d1117; --panel: #161b22; --line: #3d4550; --ink: #e6edf3; --faint: #9aa4b0 }
}
text { font-family: system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: var(--ink) }
.faint { fill: var(--faint) }
.bold { font-weight: 600 }
.paper { fill: var(--paper) }
.panel { fill: var(--panel); stroke: var(--line) }
.dots { stroke-linecap: square; fill: none }
.ink { stroke: var(--ink) }
</style>
<rect class="paper" width="${w}" height="${h}"/>
${elements.join("\n")}
</svg>
`;
}
