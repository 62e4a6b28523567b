/**
 * A small MobileNet on handwritten digits: pointwise convolutions against butterfly transforms (BFT) at equal multiply-adds.
 * Trained from seeds; the same in every run.
 *
 * The digits are the test images of MNIST, from the folder that PAPILLON_MNIST names.
 */
import { count } from "../src/cli/text.ts";
import { BATCH, digitSets, SHIFT, TESTED, TRAINED } from "./report_layers_data.ts";
import { scatter } from "./report_layers_plot.ts";
import { accuracySpread, difference, signed, standardError } from "./report_layers_statistics.ts";
import { trainAll } from "./report_layers_train.ts";
import type { Outcome } from "./report_layers_worker.ts";
import { EPOCHS, type Mobile, NETWORKS, RATE } from "./report_mobile_networks.ts";

const SEEDS: readonly number[] = [1, 2];
/** Where interrupted training is kept. */
const STATE = "out/report-mobile";

/** What is known of a network. */
interface Row {
  readonly name: string;
  readonly mobile: Mobile;
  readonly outcomes: readonly Outcome[];
}

function table(rows: readonly Row[], dense: Row): string {
  const lines = rows.map((row) => {
    const { name, mobile: { model, channels, operations, mixing }, outcomes } = row;
    const { mean, deviation } = accuracySpread(outcomes);
    const less = row === dense ? "" : signed(difference(outcomes, dense.outcomes, TESTED));
    const numbers = [operations, mixing, model.parameterCount].map(count);
    return `| ${
      [name, channels.join(", "), ...numbers, `${mean.toFixed(2)} ± ${deviation.toFixed(2)}`, less].join(
        " | ",
      )
    } |`;
  });
  return [
    "| mixing of channels | channels | multiply-adds | of these mixing | parameters | % right | points above dense |",
    "|---|---|--:|--:|--:|--:|--:|",
    ...lines,
  ].join("\n");
}

/** What came of it, in words. */
function verdict(rows: readonly Row[], dense: Row): string {
  const budget = dense.mobile.operations;
  return rows.filter((row) => row !== dense).map(({ name, mobile: { operations }, outcomes }) => {
    const { mean, deviation } = difference(outcomes, dense.outcomes, TESTED);
    const clear = Math.abs(mean) >= 2 * deviation;
    const how = clear
      ? mean > 0 ? "better than dense" : "worse than dense"
      : "no difference that these digits can show";
    return `- **${name}**, ${(100 * operations / budget).toFixed(0)} % of the multiply-adds: ${
      signed({ mean, deviation })
    } points, ${how}.`;
  }).join("\n");
}

/** Writes README.md and a picture into a folder. */
export async function mobile(folder: string): Promise<void> {
  const data = Deno.env.get("PAPILLON_MNIST");
  if (data === undefined || await digitSets(data) === undefined) {
    console.error("Skipped: PAPILLON_MNIST names no folder with t10k-images-idx3-ubyte.gz and its labels");
    return;
  }
  const networks = new URL("./report_mobile_networks.ts", import.meta.url).href;
  const outcomes = await trainAll({
    networks,
    data,
    state: STATE,
    names: Object.keys(NETWORKS),
    seeds: SEEDS,
  });
  const rows = [...outcomes].map(([name, outcomes]): Row => ({ name, mobile: NETWORKS[name](1), outcomes }));
  const dense = rows.find(({ name }) => name === "dense")!, { mean } = accuracySpread(dense.outcomes);
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(
    `${folder}/accuracy.svg`,
    scatter(
      rows.map(({ name, mobile: { operations }, outcomes }) => {
        const { mean } = accuracySpread(outcomes);
        return { name, x: operations, y: mean, error: standardError(mean, TESTED), strong: name !== "dense" };
      }),
      {
        title: "Digits told by a small MobileNet",
        xLabel: "multiply-adds for an image",
        yLabel: "% of the test digits",
      },
    ),
  );
  await Deno.writeTextFile(
    `${folder}/README.md`,
    `# Pointwise convolutions and butterfly transforms

Written by \`PAPILLON_MNIST=FOLDER deno task report mobile\`, where FOLDER has \`t10k-images-idx3-ubyte.gz\` and
\`t10k-labels-idx1-ubyte.gz\`; some minutes on two cores. An interrupted run goes on where it was, from the checkpoints in
\`${STATE}\`, which are removed when the page is written.

A small MobileNet (Howard et al. 2017) for 32×32 pixels: a 3×3 convolution of stride 2, then four blocks of a depthwise 3×3
convolution (strides 2, 2, 1, 1) and a mixing of channels, each with batch normalisation and relu; the mean over all
places, and a last layer. The mixing is a dense pointwise convolution, or the butterfly transform of Alizadeh et al. 2020
(BFT, \`PointwiseMix\`) of radix k = 2, 4, 8. As in their paper, the butterfly networks get more channels, all by one factor, until
their multiply-adds are nearest to those of the dense network; sizes of butterflies go in steps, so that they are not quite
equal. One has no more channels than the dense network, and so less than half of the multiply-adds.

The first ${TRAINED} digits of the test set of MNIST are learned, the last ${TESTED} are told. All alike: ${EPOCHS} epochs of batches of
${BATCH}, Adam, a rate that rises to ${RATE} over 100 steps and falls by a cosine, images moved by up to ${SHIFT} pixels, seeds ${
      SEEDS.join(", ")
    }.

${table(rows, dense)}

![Accuracy against multiply-adds](accuracy.svg)

"±" behind "% right" is the deviation between seeds; bars in the picture are the standard error of ${TESTED} digits, ${
      standardError(mean, TESTED).toFixed(2)
    } points
for the dense network. "±" behind "points above dense" is the standard error of the mean difference, digit by digit; less than
twice that is no difference that ${TESTED} digits can show.

${verdict(rows, dense)}
`,
  );
  await Deno.remove(STATE, { recursive: true });
}
