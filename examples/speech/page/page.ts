/// <reference lib="dom" />
/** The page: from a recording to a digit. */
import { byId, canvas, count, say } from "../../playground/dom.ts";
import { serveTheme } from "../../playground/theme.ts";
import { type Clip, clipOfWord } from "../clip.ts";
import { type Heard, loadDigits } from "../digits.ts";
import { RATE } from "../network.ts";
import { drawSpectrogram, drawWave } from "./draw.ts";
import { decode, record, type Recording } from "./sound.ts";

const SECONDS = 2, WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
/** Below this it says that it is not sure. */
const SURE = 0.6;

/** What is on the page now. */
interface Shown {
  readonly samples: Float32Array;
  readonly clip: Clip;
}

/** Opens the page around a network in a file. */
export function openPage(file: Uint8Array): void {
  const digits = loadDigits(file), button = byId<HTMLButtonElement>("record");
  const input = byId<HTMLInputElement>("file");
  let shown: Shown | undefined, recording: Recording | undefined, turn = 0;
  const draw = (): void => {
    if (shown === undefined) return;
    drawWave(canvas("wave"), shown.samples, shown.clip);
    drawSpectrogram(canvas("spectrum"), digits.spectrogram(shown.clip));
  };

  const hear = async (blob: Blob, from: string): Promise<void> => {
    const mine = ++turn;
    say("status", `Listening to ${from} …`);
    let samples;
    try {
      samples = await decode(blob);
    } catch (fault) {
      if (mine === turn) say("status", `${from} cannot be heard: ${(fault as Error).message}.`);
      return;
    }
    if (mine !== turn) return;
    const clip = clipOfWord(samples);
    if (clip === undefined) return say("status", `There is no sound in ${from}.`);
    const { heard, milliseconds } = timed(() => digits.tell(clip));
    shown = { samples, clip };
    byId("heard").hidden = false;
    answer(heard);
    const likely = (100 * heard.probabilities[heard.digit]).toFixed(0), word = WORDS[heard.digit];
    const sure = heard.probabilities[heard.digit] >= SURE;
    say(
      "status",
      `${from}: ${sure ? `${word}, ${likely} % likely` : `perhaps ${word}, ${likely} % likely; not sure`}. ` +
        `Told in ${milliseconds.toFixed(1)} ms.`,
    );
    const seconds = (n: number): string => `${(n / RATE).toFixed(2)} s`;
    say(
      "wave-caption",
      `${seconds(samples.length)} at 8 kHz; coloured: ${
        clip.length < samples.length ? "the loudest word" : "all of it"
      } is looked at`,
    );
    say(
      "spectrum-caption",
      `what the trained ${digits.front} matrix makes of it: strength by time and filter`,
    );
    draw();
  };

  button.onclick = async () => {
    if (recording !== undefined) return recording.stop();
    button.disabled = true;
    try {
      recording = await record(1000 * SECONDS, (level) => {
        byId("level-bar").style.width = `${100 * level}%`;
      });
      say("status", "Say a digit now.");
      button.textContent = "Stop";
      byId("level").hidden = false;
      button.disabled = false;
      button.focus();
      await hear(await recording.done, "The recording");
    } catch (fault) {
      const { name, message } = fault as Error;
      say(
        "status",
        name === "NotAllowedError"
          ? "The microphone was not allowed. A file can be chosen as well."
          : name === "NotFoundError"
          ? "There is no microphone. A file can be chosen as well."
          : `Nothing was recorded: ${message}.`,
      );
    } finally {
      recording = undefined;
      button.textContent = "Record";
      button.disabled = false;
      byId("level").hidden = true;
    }
  };
  input.onchange = () => {
    const [chosen] = input.files ?? [];
    // The same file may be chosen again.
    if (chosen !== undefined) void hear(chosen, chosen.name).finally(() => input.value = "");
  };
  serveTheme(draw);
  let frame = 0;
  addEventListener("resize", () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(draw);
  });
  say(
    "foot",
    `${count(digits.parameters)} numbers, ${
      count(Math.round(file.length / 1000))
    } kB, trained on the Free Spoken Digit Dataset ` +
      "(CC BY-SA 4.0) by deno task report speech. Six speakers of it are all that it knows.",
  );
}

function timed(work: () => Heard): { readonly heard: Heard; readonly milliseconds: number } {
  const start = performance.now(), heard = work();
  return { heard, milliseconds: performance.now() - start };
}

/** The digit, and a bar for each. */
function answer({ digit, probabilities }: Heard): void {
  const large = byId("digit");
  large.textContent = String(digit);
  large.classList.toggle("unsure", probabilities[digit] < SURE);
  document.querySelector("#probabilities tbody")!.replaceChildren(
    ...probabilities.map((part, i) => {
      const row = document.createElement("tr"), head = document.createElement("th");
      const bar = document.createElement("td"),
        line = document.createElement("i"),
        value = document.createElement("td");
      row.className = i === digit ? "best" : "";
      head.scope = "row";
      head.textContent = String(i);
      line.style.width = `${100 * part}%`;
      bar.append(line);
      value.textContent = `${(100 * part).toFixed(1)} %`;
      row.append(head, bar, value);
      return row;
    }),
  );
}
