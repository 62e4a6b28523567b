/**
 * Pages that are calculated, measured and drawn anew: `deno task report NAME`. To add one, add it to the table.
 */
import { compression } from "./report_compress.ts";
import { gallery } from "./report_gallery.ts";
import { layers } from "./report_layers.ts";
import { mobile } from "./report_mobile.ts";
import { recovery } from "./report_recovery.ts";
import { transforms } from "./report_transforms.ts";

/** A page: where it lies by default, and what writes it there. */
interface Report {
  readonly folder: string;
  readonly write: (folder: string) => Promise<void>;
}

const reports: Record<string, Report> = {
  compress: { folder: "docs/compress", write: compression },
  gallery: { folder: "docs/gallery", write: gallery },
  layers: { folder: "docs/layers", write: layers },
  mobile: { folder: "docs/mobile", write: mobile },
  transforms: { folder: "docs/transforms", write: transforms },
  recovery: { folder: "docs/recovery", write: recovery },
};

const [name, folder] = Deno.args, report = Object.hasOwn(reports, name ?? "") ? reports[name] : undefined;
if (report === undefined) {
  const known = Object.keys(reports).join(", ");
  console.error(`Usage: deno task report NAME [FOLDER], where NAME is one of: ${known}`);
  Deno.exit(2);
}
await report.write(folder ?? report.folder);
