/**
 * Pages that are calculated, measured and drawn anew: `deno task report NAME`. To add one, add it to the table.
 */
import { compression } from "./report_compress.ts";
import { gallery } from "./report_gallery.ts";
import { layers } from "./report_layers.ts";
import { linearAlgebra } from "./report_linalg.ts";
import { mobile } from "./report_mobile.ts";
import { permutedDigits } from "./report_permuted.ts";
import { recovery } from "./report_recovery.ts";
import { speech } from "./report_speech.ts";
import { transforms } from "./report_transforms.ts";

/** A page: where it lies by default, and what writes it there. */
interface Report {
  readonly folder: string;
  readonly write: (folder: string, flags: readonly string[]) => Promise<void>;
}

const reports: Record<string, Report> = {
  compress: { folder: "docs/compress", write: compression },
  gallery: { folder: "docs/gallery", write: gallery },
  layers: { folder: "docs/layers", write: layers },
  mobile: { folder: "docs/mobile", write: mobile },
  transforms: { folder: "docs/transforms", write: transforms },
  linalg: { folder: "docs/linalg", write: linearAlgebra },
  permuted: { folder: "docs/permuted", write: permutedDigits },
  recovery: { folder: "docs/recovery", write: recovery },
  speech: { folder: "docs/speech", write: speech },
};

const [name, ...more] = Deno.args, folder = more[0]?.startsWith("-") ? undefined : more.shift();
const report = Object.hasOwn(reports, name ?? "") ? reports[name] : undefined;
if (report === undefined) {
  const known = Object.keys(reports).join(", ");
  console.error(`Usage: deno task report NAME [FOLDER] [FLAGS], where NAME is one of: ${known}`);
  Deno.exit(2);
}
await report.write(folder ?? report.folder, more);
