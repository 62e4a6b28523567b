/** Small multiples of errors by size, on logarithmic axes, as SVG. */

/** One panel. */
export interface Panel {
  readonly title: string;
  readonly sizes: readonly number[];
  readonly lines: readonly { readonly name: string; readonly values: readonly number[] }[];
}

const WIDTH = 240, HEIGHT = 170, LEFT = 44, TOP = 26, RIGHT = 18, BOTTOM = 24, ACROSS = 3, HEAD = 58;
const COLOURS = ["#1668b0", "#d0561b", "#3a8a3f", "#8a4fbf", "#8a8a8a"];
/** Decades. */
const LOWEST = -10, HIGHEST = 0;

/** A page of panels with one legend. */
export function errorPlots(panels: readonly Panel[], title: string): string {
  const rows = Math.ceil(panels.length / ACROSS);
  const width = ACROSS * WIDTH, height = HEAD + rows * HEIGHT;
  const legend = panels[0].lines.map(({ name }, i) => {
    const x = 12 + i * (width - 24) / panels[0].lines.length;
    return `<line x1="${x}" y1="40" x2="${x + 22}" y2="40" stroke="${COLOURS[i]}" stroke-width="2"/>` +
      `<text x="${x + 28}" y="44">${name}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
    `font-family="sans-serif" font-size="11" fill="#222">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="12" y="22" font-size="14" font-weight="bold">${title}</text>`,
    ...legend,
    ...panels.map((panel, i) => draw(panel, i % ACROSS * WIDTH, HEAD + Math.floor(i / ACROSS) * HEIGHT)),
    "</svg>\n",
  ].join("\n");
}

function draw({ title, sizes, lines }: Panel, left: number, top: number): string {
  const w = WIDTH - LEFT - RIGHT, h = HEIGHT - TOP - BOTTOM;
  const x = (i: number): number => left + LEFT + w * i / (sizes.length - 1);
  const y = (value: number): number => {
    const decade = Math.min(HIGHEST, Math.max(LOWEST, Math.log10(value)));
    return top + TOP + h * (HIGHEST - decade) / (HIGHEST - LOWEST);
  };
  const parts = [`<text x="${left + LEFT}" y="${top + 16}" font-weight="bold">${title}</text>`];
  for (let decade = LOWEST; decade <= HIGHEST; decade += 2) {
    const at = y(10 ** decade).toFixed(1);
    parts.push(
      `<line x1="${left + LEFT}" y1="${at}" x2="${left + LEFT + w}" y2="${at}" stroke="#ddd"/>`,
      `<text x="${left + LEFT - 5}" y="${Number(at) + 4}" text-anchor="end" fill="#555">1e${decade}</text>`,
    );
  }
  sizes.forEach((size, i) => {
    if (i % 2 === 0 || sizes.length < 5) return;
    parts.push(`<text x="${x(i)}" y="${top + HEIGHT - 8}" text-anchor="middle" fill="#555">${size}</text>`);
  });
  // The first line on top of the others.
  [...lines.entries()].reverse().forEach(([k, { values }]) => {
    const points = values.map((value, i) => `${x(i).toFixed(1)},${y(Math.max(value, 1e-300)).toFixed(1)}`);
    parts.push(
      `<polyline points="${points.join(" ")}" fill="none" stroke="${COLOURS[k]}" stroke-width="1.8"/>`,
      ...points.map((point) => {
        const [cx, cy] = point.split(",");
        return `<circle cx="${cx}" cy="${cy}" r="2.2" fill="${COLOURS[k]}"/>`;
      }),
    );
  });
  return parts.join("\n");
}
