/** Pictures of the report on permuted digits, as SVG. */

const COLOURS = [
  "#1668b0",
  "#d0561b",
  "#3a8a3f",
  "#8a4fbf",
  "#b8860b",
  "#0f8b8d",
  "#c2185b",
  "#5d6d1e",
  "#555",
  "#6b3a2a",
];

function page(width: number, height: number, title: string, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
    `font-family="sans-serif" font-size="11" fill="#222">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="12" y="22" font-size="14" font-weight="bold">${title}</text>`,
    ...parts,
    "</svg>\n",
  ].join("\n");
}

/** What became of the variation of one seed, both axes together. */
export interface Course {
  readonly annealed: readonly number[];
  readonly improved: readonly (readonly [number, number])[];
}

/** The variation of each seed: of samples at each step, and while lines change places after rounding. */
export function coursePlot(courses: readonly Course[], truth: number, permuted: number): string {
  const width = 340,
    height = 250,
    top = 50,
    left = 46,
    high = Math.max(permuted, ...courses.map((c) => c.annealed[0])) * 1.04;
  const y = (value: number): number => top + height * (1 - value / high), parts: string[] = [];
  const panel = (at: number, title: string, most: number): (value: number) => number => {
    const x = (value: number): number => at + width * value / most;
    parts.push(`<text x="${at}" y="${top - 10}" font-weight="bold">${title}</text>`);
    for (let value = 0; value <= high; value += 50) {
      const line = y(value).toFixed(1);
      parts.push(
        `<line x1="${at}" y1="${line}" x2="${at + width}" y2="${line}" stroke="#e4e4e4"/>`,
        `<text x="${at - 5}" y="${Number(line) + 4}" text-anchor="end" fill="#555">${value}</text>`,
      );
    }
    for (const part of [0, 0.5, 1]) {
      parts.push(
        `<text x="${x(part * most)}" y="${top + height + 16}" text-anchor="middle" fill="#555">${
          Math.round(part * most)
        }</text>`,
      );
    }
    for (
      const [value, name, below] of [[truth, "original images", true], [
        permuted,
        "permuted images",
        false,
      ]] as const
    ) {
      const line = y(value);
      parts.push(
        `<line x1="${at}" y1="${line}" x2="${
          at + width
        }" y2="${line}" stroke="#222" stroke-dasharray="4 3"/>`,
        `<text x="${at + width - 4}" y="${line + (below ? 14 : -5)}" text-anchor="end">${name}</text>`,
      );
    }
    return x;
  };
  const steps = Math.max(...courses.map(({ annealed }) => annealed.length));
  const tries = 1e4 * Math.ceil(Math.max(...courses.map(({ improved }) => improved.at(-1)![0])) / 1e4);
  const first = panel(left, "samples, by step", steps),
    second = panel(2 * left + width, "rounded, by changes tried", tries);
  courses.forEach(({ annealed, improved }, k) => {
    const stroke = `fill="none" stroke="${
      COLOURS[k % COLOURS.length]
    }" stroke-width="1.1" stroke-opacity="0.8"`;
    const every = annealed.filter((_, i) => i % 4 === 0).map((value, i) =>
      `${first(4 * i).toFixed(1)},${y(value).toFixed(1)}`
    );
    const stairs = improved.flatMap(([at, value], i) => [
      ...i > 0 ? [`${second(at).toFixed(1)},${y(improved[i - 1][1]).toFixed(1)}`] : [],
      `${second(at).toFixed(1)},${y(value).toFixed(1)}`,
    ]);
    stairs.push(`${second(tries).toFixed(1)},${y(improved.at(-1)![1]).toFixed(1)}`);
    parts.push(
      `<polyline points="${every.join(" ")}" ${stroke}/>`,
      `<polyline points="${stairs.join(" ")}" ${stroke}/>`,
    );
  });
  return page(
    2 * (left + width) + 20,
    top + height + 28,
    `Total variation of the digits, ${courses.length} seeds`,
    parts,
  );
}

/** One row of images. */
export interface Strip {
  readonly name: string;
  /** Images of side×side, brightness from 0 to 1. */
  readonly data: ArrayLike<number>;
}

/** Images below each other: one row for each strip. */
export function imagePlot(strips: readonly Strip[], side: number): string {
  const scale = 2, size = side * scale, gap = 8, left = 150, area = side * side, top = 36;
  const count = strips[0].data.length / area;
  const parts = strips.flatMap(({ name, data }, k) => {
    const y = top + k * (size + gap), shapes = [`<text x="12" y="${y + size / 2 + 4}">${name}</text>`];
    for (let image = 0; image < count; image++) {
      const x = left + image * (size + gap);
      shapes.push(`<rect x="${x}" y="${y}" width="${size}" height="${size}" fill="#000"/>`);
      // Pixels of equal brightness are one path: rows of unit squares. Sixteen levels are enough to look at.
      const levels = new Map<number, string>();
      for (let i = 0; i < area; i++) {
        const level = Math.round(data[image * area + i] * 15);
        if (level === 0) continue;
        const square = `M${x + i % side * scale} ${
          y + Math.floor(i / side) * scale
        }h${scale}v${scale}h-${scale}z`;
        levels.set(level, (levels.get(level) ?? "") + square);
      }
      for (const [level, path] of levels) {
        shapes.push(`<path d="${path}" fill="#${level.toString(16).repeat(3)}"/>`);
      }
    }
    return shapes;
  });
  return page(
    left + count * (size + gap) + 4,
    top + strips.length * (size + gap) + 4,
    "Digits, one row for each input",
    parts,
  );
}

/** Accuracies of some inputs, a dot for each seed, as parts of 1. */
export function accuracyPlot(
  rows: readonly { readonly name: string; readonly accuracies: readonly number[] }[],
): string {
  const left = 150, width = 420, top = 44, step = 30, all = rows.flatMap(({ accuracies }) => accuracies);
  const low = Math.floor(Math.min(...all) * 50 - 0.01) / 50, high = 1;
  const x = (value: number): number => left + width * (value - low) / (high - low), parts: string[] = [];
  const bottom = top + rows.length * step,
    ticks = Math.round((high - low) * 50),
    every = Math.ceil(ticks / 8);
  for (let i = 0; i <= ticks; i += every) {
    const value = low + i / 50, at = x(value).toFixed(1);
    parts.push(
      `<line x1="${at}" y1="${top}" x2="${at}" y2="${bottom}" stroke="#ddd"/>`,
      `<text x="${at}" y="${bottom + 16}" text-anchor="middle" fill="#555">${
        Math.round(100 * value)
      } %</text>`,
    );
  }
  rows.forEach(({ name, accuracies }, k) => {
    const y = top + (k + 0.5) * step;
    parts.push(`<text x="12" y="${y + 4}">${name}</text>`);
    for (const value of accuracies) {
      parts.push(
        `<circle cx="${x(value).toFixed(1)}" cy="${y}" r="5" fill="${COLOURS[k]}" fill-opacity="0.7"/>`,
      );
    }
  });
  return page(left + width + 30, bottom + 28, "Digits told apart, a dot for each seed", parts);
}
