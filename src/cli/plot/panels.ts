/**
 * An operator as the panels of a picture: what is multiplied with what, and where the entries of each matrix are.
 *
 * @module
 */

import { Convolution } from "../../kaleidoscope/convolution.ts";
import { Repeated } from "../../kaleidoscope/transforms/axes.ts";
import { Bias } from "../../operator/bias.ts";
import { Butterfly } from "../../operator/butterfly.ts";
import { Corner } from "../../operator/corner.ts";
import { type Operator, Transposed } from "../../operator/operator.ts";
import { bitReversal, Permutation } from "../../operator/permutation.ts";
import { Product } from "../../operator/product.ts";
import { RealView } from "../../operator/real_view.ts";
import { asComplex } from "../../program/program.ts";
import { type Field, floats, type Pattern, type Step } from "../../program/step.ts";

/** Called with each entry of a matrix that may be nonzero. */
export type Visit = (row: number, column: number, re: number, im: number) => void;

/** One matrix. */
export interface Panel {
  /** What it is, in two words. */
  readonly caption: string;
  /** Rows of the matrix. */
  readonly rows: number;
  /** Columns of the matrix. */
  readonly cols: number;
  /** Numbers that describe it. */
  readonly parameters: number;
  /** Whether its entries are only ones, which need no colour. */
  readonly ones?: boolean;
  /** Whether its entries may be complex. */
  readonly complex?: boolean;
  /** Visits its entries; where it is absent the matrix is dense, and is drawn from {@link Panel.operator}. */
  readonly entries?: (visit: Visit) => void;
  /** The operator of a dense matrix. */
  readonly operator?: Operator;
}

/** The matrices whose product an operator is, as written: the last is applied first. Biases are left out. */
export function panelsOf(operator: Operator): Panel[] {
  if (operator instanceof Product) return operator.operators.flatMap(panelsOf);
  if (operator instanceof Transposed) {
    return panelsOf(operator.of).reverse().map((panel) => transposed(panel, operator.conjugate));
  }
  if (operator instanceof Bias) return [];
  if (operator instanceof Butterfly) return butterflyPanels(operator);
  if (operator instanceof Corner) return panelsOf(operator.of);
  if (operator instanceof RealView) return panelsOf(operator.of).map(asReal);
  if (operator instanceof Repeated) {
    const panels = panelsOf(operator.of);
    if (panels.every(({ entries }) => entries)) return panels.map((panel) => copied(panel, operator.count));
  }
  const { rows, cols, field, parameters } = operator;
  if (operator instanceof Permutation) {
    const entries = permutationEntries(operator.index, false);
    return [{ caption: nameOf(operator), rows, cols, parameters, ones: true, entries }];
  }
  if (operator instanceof Convolution && field === "real" && cols <= LARGEST_REAL) {
    // The same matrix, by complex transforms, which are simpler than those of neighbours taken for complex numbers.
    const { size, inputs, outputs, kernel } = operator;
    return panelsOf(new Convolution(asComplex(kernel), { size, inputs, outputs, field: "complex" }));
  }
  const { program } = operator;
  const panels = program.steps.map((step, i) => stepPanel(step, program.widths[i] / floats(field), field));
  const chain = program.steps.every((step, i) => "from" in step && step.from === i);
  if (chain && panels.length > 0 && panels.every((panel) => panel !== undefined)) return panels.reverse();
  return [{ caption: "dense", rows, cols, parameters, operator, complex: field === "complex" }];
}

/** Real convolutions of more points would be too large for complex numbers. */
const LARGEST_REAL = 2 ** 19;

/** A step of a program on vectors of `cols` numbers; undefined for one that is no sparse matrix. */
function stepPanel(step: Step, cols: number, field: Field): Panel | undefined {
  const own = field === "complex" ? 2 : 1;
  switch (step.kind) {
    case "permutation": {
      if (step.unit < own) return undefined;
      const panel = {
        caption: nameOf(step),
        rows: step.index.length,
        cols: step.index.length,
        parameters: 0,
        ones: true,
        entries: permutationEntries(step.index, step.scatter),
      };
      return step.unit > own ? asReal(panel) : panel;
    }
    case "window": {
      const rows = step.width / own, shift = step.shift / own;
      const caption = rows < cols ? "cut" : rows > cols ? "zeros added" : "window";
      const entries = (visit: Visit): void => {
        for (let i = Math.max(0, -shift); i < Math.min(rows, cols - shift); i++) visit(i, i + shift, 1, 0);
      };
      return { caption, rows, cols, parameters: 0, ones: true, entries };
    }
    case "diagonal": {
      const n = step.weights.length / floats(step.field);
      const pattern = { a: n, b: 1, c: 1, d: 1 };
      return inField(
        { ...patternPanel(pattern, step.weights, step.field), caption: "diagonal" },
        step.field,
        field,
      );
    }
    case "factor":
      return inField(patternPanel(step.pattern, step.weights, step.field), step.field, field);
    case "dense": {
      const pattern = { a: 1, b: step.rows, c: step.columns, d: 1 };
      return inField(
        { ...patternPanel(pattern, step.weights, step.field), caption: "dense" },
        step.field,
        field,
      );
    }
    default:
      return undefined;
  }
}

/** A factor of any pattern. */
function patternPanel({ a, b, c, d }: Pattern, weights: Float32Array, field: Field): Panel {
  const unit = floats(field);
  const entries = (visit: Visit): void => {
    for (let k = 0; k < a * b * c * d; k++) {
      // k counts [a][b][c][d].
      const delta = k % d, gamma = Math.floor(k / d) % c, beta = Math.floor(k / (c * d)) % b;
      const i = Math.floor(k / (b * c * d));
      visit(
        (i * b + beta) * d + delta,
        (i * c + gamma) * d + delta,
        weights[k * unit],
        unit === 2 ? weights[2 * k + 1] : 0,
      );
    }
  };
  const caption = b === 2 && c === 2 ? `stride ${d}` : `factor ${a}, ${b}×${c}, ${d}`;
  return {
    caption,
    rows: a * b * d,
    cols: a * c * d,
    parameters: a * b * c * d,
    complex: unit === 2,
    entries,
  };
}

/** A step of one field as a matrix of another one. */
function inField(panel: Panel, from: Field, to: Field): Panel {
  if (from === to) return panel;
  if (to === "real") return asReal(panel);
  // Real weights on both parts of complex numbers: every other row and column.
  const { rows, cols, parameters, entries } = panel;
  const half = (visit: Visit): void =>
    entries!((r, c, re, im) => {
      if (r % 2 === 0 && c % 2 === 0) visit(r / 2, c / 2, re, im);
    });
  const caption = panel.caption.replace(/^stride (\d+)$/, (_, stride) => `stride ${Number(stride) / 2}`);
  return { ...panel, caption, rows: rows / 2, cols: cols / 2, parameters: parameters / 2, entries: half };
}

/** A complex matrix on the parts of its numbers: each entry is a block [[re, −im], [im, re]]. */
function asReal(panel: Panel): Panel {
  const { rows, cols, entries, operator, complex, parameters } = panel;
  return {
    ...panel,
    caption: `${panel.caption}, pairs`,
    rows: 2 * rows,
    cols: 2 * cols,
    parameters: complex ? 2 * parameters : parameters,
    complex: false,
    operator: operator && new RealView(operator),
    entries: entries && ((visit) =>
      entries((r, c, re, im) => {
        visit(2 * r, 2 * c, re, 0);
        visit(2 * r + 1, 2 * c + 1, re, 0);
        if (im === 0) return;
        visit(2 * r, 2 * c + 1, -im, 0);
        visit(2 * r + 1, 2 * c, im, 0);
      })),
  };
}

/** A matrix, several times on the diagonal. */
function copied(panel: Panel, count: number): Panel {
  const { rows, cols, parameters, entries } = panel;
  return {
    ...panel,
    rows: rows * count,
    cols: cols * count,
    parameters: parameters * count,
    entries: (visit) => {
      for (let k = 0; k < count; k++) entries!((r, c, re, im) => visit(k * rows + r, k * cols + c, re, im));
    },
  };
}

/**
 * The factors of a butterfly, the last applied first. Stacks lie on top of each other in the factor that is applied
 * first, and are the diagonal blocks of the others.
 */
function butterflyPanels(butterfly: Butterfly): Panel[] {
  const { n, stacks, blocks, field, factors } = butterfly, unit = floats(field);
  const perStack = blocks * Math.log2(n), panels: Panel[] = [];
  for (let i = 0; i < perStack; i++) {
    const stride = butterfly.stride(i), first = i === 0;
    const entries = (visit: Visit): void => {
      for (let stack = 0; stack < stacks; stack++) {
        const weights = factors[stack * perStack + i], down = stack * n, right = first ? 0 : down;
        for (let k = 0; k < 2 * n; k++) {
          // k counts [n/2s][2][2][s].
          const delta = k % stride,
            gamma = Math.floor(k / stride) % 2,
            beta = Math.floor(k / (2 * stride)) % 2;
          const block = Math.floor(k / (4 * stride)) * 2 * stride + delta;
          const im = unit === 2 ? weights[2 * k + 1] : 0;
          visit(down + block + beta * stride, right + block + gamma * stride, weights[k * unit], im);
        }
      }
    };
    const rows = stacks * n, cols = first ? n : rows;
    panels.push({
      caption: `stride ${stride}`,
      rows,
      cols,
      parameters: stacks * 2 * n,
      complex: unit === 2,
      entries,
    });
  }
  return panels.reverse();
}

function permutationEntries(index: Uint32Array, scatter: boolean): (visit: Visit) => void {
  return (visit) => index.forEach((j, i) => scatter ? visit(j, i, 1, 0) : visit(i, j, 1, 0));
}

/** "bit reversal" where a permutation is one, otherwise "permutation". */
export function nameOf({ index }: { readonly index: Uint32Array }): string {
  const n = index.length;
  if ((n & (n - 1)) !== 0) return "permutation";
  const reversal = bitReversal(n);
  return index.every((j, i) => j === reversal[i]) ? "bit reversal" : "permutation";
}

function transposed(panel: Panel, conjugate: boolean): Panel {
  const { rows, cols, entries, operator } = panel;
  return {
    ...panel,
    rows: cols,
    cols: rows,
    entries: entries && ((visit) => entries((r, c, re, im) => visit(c, r, re, conjugate ? -im : im))),
    operator: operator && (conjugate ? operator.adjoint() : operator.transpose()),
  };
}
