/** The page of the report on spoken digits. */
import { count } from "../src/cli/text.ts";
import { CLIP, FRAME, FRAMES, type FrontEnd, HOP, MEL, RATE as HERTZ } from "../examples/speech/network.ts";
import { type Clips, NOISE, SHIFT, STRETCH } from "./report_speech_data.ts";
import { compare, deviation, mean, wilson } from "./report_speech_numbers.ts";
import { BATCH, EPOCHS, FRONT_RATE, LEARNED, NAMES, type Outcome, RATE } from "./report_speech_run.ts";

/** A row of the table. */
export interface Row {
  readonly front: FrontEnd;
  /** By seed. */
  readonly outcomes: readonly Outcome[];
  readonly accuracies: readonly number[];
  /** Numbers that are trained: of the front end, and of all. */
  readonly own: number;
  readonly all: number;
  /** Microseconds of the front end for a clip, and of the whole network. */
  readonly time: number;
  readonly whole: number;
}

/** What the page is about. */
export interface Facts {
  readonly train: Clips;
  readonly test: Clips;
  readonly speakers: readonly string[];
  /** Of all trainings, one after another. */
  readonly minutes: number;
  /** How far the learned filters have moved, ‖learned − first‖ / ‖first‖. */
  readonly moved: readonly number[];
}

export const percent = (part: number, digits = 1): string => (100 * part).toFixed(digits);
const signed = (part: number): string =>
  `${Math.abs(part) < 5e-5 ? "" : part < 0 ? "−" : "+"}${percent(Math.abs(part), 2)}`;

/** A comparison in points, with how sure it is. */
function difference(a: Row, b: Row): { readonly points: number; readonly text: string } {
  const { difference: d, half } = compare(
    a.outcomes.map(({ right }) => right),
    b.outcomes.map(({ right }) => right),
  );
  return { points: 100 * d, text: `${signed(d)} ± ${percent(half, 2)}` };
}

/** The whole page. */
export function page(rows: readonly Row[], { train, test, speakers, minutes, moved }: Facts): string {
  const of = (front: FrontEnd): Row => rows.find((row) => row.front === front)!;
  const tests = test.labels.length, learned = of(LEARNED), seeds = learned.outcomes.length;
  const table = rows.map((row) => {
    const { front, outcomes, accuracies, own, all, time, whole } = row, m = mean(accuracies);
    const [low, high] = wilson(m, tests);
    return [
      NAMES[front],
      `${percent(m, 2)} ± ${percent(deviation(accuracies), 2)}`,
      outcomes.map(({ right }) => right.reduce<number>((sum, v) => sum + v, 0)).join(", "),
      `${percent(low)} … ${percent(high)}`,
      front === LEARNED ? "–" : difference(row, learned).text,
      count(own),
      count(all),
      time === 0 ? "–" : time.toFixed(0),
      whole.toFixed(0),
      mean(outcomes.map(({ seconds }) => seconds)).toFixed(0),
    ];
  });
  const mel = difference(learned, of("mel")), fft = difference(learned, of("fft"));
  const verdict = (met: boolean): string => met ? "Met in the mean" : "**Missed**";
  const diverged = rows.flatMap(({ front, outcomes }) =>
    outcomes.filter(({ diverged }) => diverged !== undefined).map(({ seed, diverged }) =>
      `- ${
        NAMES[front]
      }, seed ${seed}: numbers were not finite any more, ${diverged}; tested as it was at the last good checkpoint.`
    )
  );
  const head = [
    "front end",
    "right, %",
    "right, by seed",
    "95 % of one run",
    "against learned",
    "trained in it",
    "trained in all",
    "µs",
    "µs, all",
    "s",
  ];
  const list = [head, head.map((_, i) => i === 0 ? "---" : "--:"), ...table];
  return `# Spoken digits with a learned front end

Written by

\`\`\`sh
PAPILLON_FSDD=folder deno task report speech
\`\`\`

with seeds 0 … ${seeds - 1}. It is Table 1 and Table 5 of Dao et al. 2020 (Kaleidoscope, section 3.1.1 and
appendix B.1), small: there a kaleidoscope matrix in place of filter banks, in front of a recurrent network for TIMIT; here in front of three
convolutions over time, for the Free Spoken Digit Dataset (${
    count(train.labels.length + tests)
  } recordings, ${speakers.length} speakers, ${HERTZ} Hz; CC BY-SA 4.0). As
the dataset has it, recordings 0 … 4 of each speaker and digit are the test set (${tests}) and the others are for training (${
    count(train.labels.length)
  }): the same
speakers are in both.

![Accuracies](accuracy.svg)

${list.map((row) => `| ${row.join(" | ")} |`).join("\n")}

- **right**: mean and deviation over seeds; then how many of ${tests}. **95 % of one run**: where the accuracy of such a network would be over all recordings
  of this kind (Wilson), for there are only ${tests}: one of them is ${percent(1 / tests, 2)} points.
- **against learned**: points more (+) or less (−) than "${
    NAMES[LEARNED]
  }" on the same recordings, ± 95 % (paired by recording, averaged over seeds).
- **trained**: numbers; those of the classifier change only with the width of what comes in (${FRAME}, ${
    FRAME / 2 + 1
  } or ${MEL}), as in the paper.
- **µs**: least time of the front end for a clip of ${FRAMES} frames, and of the whole network, on one thread of the machine that wrote this page.
  **s**: mean seconds of a training, several at a time on two cores that were busy with other work; ${
    minutes.toFixed(0)
  } minutes
  if they had been one after another.
${diverged.length > 0 ? `\n${diverged.join("\n")}\n` : ""}
## Goals

- Within 0.5 points of log-mel features: **${mel.text} points**. ${verdict(mel.points >= -0.5)}.
- Above the fixed FFT: **${fft.text} points**. ${verdict(fft.points > 0.005)}.

Intervals are of 95 %: a difference whose interval holds 0 says that there is none to be seen with ${tests} recordings and ${seeds} seeds, not which is better.
The fixed FFT has ${
    percent(mean(of("fft").accuracies), 2)
  } % already: there is little left for a front end to win on these recordings.

## How it learns

![Learning curves](learning.svg)

The test set is looked at every four epochs for this picture, and nothing is chosen by it.

## What it learns

![Learned filters](filters.svg)

The filters of seed 0 moved by ${percent(Math.min(...moved))} to ${
    percent(Math.max(...moved))
  } % of their length, ${percent(mean(moved))} % in the mean. They were not asked
to stay a Fourier transform, nor unitary; yet they stay near it, and what is new lies tens of decibels below their peaks.

## What is the same for all

- A clip is the ${
    (1000 * CLIP / HERTZ).toFixed(0)
  } ms with the most energy of a recording, or all of it with zeros around, without its mean and with mean square 1; then ${FRAMES} frames of
  ${FRAME} samples every ${HOP}, under a Hann window (but for raw frames). Power is |·|², and its logarithm that of power + 0.01.
- Classifier: normalisation; convolutions over 3 frames to 32 (every other frame), 48 and 64 channels with normalisation and ReLU, the largest of two frames
  behind the second; mean over time, dropout 0.2, linear to 10.
- ${EPOCHS} epochs of batches of ${BATCH} with Adam, rate up to ${RATE} falling by half a cosine, that of a learned front end up to ${FRONT_RATE}. In training clips are moved by up to
  ${SHIFT} samples, made up to ${
    100 * STRETCH
  } % slower or faster, with noise of up to ${NOISE}, anew each time.
- Learned front ends begin as the Fourier transform: "butterfly" is one complex butterfly, "kaleidoscope" another one before it that begins as the identity,
  "dense" all ${count(2 * (FRAME / 2 + 1) * FRAME)} numbers of the matrix, window included.
- Nothing was chosen by the test set. \`deno task report speech --validate\` trains without recordings 5 … 9 and tests with those; by it epochs and the size of the
  classifier were looked at. Rates were not searched (the paper searches that of the front end): ${FRONT_RATE} is from the middle of the paper's grid.

## When something goes wrong

Trainings are kept in out/ while they run, epoch by epoch: called again, the command goes on where it was interrupted. A recording that cannot be read, that is cut
short, silent, not at ${HERTZ} Hz or of another name is named, and nothing is trained. Where numbers are not finite any more, a training stops, its last good
state is tested and this page says so. \`--save FILE\` writes the network of seed 0, which examples/speech serves.
`;
}
