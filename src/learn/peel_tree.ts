/**
 * A BB* product as a binary tree: a node of order n is L · (M₁ ⊕ M₂) · R with the children M₁ and M₂; a leaf is a 2×2
 * matrix. Built from a matrix level by level, then improved as a whole.
 *
 * @module
 */

import type { Random } from "../program/random.ts";
import {
  compose,
  correlate,
  energy,
  exclude,
  fitLeft,
  fitRight,
  identities,
  scaleColumns,
  scaleRows,
} from "./peel_blocks.ts";
import { splitLevel } from "./peel_level.ts";
import { blockWeights, halfWeights, unweight, weighted } from "./peel_weights.ts";
import type { StopReason } from "./task.ts";

/**
 * Between these orders {@link PeelNode.refine} does all twice (as the W-cycles of multigrid do): there the two halves
 * depend on each other most, and it costs little.
 */
const REPEAT_FROM = 16, REPEAT_TO = 128;

/** A node; its arrays are complex, in the layout of peel_blocks.ts. */
export class PeelNode {
  /** The order, at least 2. */
  readonly n: number;
  /** The outer factors, absent in a leaf. */
  left: Float64Array;
  right: Float64Array;
  /** M₁ and M₂, none in a leaf. */
  children: readonly [PeelNode, PeelNode] | undefined;
  /** The dense product, kept up to date. */
  product: Float64Array;

  /** A node without children, as if it were zero. */
  constructor(n: number) {
    this.n = n;
    this.left = identities(n / 2);
    this.right = identities(n / 2);
    this.product = new Float64Array(2 * n * n);
  }

  /**
   * Peels a matrix, yielding each level's misfit (‖rest‖/‖level's matrix‖) with its order. Once a reason to stop has
   * been sent, the parts that are not done yet stay zero.
   */
  static *build(
    matrix: Float64Array,
    n: number,
    random: Random,
    weights?: Float64Array,
    noise = 0,
  ): Generator<{ n: number; misfit: number }, PeelNode, StopReason | undefined> {
    const node = new PeelNode(n);
    if (n <= 2) {
      node.product.set(matrix);
      return node;
    }
    const blocks = weights && blockWeights(weights, n);
    const level = splitLevel(blocks ? weighted(matrix, n, blocks) : matrix, n, random, noise);
    const { left, right, first, second, misfit } = level;
    if (blocks) { for (const half of [first, second]) unweight(half, blocks); }
    const next = halfWeights(left, right, blocks);
    const rest = Math.max(noise, misfit * Math.sqrt(energy(matrix)) / n);
    node.left = left;
    node.right = right;
    const stop = yield { n, misfit };
    const halves: PeelNode[] = [];
    for (const half of [first, second]) {
      halves.push(stop === undefined ? yield* PeelNode.build(half, n / 2, random, next, rest) : empty(n / 2));
    }
    node.children = [halves[0], halves[1]];
    node.compose();
    return node;
  }

  /**
   * The tree with the outer factors of a product of swaps (`permutationSwaps` with strides n/2 … 1 … n/2) that is
   * nearest to a matrix: the 2×2 matrices in the middle are free.
   */
  static fromSwaps(matrix: Float64Array, n: number, swaps: Uint8Array): PeelNode {
    const root = new PeelNode(n);
    root.#swapIn(matrix, swaps, 0, n);
    return root;
  }

  #swapIn(matrix: Float64Array, swaps: Uint8Array, offset: number, order: number): void {
    const { n, left, right } = this, h = n / 2;
    if (h <= 1) {
      this.product.set(matrix);
      return;
    }
    // This node's part of factor `level` from the right end, and from the left end.
    const level = Math.log2(order / n), last = 2 * Math.log2(order) - 1 - level;
    for (let p = 0; p < h; p++) {
      const i = offset / 2 + p;
      if (swaps[level * order / 2 + i]) right.set([0, 0, 1, 0, 1, 0, 0, 0], 8 * p);
      if (swaps[last * order / 2 + i]) left.set([0, 0, 1, 0, 1, 0, 0, 0], 8 * p);
    }
    const first = new Float64Array(2 * h * h), second = new Float64Array(2 * h * h);
    correlate(matrix, n, left, right, first, second);
    this.children = [new PeelNode(h), new PeelNode(h)];
    this.children[0].#swapIn(first, swaps, offset, order);
    this.children[1].#swapIn(second, swaps, offset + h, order);
    this.compose();
  }

  /** Computes the product from those of the children. */
  compose(): void {
    if (!this.children) return;
    compose(this.left, this.children[0].product, this.children[1].product, this.right, this.product);
  }

  /**
   * One round of least squares over all factors in turn, each with all others fixed: ‖target − product‖ does not grow.
   * With M₂ fixed, the best M₁ is the one nearest to ⟨l₁r₁, X − M₂·l₂r₂⟩, which goes down the tree; L and R follow.
   */
  refine(target: Float64Array, scratch: Scratch): void {
    if (!this.children) {
      this.product.set(target);
      return;
    }
    const { n, left, right, children: [one, two] } = this, h = n / 2;
    const { first, second } = scratch.level(h);
    for (let repeat = n >= REPEAT_FROM && n <= REPEAT_TO ? 2 : 1; repeat > 0; repeat--) {
      correlate(target, n, left, right, first, second);
      exclude(first, two.product, left, right, false);
      one.refine(first, scratch);
      exclude(second, one.product, left, right, true);
      two.refine(second, scratch);
      let norms = fitLeft(target, left, one.product, two.product, right);
      one.scale(norms.subarray(0, h), undefined);
      two.scale(norms.subarray(h), undefined);
      norms = fitRight(target, left, one.product, two.product, right);
      one.scale(undefined, norms.subarray(0, h));
      two.scale(undefined, norms.subarray(h));
    }
    this.compose();
  }

  /** Multiplies the rows and the columns of the product by numbers, and moves them inwards to the leaves. */
  scale(rows: Float64Array | undefined, columns: Float64Array | undefined): void {
    const { n, product } = this, h = n / 2;
    if (rows) scaleRows(product, n, rows, 0);
    if (columns) scaleColumns(product, n, columns, 0);
    if (!this.children) return;
    const outer = rows ? rescale(this.left, rows, false) : undefined;
    const inner = columns ? rescale(this.right, columns, true) : undefined;
    this.children.forEach((child, k) => {
      child.scale(outer?.subarray(k * h, (k + 1) * h), inner?.subarray(k * h, (k + 1) * h));
    });
  }
}

/** The tree of the zero matrix. */
function empty(n: number): PeelNode {
  const node = new PeelNode(n);
  if (n > 2) node.children = [empty(n / 2), empty(n / 2)];
  return node;
}

/**
 * Multiplies the rows p and p + h of L (columns of R) and normalises again; returns the norms of l₁ for all p, and
 * of l₂.
 */
function rescale(blocks: Float64Array, scales: Float64Array, transposed: boolean): Float64Array {
  const h = blocks.length / 8, norms = new Float64Array(2 * h);
  const [across, down] = transposed ? [4, 2] : [2, 4];
  for (let p = 0; p < h; p++) {
    for (let k = 0; k < 2; k++) {
      const low = 8 * p + k * across, high = low + down;
      const a = scales[p], b = scales[p + h];
      const norm = Math.hypot(
        a * blocks[low],
        a * blocks[low + 1],
        b * blocks[high],
        b * blocks[high + 1],
      );
      norms[k * h + p] = norm;
      if (!(norm > 0)) continue;
      blocks[low] *= a / norm;
      blocks[low + 1] *= a / norm;
      blocks[high] *= b / norm;
      blocks[high + 1] *= b / norm;
    }
  }
  return norms;
}

/** Room for the right sides of {@link PeelNode.refine}, two matrices for each order. */
export class Scratch {
  readonly #levels = new Map<number, { first: Float64Array; second: Float64Array }>();

  /** Two h×h matrices. */
  level(h: number): { first: Float64Array; second: Float64Array } {
    let room = this.#levels.get(h);
    if (!room) {
      room = { first: new Float64Array(2 * h * h), second: new Float64Array(2 * h * h) };
      this.#levels.set(h, room);
    }
    return room;
  }
}
