/** Pictures of the report on spoken digits. */
import { document, short, text } from "../src/cli/plot/svg.ts";
import type { SpectralFrontEnd } from "../src/layers/mod.ts";
import { BINS, FRAME, RATE } from "../examples/speech/network.ts";
import { deviation, mean } from "./report_speech_numbers.ts";
import type { Outcome } from "./report_speech_run.ts";

const COLOURS = ["#2a7ab8", "#d0561b", "#8a8f98", "#a8518f", "#b8901a", "#2f9560"];

const line = (x1: number, y1: number, x2: number, y2: number, style = 'stroke="var(--line)"'): string =>
  `<line x1="${short(x1)}" y1="${short(y1)}" x2="${short(x2)}" y2="${short(y2)}" ${style}/>`;

function polyline(points: readonly (readonly [number, number])[], colour: string, width = 1.8): string {
  const list = points.map(([x, y]) => `${short(x)},${short(y)}`).join(" ");
  return `<polyline points="${list}" fill="none" stroke="${colour}" stroke-width="${width}" stroke-linejoin="round"/>`;
}

/** A dot for each seed, a bar of a deviation to each side of the mean. */
export function drawAccuracies(
  rows: readonly { readonly name: string; readonly accuracies: readonly number[] }[],
): string {
  const left = 250, right = 660, top = 58, each = 30, bottom = top + rows.length * each;
  // One that is far behind would leave no room for the others: it is told at the edge.
  const best = 100 * Math.max(...rows.map(({ accuracies }) => mean(accuracies)));
  const seen = rows.flatMap(({ accuracies }) => accuracies.map((a) => 100 * a)).filter((a) => a > best - 8);
  const lowest = Math.floor(Math.min(...seen) - 0.5);
  const x = (percent: number): number => left + (right - left) * (percent - lowest) / (100 - lowest);
  const parts = [
    text(14, 24, "Spoken digits that are told right, %", { size: 15, tone: "bold" }),
    text(14, 42, "a dot for each seed; bar: mean ± deviation", { tone: "faint" }),
  ];
  const step = 100 - lowest > 12 ? 5 : 100 - lowest > 5 ? 2 : 1;
  for (let p = 100; p >= lowest; p -= step) {
    parts.push(
      line(x(p), top, x(p), bottom),
      text(x(p), bottom + 16, String(p), { anchor: "middle", tone: "faint" }),
    );
  }
  rows.forEach(({ name, accuracies }, i) => {
    const y = top + (i + 0.5) * each,
      m = 100 * mean(accuracies),
      d = 100 * deviation(accuracies),
      c = COLOURS[i];
    parts.push(text(left - 14, y + 4, name, { anchor: "end" }));
    if (m < lowest) {
      parts.push(text(left + 4, y + 4, `◂ ${m.toFixed(1)} ± ${d.toFixed(1)}`));
      return;
    }
    parts.push(
      line(
        x(Math.max(lowest, m - d)),
        y,
        x(Math.min(100, m + d)),
        y,
        `stroke="${c}" stroke-width="7" stroke-opacity="0.35"`,
      ),
      line(x(m), y - 8, x(m), y + 8, `stroke="${c}" stroke-width="2.5"`),
      ...accuracies.map((a) => `<circle cx="${short(x(100 * a))}" cy="${short(y)}" r="3.2" fill="${c}"/>`),
    );
  });
  return document(right + 20, bottom + 28, "Accuracy by front end", parts);
}

/** Means over seeds: the loss of training by epoch, and the error on the test set. */
export function drawLearning(
  rows: readonly { readonly name: string; readonly outcomes: readonly Outcome[] }[],
): string {
  const width = 330, height = 230, left = 56, top = 56, gap = 70;
  const epochs = Math.max(...rows.flatMap(({ outcomes }) => outcomes.map(({ losses }) => losses.length)));
  const parts = [text(14, 24, "Learning, means over seeds", { size: 15, tone: "bold" })];
  const whole = rows.map(({ outcomes }) => outcomes.filter(({ diverged }) => diverged === undefined));
  const panels = [
    {
      title: "loss in training (clips distorted)",
      marks: [2, 1, 0.5, 0.2, 0.1, 0.05, 0.02],
      lines: whole.map((outcomes) =>
        outcomes.length === 0
          ? []
          : outcomes[0].losses.map((_, e) => [e + 1, mean(outcomes.map(({ losses }) => losses[e]))] as const)
      ),
    },
    {
      title: "wrong in the test set, %",
      marks: [50, 20, 10, 5, 2, 1, 0.5],
      lines: whole.map((outcomes) =>
        outcomes.length === 0
          ? []
          : outcomes[0].tested.map(([e], k) =>
            [e, Math.max(0.2, 100 - 100 * mean(outcomes.map(({ tested }) => tested[k][1])))] as const
          )
      ),
    },
  ];
  panels.forEach(({ title, marks, lines }, i) => {
    const from = left + i * (width + gap), values = lines.flat().map(([, v]) => v);
    const high = Math.max(...values) * 1.1, low = Math.min(...values) / 1.1;
    const x = (epoch: number): number => from + width * (epoch - 1) / (epochs - 1);
    const y = (value: number): number => top + height * Math.log(high / value) / Math.log(high / low);
    parts.push(text(from, top - 10, title, { tone: "faint" }));
    for (const mark of marks.filter((mark) => mark <= high && mark >= low)) {
      parts.push(
        line(from, y(mark), from + width, y(mark)),
        text(from - 7, y(mark) + 4, String(mark), { anchor: "end", tone: "faint" }),
      );
    }
    for (let e = 1; e <= epochs; e += epochs > 10 ? 2 : 1) {
      parts.push(text(x(e), top + height + 18, String(e), { anchor: "middle", tone: "faint" }));
    }
    parts.push(text(from + width, top + height + 34, "epoch", { anchor: "end", tone: "faint" }));
    lines.forEach((points, k) => {
      parts.push(polyline(points.map(([e, v]) => [x(e), y(v)]), COLOURS[k]));
      if (i === 1) {
        for (const [e, v] of points) {
          parts.push(`<circle cx="${short(x(e))}" cy="${short(y(v))}" r="2.6" fill="${COLOURS[k]}"/>`);
        }
      }
    });
  });
  rows.forEach(({ name }, k) => {
    const at = left + (k % 3) * 250, y = top + height + 62 + Math.floor(k / 3) * 20;
    parts.push(
      line(at, y - 4, at + 20, y - 4, `stroke="${COLOURS[k]}" stroke-width="2.5"`),
      text(at + 27, y, name),
    );
  });
  return document(left + 2 * width + gap + 24, top + height + 112, "Learning curves", parts);
}

/** The matrix of a front end, window included: [bins][samples], interleaved complex numbers. */
export function matrixOf(front: SpectralFrontEnd): Float32Array {
  const out = new Float32Array(2 * BINS * FRAME), unit = new Float32Array(FRAME * FRAME);
  for (let i = 0; i < FRAME; i++) unit[i * FRAME + i] = 1;
  const columns = front.map.apply(unit, FRAME);
  for (let i = 0; i < FRAME; i++) {
    for (let k = 0; k < BINS; k++) {
      out[2 * (k * FRAME + i)] = columns[2 * (i * BINS + k)];
      out[2 * (k * FRAME + i) + 1] = columns[2 * (i * BINS + k) + 1];
    }
  }
  return out;
}

/** How far each filter has moved, by its length: ‖learned − first‖ / ‖first‖. */
export function moved(first: Float32Array, learned: Float32Array): number[] {
  return Array.from({ length: BINS }, (_, k) => {
    let difference = 0, size = 0;
    for (let i = 2 * k * FRAME; i < 2 * (k + 1) * FRAME; i++) {
      difference += (learned[i] - first[i]) ** 2;
      size += first[i] ** 2;
    }
    return Math.sqrt(difference / size);
  });
}

/** The response of filter k to real tones of each frequency, in decibels below 0. */
function response(matrix: Float32Array, k: number): number[] {
  return Array.from({ length: 2 * BINS - 1 }, (_, half) => {
    let re = 0, im = 0;
    for (let i = 0; i < FRAME; i++) {
      const angle = Math.PI * half * i / FRAME, at = 2 * (k * FRAME + i);
      re += matrix[at] * Math.cos(angle) - matrix[at + 1] * Math.sin(angle);
      im += matrix[at] * Math.sin(angle) + matrix[at + 1] * Math.cos(angle);
    }
    return Math.max(-60, 10 * Math.log10(4 * (re * re + im * im) / FRAME + 1e-12));
  });
}

/** How far filters moved, and the responses of some of them, before and after. */
export function drawFilters(first: Float32Array, learned: Float32Array): string {
  const change = moved(first, learned);
  const hertz = (k: number): number => k * RATE / FRAME, grey = "var(--faint)", ink = COLOURS[5];
  const left = 56, width = 690, top = 58, height = 110, most = Math.max(...change) * 1.08;
  const x = (k: number): number => left + width * k / (BINS - 1);
  const parts = [
    text(14, 24, "The learned filters against those of the Fourier transform", { size: 15, tone: "bold" }),
    text(left, top - 12, "how far each has moved, ‖learned − Fourier‖ / ‖Fourier‖", { tone: "faint" }),
  ];
  for (const share of [0, 0.5, 1]) {
    const y = top + height * (1 - share);
    parts.push(
      line(left, y, left + width, y),
      text(left - 7, y + 4, (share * most).toFixed(2), { anchor: "end", tone: "faint" }),
    );
  }
  for (let k = 0; k < BINS; k += 32) {
    parts.push(text(x(k), top + height + 16, `${hertz(k)} Hz`, { anchor: "middle", tone: "faint" }));
  }
  parts.push(polyline(change.map((v, k) => [x(k), top + height * (1 - v / most)]), ink));
  // The one that moved most of each quarter of the frequencies but the first, whose filter is that of the mean.
  const chosen = [0, 1, 2, 3].map((quarter) => {
    const from = Math.max(2, quarter * 32), own = change.slice(from, (quarter + 1) * 32);
    return from + own.indexOf(Math.max(...own));
  });
  chosen.forEach((k, i) => {
    const w = 315,
      h = 120,
      l = left + (i % 2) * (w + 60),
      t = top + height + 72 + Math.floor(i / 2) * (h + 62);
    parts.push(text(l, t - 10, `filter ${k}, ${hertz(k)} Hz: response in dB`, { tone: "faint" }));
    for (const db of [0, -20, -40, -60]) {
      const y = t + h * -db / 60;
      parts.push(
        line(l, y, l + w, y),
        text(l - 7, y + 4, String(db).replace("-", "−"), { anchor: "end", tone: "faint" }),
      );
    }
    for (const khz of [0, 1, 2, 3, 4]) {
      parts.push(text(l + w * khz / 4, t + h + 16, `${khz} kHz`, { anchor: "middle", tone: "faint" }));
    }
    for (const [matrix, colour, thick] of [[first, grey, 1.4], [learned, ink, 1.8]] as const) {
      const values = response(matrix, k), peak = Math.max(...response(first, k));
      parts.push(
        polyline(
          values.map((
            v,
            n,
          ) => [l + w * n / (values.length - 1), t + h * Math.min(1, Math.max(-0.04, (peak - v) / 60))]),
          colour,
          thick,
        ),
      );
    }
  });
  const y = top + height + 72 + 2 * 182 - 6;
  parts.push(
    line(left, y, left + 22, y, `stroke="${grey}" stroke-width="2"`),
    text(left + 30, y + 4, "Fourier transform, Hann window"),
    line(left + 260, y, left + 282, y, `stroke="${ink}" stroke-width="2.5"`),
    text(left + 290, y + 4, "learned"),
  );
  return document(left + width + 34, y + 20, "Learned filters", parts);
}
