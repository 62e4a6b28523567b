/** Points with error bars on a logarithmic axis, and bars of times, as SVG. */

/** A point of {@link scatter}. */
export interface Point {
  readonly name: string;
  /** On the logarithmic axis. */
  readonly x: number;
  readonly y: number;
  /** Half the length of the error bar. */
  readonly error: number;
  /** Drawn in another colour. */
  readonly strong?: boolean;
}

/** What is common to pictures. */
interface Labels {
  readonly title: string;
  readonly xLabel: string;
}

const WIDTH = 760, LEFT = 70, RIGHT = 24, TOP = 46, BOTTOM = 50, PLAIN = "#1668b0", STRONG = "#d0561b";

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function page(height: number, title: string, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" ` +
    `font-family="sans-serif" font-size="12" fill="#222">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="12" y="22" font-size="14" font-weight="bold">${escaped(title)}</text>`,
    ...parts,
    "</svg>\n",
  ].join("\n");
}

/** Numbers 1, 2, 5 times powers of ten in a range; only the powers where it is wide. */
function ticks(low: number, high: number): number[] {
  const found: number[] = [], steps = high / low > 100 ? [1] : [1, 2, 5];
  for (let decade = Math.floor(Math.log10(low)); decade <= Math.log10(high); decade++) {
    for (const step of steps) found.push(step * 10 ** decade);
  }
  return found.filter((value) => value >= low && value <= high);
}

function tickText(value: number): string {
  if (value < 1) return String(Number(value.toPrecision(1)));
  return value >= 1e6 ? `${value / 1e6} M` : value >= 1000 ? `${value / 1000} k` : String(value);
}

/**
 * Points with their names, percentages upwards; a band from `band` downwards by its depth.
 */
export function scatter(
  points: readonly Point[],
  { title, xLabel, yLabel, band }: Labels & {
    readonly yLabel: string;
    readonly band?: { readonly from: number; readonly depth: number; readonly text: string };
  },
): string {
  const height = 400, bottom = height - BOTTOM, right = WIDTH - RIGHT;
  const xs = points.map(({ x }) => x), ends = points.flatMap(({ y, error }) => [y - error, y + error]);
  const [x0, x1] = [Math.log(Math.min(...xs) / 1.35), Math.log(Math.max(...xs) * 1.35)];
  const [y0, y1] = [Math.floor(Math.min(...ends) * 2 - 0.5) / 2, Math.ceil(Math.max(...ends) * 2 + 0.5) / 2];
  const px = (x: number): number => LEFT + (Math.log(x) - x0) / (x1 - x0) * (right - LEFT);
  const py = (y: number): number => bottom - (y - y0) / (y1 - y0) * (bottom - TOP);
  const parts: string[] = [], f = (v: number): string => v.toFixed(1);
  if (band) {
    const top = py(band.from), depth = py(band.from - band.depth) - top;
    parts.push(
      `<rect x="${LEFT}" y="${f(top)}" width="${right - LEFT}" height="${f(depth)}" fill="#e8eef5"/>`,
      `<text x="${LEFT + 6}" y="${f(top + depth - 5)}" fill="#555">${escaped(band.text)}</text>`,
    );
  }
  const step = y1 - y0 > 5 ? 1 : 0.5;
  for (let y = y0; y <= y1; y += step) {
    parts.push(
      `<line x1="${LEFT}" y1="${f(py(y))}" x2="${right}" y2="${f(py(y))}" stroke="#ddd"/>`,
      `<text x="${LEFT - 6}" y="${f(py(y) + 4)}" text-anchor="end" fill="#555">${y}</text>`,
    );
  }
  for (const x of ticks(Math.exp(x0), Math.exp(x1))) {
    parts.push(
      `<line x1="${f(px(x))}" y1="${TOP}" x2="${f(px(x))}" y2="${bottom}" stroke="#eee"/>`,
      `<text x="${f(px(x))}" y="${bottom + 17}" text-anchor="middle" fill="#555">${tickText(x)}</text>`,
    );
  }
  // Names stand beside their points, left of them near the right border, and below one another where they would meet.
  const taken: { x: number; y: number; width: number }[] = [];
  for (const { name, x, y, error, strong } of points.toSorted((a, b) => b.y - a.y)) {
    const colour = strong ? STRONG : PLAIN, cx = px(x), width = 6.6 * name.length + 4;
    const left = cx + 10 + width > right, at = left ? cx - 10 - width : cx + 10;
    let line = py(y) + 4;
    const meets = (): boolean =>
      taken.some((other) =>
        Math.abs(other.y - line) < 14 && at < other.x + other.width && other.x < at + width
      );
    while (meets()) line += 3;
    taken.push({ x: at, y: line, width });
    parts.push(
      `<line x1="${f(cx)}" y1="${f(py(y - error))}" x2="${f(cx)}" y2="${
        f(py(y + error))
      }" stroke="${colour}" stroke-width="1.6"/>`,
      `<circle cx="${f(cx)}" cy="${f(py(y))}" r="4" fill="${colour}"/>`,
      `<text x="${f(left ? cx - 10 : at)}" y="${f(line)}"${left ? ' text-anchor="end"' : ""}${
        strong ? ' font-weight="bold"' : ""
      }>${escaped(name)}</text>`,
    );
  }
  parts.push(
    `<text x="${(LEFT + right) / 2}" y="${height - 12}" text-anchor="middle">${escaped(xLabel)}</text>`,
    `<text transform="translate(18 ${(TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">${
      escaped(yLabel)
    }</text>`,
  );
  return page(height, title, parts);
}

/** Pairs of horizontal bars on a logarithmic axis. */
export function bars(
  rows: readonly { readonly name: string; readonly values: readonly number[]; readonly strong?: boolean }[],
  { title, xLabel, legend }: Labels & { readonly legend: readonly string[] },
): string {
  const from = 150, right = WIDTH - 70, each = 15, gap = 9, colours = [PLAIN, "#8fb8dd"];
  const row = legend.length * each + gap, height = TOP + 14 + rows.length * row + BOTTOM;
  const all = rows.flatMap(({ values }) => values), least = Math.min(...all) / 2;
  const px = (v: number): number =>
    from + Math.log(v / least) / Math.log(Math.max(...all) / least) * (right - from);
  const f = (v: number): string => v.toFixed(1), base = height - BOTTOM, parts: string[] = [];
  legend.forEach((text, i) =>
    parts.push(
      `<rect x="${from + i * 170}" y="34" width="12" height="12" fill="${colours[i]}"/>`,
      `<text x="${from + i * 170 + 18}" y="44">${escaped(text)}</text>`,
    )
  );
  for (const v of ticks(least, Math.max(...all))) {
    parts.push(
      `<line x1="${f(px(v))}" y1="${TOP + 8}" x2="${f(px(v))}" y2="${base}" stroke="#ddd"/>`,
      `<text x="${f(px(v))}" y="${base + 16}" text-anchor="middle" fill="#555">${tickText(v)}</text>`,
    );
  }
  rows.forEach(({ name, values, strong }, k) => {
    const top = TOP + 14 + k * row;
    parts.push(
      `<text x="${from - 8}" y="${top + (row - gap) / 2 + 4}" text-anchor="end"${
        strong ? ' font-weight="bold"' : ""
      }>${escaped(name)}</text>`,
    );
    values.forEach((v, i) =>
      parts.push(
        `<rect x="${from}" y="${top + i * each}" width="${f(px(v) - from)}" height="${each - 2}" fill="${
          colours[i]
        }"/>`,
        `<text x="${f(px(v) + 5)}" y="${top + i * each + 11}" fill="#555">${Number(v.toPrecision(2))}</text>`,
      )
    );
  });
  parts.push(
    `<text x="${(from + right) / 2}" y="${height - 12}" text-anchor="middle">${escaped(xLabel)}</text>`,
  );
  return page(height, title, parts);
}
