/**
 * The accuracy of papillon's kernels on all kinds of weights, before anything is timed.
 *
 * @module
 */
import { Butterfly } from "../src/mod.ts";
import { normal } from "./lib/problem.ts";
import { butterflyProduct, type Field, relativeError, tolerance } from "./lib/reference.ts";
import { alignTable } from "./lib/table.ts";
import { butterflyFactors, increasingStrides, KINDS } from "./lib/weights.ts";
import type { Machines } from "./papillon.ts";

/** The worst error of all builds at one size, relative, in the 2-norm. */
export interface Accuracy {
  readonly field: Field;
  readonly kind: string;
  readonly n: number;
  readonly error: number;
  /** The build that makes this error. */
  readonly build: string;
  readonly tolerance: number;
}

/** Vectors of a batch: odd, so that kernels for several vectors at once have a rest to do. */
const BATCH = 3;

/** Compares every build with a float64 evaluation of the same factors, at every size and for every kind of weights. */
export function verifyWeights(sizes: readonly number[], machines: Machines): Accuracy[] {
  const found: Accuracy[] = [];
  for (const field of ["real", "complex"] as const) {
    for (const kind of KINDS) {
      for (const n of sizes) {
        const factors = butterflyFactors(n, field, kind);
        const width = field === "complex" ? 2 * n : n;
        const x = normal(width * BATCH, 21 + n);
        const operator = Butterfly.fromFactors(n, factors, { field });
        const wants = Array.from(
          { length: BATCH },
          (_, row) =>
            butterflyProduct(
              factors,
              increasingStrides(n),
              x.subarray(row * width, (row + 1) * width),
              field,
            ),
        );
        let worst = { error: -1, build: "" };
        for (const [build, machine] of machines) {
          const executable = operator.compile(machine);
          executable.reserve(BATCH);
          executable.input.set(x);
          executable.output.fill(NaN);
          executable.run(BATCH);
          const { output } = executable;
          wants.forEach((want, row) => {
            const error = relativeError(output.subarray(row * width, (row + 1) * width), want);
            // Written so that NaN is the worst.
            if (!(error <= worst.error)) worst = { error: Number.isNaN(error) ? Infinity : error, build };
          });
          executable.dispose();
        }
        found.push({ field, kind, n, ...worst, tolerance: tolerance(n) });
      }
    }
  }
  return found;
}

/** The errors as a table: a row for each kind of weights, a column for each size. */
export function accuracyTable(accuracies: readonly Accuracy[]): string {
  const sizes = [...new Set(accuracies.map(({ n }) => n))].sort((a, b) => a - b);
  const rows: string[][] = [];
  for (const field of ["real", "complex"] as const) {
    for (const kind of KINDS) {
      const cells = sizes.map((n) => {
        const one = accuracies.find((a) => a.field === field && a.kind === kind && a.n === n);
        if (one === undefined) return "–";
        return one.error.toExponential(1) + (one.error <= one.tolerance ? "" : ` ✗ (${one.build})`);
      });
      rows.push([`${field} butterfly, ${kind}`, ...cells]);
    }
  }
  rows.push(["tolerance, 1e-6·log₂n", ...sizes.map((n) => tolerance(n).toExponential(1))]);
  return alignTable(["relative error, 2-norm, worst of all builds", ...sizes.map((n) => `n = ${n}`)], rows);
}

/** The errors above the tolerance. */
export function failures(accuracies: readonly Accuracy[]): Accuracy[] {
  return accuracies.filter((a) => !(a.error <= a.tolerance));
}
