/**
 * The gallery: a picture of the factors of each construction that `papillon build` makes, and a table of what they
 * cost. All but the times is the same in every run.
 */
import { Request } from "../src/cli/build/construction.ts";
import { relativeError } from "../src/cli/build/reference.ts";
import { CONSTRUCTIONS } from "../src/cli/build/table.ts";
import { drawFactors } from "../src/cli/plot/factors.ts";
import { count, microseconds, small } from "../src/cli/text.ts";
import { classOf, Dense, machine, type Operator, Permutation, Random, toKaleidoscope } from "../src/mod.ts";

/** Points in the table and in the pictures, where a construction takes any. */
const TABLE = 1024, PICTURE = 16;
/** Those that take other sizes, or would have too many factors to be drawn. */
const SIZES: Readonly<Record<string, readonly [table: number, picture: number]>> = {
  dct1: [TABLE + 1, PICTURE + 1],
  dst1: [TABLE - 1, PICTURE - 1],
  orthogonal: [64, 4],
  matrix: [64, 4],
  // Smaller rotations are dense.
  rotation: [768, 96],
};
/** Samples of a time, of which the least counts, and how long each lasts at least. */
const SAMPLES = 40, SAMPLE_MS = 0.5;

/** The least time of one application to one vector, in microseconds. */
function time(operator: Operator): number {
  const unit = operator.field === "complex" ? 2 : 1, random = new Random(1);
  const x = Float32Array.from({ length: operator.cols * unit }, () => random.normal());
  const out = new Float32Array(operator.rows * unit);
  let calls = 1, least = Infinity;
  for (let sample = 0; sample < SAMPLES;) {
    const begin = performance.now();
    for (let i = 0; i < calls; i++) operator.apply(x, out);
    const ms = performance.now() - begin;
    if (ms < SAMPLE_MS) calls *= 2;
    else {
      least = Math.min(least, ms / calls);
      sample++;
    }
  }
  return 1000 * least;
}

/** Writes README.md and a picture for each construction into a folder. */
export async function gallery(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const rows: string[] = [], sections: string[] = [];
  for (const construction of CONSTRUCTIONS.values()) {
    const { name, about } = construction, [n, few] = SIZES[name] ?? [TABLE, PICTURE];
    const { operator, reference } = construction.build(new Request(construction, { n, seed: 1 }));
    const kind = classOf(operator);
    const error = relativeError(operator.toDense(), reference());
    rows.push(
      [
        `[${name}](#${name})`,
        n,
        kind ? `\`${kind.name}\`` : "–",
        kind?.width ?? "–",
        kind?.expansion ?? "–",
        operator.field,
        count(operator.parameters),
        count(operator.operations),
        small(error),
        microseconds(time(operator)),
      ].join(" | "),
    );

    const example = construction.build(new Request(construction, { n: few, seed: 1 }));
    const svg = await drawFactors(example.operator, { title: `${name}, n = ${few}`, note: example.note });
    await Deno.writeTextFile(`${folder}/${name}.svg`, svg);
    let more = "";
    if (example.operator instanceof Permutation) {
      const swaps = await drawFactors(toKaleidoscope(example.operator)!, {
        title: `${name} as butterflies, n = ${few}`,
      });
      await Deno.writeTextFile(`${folder}/${name}-swaps.svg`, swaps);
      more =
        `\nIn its class, two butterflies of swaps:\n\n![${name} as butterflies of swaps](${name}-swaps.svg)\n`;
    }
    const seed = construction.file === undefined ? "" : " --seed 1";
    sections.push(
      `## ${name}\n\n${about[0].toUpperCase()}${about.slice(1)}.\n\n` +
        `\`papillon build ${name} --n ${few}${seed} --plot ${name}.svg\`\n\n` +
        `![The factors of ${name}, n = ${few}](${name}.svg)\n${more}`,
    );
  }
  const dense = time(new Dense(TABLE, TABLE, new Float32Array(TABLE * TABLE).fill(1)));
  await Deno.writeTextFile(
    `${folder}/README.md`,
    `# Gallery

What \`papillon build\` makes by name: each a product of sparse factors that is exactly the matrix. This page is
written by \`deno task report gallery\`; a run writes the same again, but for the times.

**class** is what \`classOf\` finds from the factors alone: \`B\` is a butterfly, \`B*\` its transpose, O says that all 2×2
blocks are orthogonal or unitary, "with D" that there are diagonals between, and an index is the expansion. The
classes of real transforms are those of their complex factors. What has none contains dense blocks
(a matrix of low rank can be made of butterflies as well, by \`lowRank\` with \`butterflies\`). **error** is that
of all entries against the dense matrix in float64, relative, in the 2-norm. **µs** is the least time for one vector,
measured on the ${machine().name} kernels in Deno ${Deno.version.deno}; the dense product with a real matrix of
${TABLE}×${TABLE} took ${
      microseconds(dense)
    } µs in the same run. Data are random; all transforms are not normalized.

| | n | class | width | expansion | numbers | parameters | operations | error | µs |
|---|--:|---|--:|--:|---|--:|--:|--:|--:|
${rows.map((row) => `| ${row} |`).join("\n")}

${sections.join("\n")}`,
  );
}
