/**
 * An operator as the panels of a picture: what is multiplied with what, and where the entries of each matrix are.
 *
 * @module
 */

import { Butterfly } from "../../operator/butterfly.ts";
import { Diagonal } from "../../operator/diagonal.ts";
import { type Operator, Transposed } from "../../operator/operator.ts";
import { bitReversal, Permutation } from "../../operator/permutation.ts";
import { Product } from "../../operator/product.ts";
import { floats } from "../../program/step.ts";

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
  if (operator instanceof Butterfly) return butterflyPanels(operator);
  const { rows, cols, parameters } = operator;
  if (operator instanceof Permutation) {
    return [{
      caption: nameOf(operator),
      rows,
      cols,
      parameters,
      ones: true,
      entries: permutationEntries(operator),
    }];
  }
  if (operator instanceof Diagonal) {
    const unit = floats(operator.field), { values } = operator;
    const entries = (visit: Visit): void => {
      for (let i = 0; i < rows; i++) visit(i, i, values[i * unit], unit === 2 ? values[2 * i + 1] : 0);
    };
    return [{ caption: "diagonal", rows, cols, parameters, entries }];
  }
  return [{ caption: "dense", rows, cols, parameters, operator }];
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
    panels.push({ caption: `stride ${stride}`, rows, cols, parameters: stacks * 2 * n, entries });
  }
  return panels.reverse();
}

function permutationEntries({ index }: Permutation): (visit: Visit) => void {
  return (visit) => index.forEach((column, row) => visit(row, column, 1, 0));
}

/** "bit reversal" where a permutation is one, otherwise "permutation". */
export function nameOf({ index }: Permutation): string {
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
