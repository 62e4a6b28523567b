/**
 * Linear arithmetic circuits (Kaleidoscope, theorem 1): a circuit of gates that add and scale is a product of sparse
 * matrices, one for each level of depth. Each takes the values that are still needed to those of the next level;
 * what was calculated before is copied along.
 *
 * @module
 */

import { checkField, checkList, checkSize, kindOf } from "../operator/check.ts";
import type { Operator } from "../operator/operator.ts";
import { product } from "../operator/product.ts";
import { type Field, floats } from "../program/step.ts";
import { sparse } from "./sparse.ts";

/** A number of a circuit's field: complex ones are pairs [re, im]. */
export type Scalar = number | readonly [re: number, im: number];

/**
 * A gate: the sum of others, or another one times a number. Gates are named by numbers: the inputs are 0, 1, 2 …, the
 * gates follow in the order of the list.
 */
export type Gate = { readonly add: readonly number[] } | { readonly scale: number; readonly by: Scalar };

/** A linear arithmetic circuit. */
export interface LinearCircuit {
  /** How many inputs it has. */
  readonly inputs: number;
  /** The gates; each may use inputs and other gates, also later ones, but not itself, however indirectly. */
  readonly gates: readonly Gate[];
  /** Which values come out, in order. */
  readonly outputs: readonly number[];
  /** "real" when absent. */
  readonly field?: Field;
}

/** What a gate or a copy takes from the level below: which value, and how often. */
type Term = readonly [of: number, by: Scalar];

/**
 * The matrix of a linear arithmetic circuit: the product of as many sparse matrices as it is deep.
 *
 * @throws {RangeError} where a gate is undefined, gates form a cycle, or a number does not fit the field
 *
 * @example
 * ```ts
 * import { circuit } from "@papillon/papillon";
 * // (x, y) to (x + y, 3·(x + y))
 * const map = circuit({ inputs: 2, gates: [{ add: [0, 1] }, { scale: 2, by: 3 }], outputs: [2, 3] });
 * console.assert(map.apply(new Float32Array([1, 2])).join() === "3,9");
 * ```
 */
export function circuit(description: LinearCircuit): Operator {
  const what = "a circuit";
  if (typeof description !== "object" || description === null) {
    throw new TypeError(
      `Cannot make ${what}: expected { inputs, gates, outputs }, got ${kindOf(description)}`,
    );
  }
  const { inputs, gates, outputs, field = "real" } = description;
  checkList(what, "gates", gates);
  checkList(what, "outputs", outputs);
  checkField(what, field);
  checkSize(what, "inputs", inputs);
  checkSize(what, "the number of outputs", outputs.length);
  const terms = gates.map((gate, i) => termsOf(gate, inputs + i, inputs + gates.length, field));
  outputs.forEach((of, i) => checkDefined(of, inputs + gates.length, `output ${i}`));
  const depth = depths(inputs, terms), levels = Math.max(...outputs.map((of) => depth[of]));

  // From the outputs down: the values of each level that must be there, and what they are made of.
  const layers: Operator[] = [];
  let wanted = [...outputs];
  for (let level = levels; level >= 0; level--) {
    // Below the first level there are the inputs as they stand.
    const below = new Map<number, number>(), last = level <= 1;
    const rows: number[] = [], cols: number[] = [], values: number[] = [];
    wanted.forEach((value, row) => {
      for (
        const [of, by] of depth[value] === level && level > 0 ? terms[value - inputs] : [[value, 1] as Term]
      ) {
        if (!below.has(of)) below.set(of, last ? of : below.size);
        rows.push(row);
        cols.push(below.get(of)!);
        values.push(...parts(by, field));
      }
    });
    // Gates that add nothing may leave a level without any value below.
    if (below.size === 0) below.set(0, 0);
    const width = last ? inputs : below.size;
    layers.push(sparse(wanted.length, width, { rows, cols, values: Float32Array.from(values) }, field));
    if (last) break;
    wanted = [...below.keys()];
  }
  return product(...layers);
}

/** Writes a {@link circuit} gate by gate; each method returns the number of the value it makes. */
export class CircuitBuilder {
  readonly #field: Field;
  readonly #gates: Gate[] = [];
  /** How many inputs it has. */
  readonly inputs: number;

  /**
   * A circuit whose inputs are the values 0 … inputs − 1.
   *
   * @example
   * ```ts
   * import { CircuitBuilder } from "@papillon/papillon";
   * const builder = new CircuitBuilder(2), sum = builder.add(0, 1);
   * const map = builder.outputs(sum, builder.add(sum, builder.scale(1, -2))); // x + y and x − y
   * console.assert(map.apply(new Float32Array([5, 3])).join() === "8,2");
   * ```
   */
  constructor(inputs: number, field: Field = "real") {
    checkField("a circuit", field);
    checkSize("a circuit", "inputs", inputs);
    this.inputs = inputs;
    this.#field = field;
  }

  /** The sum of values. */
  add(...values: number[]): number {
    return this.#push({ add: values });
  }

  /** A value times a number. */
  scale(value: number, by: Scalar): number {
    return this.#push({ scale: value, by });
  }

  /**
   * The operator of the finished circuit.
   *
   * @throws {RangeError} as {@link circuit} does
   */
  outputs(...values: number[]): Operator {
    return circuit({ inputs: this.inputs, gates: this.#gates, outputs: values, field: this.#field });
  }

  #push(gate: Gate): number {
    this.#gates.push(gate);
    return this.inputs + this.#gates.length - 1;
  }
}

function termsOf(gate: Gate, own: number, count: number, field: Field): Term[] {
  if (typeof gate !== "object" || gate === null || !("add" in gate || "scale" in gate)) {
    throw new TypeError(`Cannot make a circuit: gate ${own} is neither { add } nor { scale, by }`);
  }
  if ("add" in gate) checkList("a circuit", `the sum of gate ${own}`, gate.add);
  const terms: Term[] = "add" in gate ? gate.add.map((of) => [of, 1]) : [[gate.scale, gate.by]];
  for (const [of, by] of terms) {
    checkDefined(of, count, `gate ${own}`);
    const finite = parts(by, "complex").every(Number.isFinite);
    if (!finite || (field === "real" && typeof by !== "number")) {
      throw new RangeError(
        `Cannot make a circuit: gate ${own} scales by ${
          typeof by === "number" ? by : JSON.stringify(by)
        }, which is no finite ${field} number`,
      );
    }
  }
  return terms;
}

function checkDefined(of: number, count: number, who: string): void {
  if (!Number.isInteger(of) || of < 0 || of >= count) {
    throw new RangeError(
      `Cannot make a circuit: ${who} uses value ${of}, which is undefined; there are ${count}, from 0 on`,
    );
  }
}

/** The depth of each value: 0 for inputs, one more than its deepest operand for a gate. Without recursion. */
function depths(inputs: number, terms: readonly Term[][]): Uint32Array {
  const depth = new Uint32Array(inputs + terms.length), missing = new Uint32Array(terms.length);
  const readers: number[][] = Array.from(depth, () => []);
  terms.forEach((list, i) => {
    missing[i] = list.length;
    for (const [of] of list) readers[of].push(i);
  });
  const ready = Array.from({ length: inputs }, (_, i) => i);
  missing.forEach((count, i) => {
    if (count > 0) return;
    depth[inputs + i] = 1;
    ready.push(inputs + i);
  });
  for (let value = ready.pop(); value !== undefined; value = ready.pop()) {
    for (const reader of readers[value]) {
      depth[inputs + reader] = Math.max(depth[inputs + reader], depth[value] + 1);
      if (--missing[reader] === 0) ready.push(inputs + reader);
    }
  }
  const stuck = missing.findIndex((count) => count > 0);
  if (stuck < 0) return depth;
  // From a gate that never became ready, operands that did not either lead into a cycle.
  const path: number[] = [];
  let at = inputs + stuck;
  while (!path.includes(at)) {
    path.push(at);
    at = terms[at - inputs].find(([of]) => of >= inputs && missing[of - inputs] > 0)![0];
  }
  const cycle = [...path.slice(path.indexOf(at)), at];
  const shown = cycle.length > 10 ? [...cycle.slice(0, 9), "…"] : cycle;
  throw new RangeError(`Cannot make a circuit: its gates form a cycle, ${shown.join(" of ")}`);
}

/** A number as the floats of a field. */
function parts(by: Scalar, field: Field): number[] {
  const [re, im] = typeof by === "number" ? [by, 0] : by;
  return floats(field) === 2 ? [re, im] : [re];
}
