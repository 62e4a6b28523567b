/**
 * Products of chains and permutations, B·P, B·P·P, B·P·B·P …, as functions of all their weights with the gradient, in
 * float64 (Dao et al. 2019, section 4).
 *
 * @module
 */
import type { LossAndGradient } from "../objective.ts";
import type { Field } from "../target.ts";
import { RelaxedPermutation } from "./relaxed.ts";
import { type ChainShape, factorSizes, WideChain } from "./wide_chain.ts";

/**
 * One factor of a {@link PermutedModel}: B, a butterfly (strides 1, 2 … n/2); B*, one of strides n/2 … 1; R, a real chain of
 * the strides of B and of rank 2; P, a relaxed permutation; or a permutation that is fixed, y[i] = x[index[i]].
 */
export type ModelPart = "B" | "B*" | "R" | "P" | Uint32Array;

/** A factor and where its weights lie. */
export interface Placed {
  /** The factor. */
  readonly part: ModelPart;
  /** What chain it is; undefined for a permutation. */
  readonly chain: ChainShape | undefined;
  /** Where its weights begin. */
  readonly begin: number;
  /** Where they end. */
  readonly end: number;
}

/** What a forward and a backward pass need for one factor. */
interface Stage {
  /** Applies it. */
  forward(weights: Float64Array, x: Float64Array): Float64Array;
  /** Writes the gradient of its weights; returns the cotangent of the input. */
  backward(weights: Float64Array, g: Float64Array, slope: Float64Array): Float64Array;
}

/**
 * A product of chains and permutations, written as in mathematics: the last part is applied first. All weights are one
 * flat array, part after part: canonical as in `chain64.ts` for B, the same order of strides for B*, those of Kronecker-sparse factors
 * (`withRank(butterflyPatterns(n), 2)`) for R, logits for P, none for a permutation that is fixed.
 */
export class PermutedModel {
  /** Points. */
  readonly n: number;
  /** The field of the butterflies. */
  readonly field: Field;
  /** The parts with the places of their weights, as written. */
  readonly parts: readonly Placed[];
  /** How many weights there are. */
  readonly size: number;
  readonly #permutation: RelaxedPermutation;
  /** What fixed permutations at the right end do together. */
  readonly #columns: Uint32Array;
  /** The parts before those. */
  readonly #rest: readonly Placed[];

  /** A product of `parts` on n points, a power of two from 2 on. */
  constructor(n: number, field: Field, parts: readonly ModelPart[]) {
    this.n = n;
    this.field = field;
    this.#permutation = new RelaxedPermutation(n);
    const logits = this.#permutation.logits.length;
    let at = 0;
    this.parts = parts.map((part, k) => {
      const begin = at, chain = this.#shape(parts, k, 2);
      if (part === "P") at += logits;
      else if (chain) at += factorSizes(chain).reduce((sum, size) => sum + size);
      return { part, chain, begin, end: at };
    });
    this.size = at;
    const rest = [...this.parts];
    let columns = Uint32Array.from({ length: n }, (_, i) => i);
    for (let last = rest.at(-1); last?.part instanceof Uint32Array; last = rest.at(-1)) {
      columns = last.part.map((i) => columns[i]);
      rest.pop();
    }
    this.#columns = columns;
    this.#rest = rest;
  }

  /** The permutation that a part rounds to: y[i] = x[index[i]]. */
  rounded(weights: Float64Array, { begin, end }: Placed): Uint32Array {
    return this.#permutation.rounded(weights.subarray(begin, end));
  }

  /** The dense product, row-major, interleaved when complex. */
  product(weights: Float64Array): Float64Array {
    const { n } = this, channels = this.#channels(this.field), stages = this.#stages(channels);
    const value = this.#forward(stages, weights), dense = new Float64Array(channels * n * n);
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < channels; k++) {
        for (let j = 0; j < n; j++) {
          dense[(i * n + this.#columns[j]) * channels + k] = value[(i * channels + k) * n + j];
        }
      }
    }
    return dense;
  }

  /**
   * ½·‖product − matrix‖²_F and its gradient. A real matrix is compared with the real part of a complex product. The
   * function returned has its own workspace.
   *
   * @param matrix n² numbers, or 2·n² when complex
   */
  loss(matrix: Float64Array): LossAndGradient {
    const { n } = this, channels = this.#channels(matrix.length === n * n ? "real" : "complex");
    const stages = this.#stages(channels), target = new Float64Array(matrix.length);
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < channels; k++) {
        for (let j = 0; j < n; j++) {
          target[(i * channels + k) * n + j] = matrix[(i * n + this.#columns[j]) * channels + k];
        }
      }
    }
    const difference = new Float64Array(target.length);
    return (weights, gradient) => {
      const value = this.#forward(stages, weights);
      let sum = 0;
      for (let i = 0; i < target.length; i++) {
        const d = value[i] - target[i];
        difference[i] = d;
        sum += d * d;
      }
      let cotangent: Float64Array = difference;
      this.#rest.forEach(({ begin, end }, k) => {
        const own = weights.subarray(begin, end);
        cotangent = stages[k].backward(own, cotangent, gradient.subarray(begin, end));
      });
      return sum / 2;
    };
  }

  /** How many channels the product has where it is compared with numbers of a field. */
  #channels(field: Field): number {
    return field === "complex" && this.#rest.some(({ chain }) => chain?.kind === "complex") ? 2 : 1;
  }

  /**
   * What chain a part is. Complex numbers go from chain to chain, and chains of rank 2 hand both channels on to each
   * other. The last one makes `outputs` channels, if its numbers are complex.
   */
  #shape(parts: readonly ModelPart[], k: number, outputs: number): ChainShape | undefined {
    const part = parts[k],
      isChain = (other: ModelPart): boolean => other !== "P" && typeof other === "string";
    if (!isChain(part)) return undefined;
    const complex = part !== "R" && this.field === "complex", last = complex ? outputs : 1;
    // Real butterflies and chains of rank 2 hand one channel on to each other.
    const wide = (other: ModelPart | undefined, otherwise: number): number => {
      if (other === undefined) return otherwise;
      return (other === "R") === (part === "R") && (complex || part === "R") ? 2 : 1;
    };
    return {
      n: this.n,
      kind: part === "R" ? "rank 2" : this.field,
      inputs: wide(parts.slice(k + 1).find(isChain), 1),
      outputs: wide(parts.slice(0, k).findLast(isChain), last),
      ...(part === "B*" && { decreasing: true }),
    };
  }

  #forward(stages: readonly Stage[], weights: Float64Array): Float64Array {
    const { n } = this;
    let value: Float64Array = new Float64Array(n * n);
    for (let i = 0; i < n; i++) value[i * n + i] = 1;
    for (let k = this.#rest.length - 1; k >= 0; k--) {
      const { begin, end } = this.#rest[k];
      value = stages[k].forward(weights.subarray(begin, end), value);
    }
    return value;
  }

  /** Workspaces for all parts, the first one of those applied knowing that it gets the identity. */
  #stages(outputs: number): Stage[] {
    const { n } = this, parts = this.#rest.map(({ part }) => part), stages: Stage[] = [];
    let channels = 1;
    for (let k = parts.length - 1; k >= 0; k--) {
      // Imaginary parts that nobody asks for are not made.
      const part = parts[k], chain = this.#shape(parts, k, outputs);
      if (chain) stages.unshift(new WideChain(chain, n, k === parts.length - 1));
      else if (typeof part !== "string") stages.unshift(gathering(part, channels * n));
      else stages.unshift(relaxed(this.#permutation, channels * n));
      channels = chain?.outputs ?? channels;
    }
    return stages;
  }
}

function relaxed(permutation: RelaxedPermutation, unit: number): Stage {
  const length = permutation.n * unit, room = (): Float64Array => new Float64Array(length);
  const into = Array.from({ length: permutation.depth }, room), scratch = [room(), room()] as const;
  let values: Float64Array[];
  return {
    forward(logits, x) {
      values = permutation.steps(logits, x, unit, into);
      return values.at(-1)!;
    },
    backward(logits, g, slope) {
      const back = permutation.back(logits, values, g, unit, scratch);
      slope.set(back.logits);
      return back.input;
    },
  };
}

function gathering(index: Uint32Array, unit: number): Stage {
  const y = new Float64Array(index.length * unit), back = new Float64Array(y.length);
  return {
    forward(_, x) {
      index.forEach((from, to) => y.set(x.subarray(from * unit, (from + 1) * unit), to * unit));
      return y;
    },
    backward(_, g) {
      index.forEach((from, to) => back.set(g.subarray(to * unit, (to + 1) * unit), from * unit));
      return back;
    },
  };
}
