/** The page of worked examples of linear algebra: `deno task report linalg`. */
import { machine } from "../src/mod.ts";
import { deconvolution } from "./report_linalg/deconvolution.ts";
import type { Example } from "./report_linalg/example.ts";
import { gaussianProcess } from "./report_linalg/gaussian_process.ts";
import { poisson } from "./report_linalg/poisson.ts";
import { preconditioner } from "./report_linalg/preconditioner.ts";
import { spectralDensity } from "./report_linalg/spectral_density.ts";

const EXAMPLES: readonly (() => Promise<Example>)[] = [
  gaussianProcess,
  poisson,
  deconvolution,
  spectralDensity,
  preconditioner,
];

/** Writes README.md and a picture for each example into a folder. */
export async function linearAlgebra(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const sections: string[] = [];
  for (const make of EXAMPLES) {
    const start = performance.now(), { name, title, text, svg } = await make();
    console.error(`${name}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
    if (svg !== undefined) await Deno.writeTextFile(`${folder}/${name}.svg`, svg);
    const picture = svg === undefined ? "" : `\n\n![${title}](${name}.svg)`;
    sections.push(`## ${title}\n\n${text}${picture}\n`);
  }
  await Deno.writeTextFile(
    `${folder}/README.md`,
    `# Linear algebra: worked examples

Five problems, written as operators and solved by what their structure allows; \`explain\` says what that is. The code
of each is one file in \`scripts/report_linalg\`. This page is written by

\`\`\`sh
PAPILLON_MATRIXMARKET=folder deno task report linalg
\`\`\`

where the folder holds \`1138_bus.mtx\` of the SuiteSparse Matrix Collection; without it that example is left out. All random
numbers are seeded: a run on the same machine writes the same again, but for the times, which were measured in Deno
${Deno.version.deno} on a ${
      machine().name === "scalar" ? "machine without SIMD" : "machine that others used as well"
    }.

${sections.join("\n")}`,
  );
}
