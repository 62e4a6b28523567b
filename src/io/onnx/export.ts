/**
 * Operators as ONNX models, in their fast form.
 *
 * @module
 */

import { kindOf } from "../../operator/check.ts";
import { Operator } from "../../operator/operator.ts";
import { simplify } from "../../program/simplify.ts";
import type { Program } from "../../program/program.ts";
import type { Field, Pattern, Step, WindowStep } from "../../program/step.ts";
import { fuseFactors } from "./fuse.ts";
import { GraphBuilder } from "./graph.ts";

/** How {@link exportOnnx} writes. */
export interface OnnxOptions {
  /** The graph's name; "papillon" when absent. */
  readonly name?: string;
  /**
   * Neighbouring factors are fused to blocks of at most so many floats on each side, 64 when absent: models run fast then,
   * but have more numbers. 1 leaves all factors as they are.
   */
  readonly block?: number;
}

/** Without fusing, a butterfly of 1024 points takes twenty times as long in onnxruntime-web. */
const BLOCK = 64;
/** Blocks of at most so many entries are multiplied entry by entry and summed; larger ones are a matrix product. */
const SMALL = 4;

/**
 * The bytes of an ONNX model that does what an operator does, as its factors (fused to blocks of up to 64 numbers, since that
 * is what runs fast there), with standard operations of opset 17
 * (Reshape, Transpose, Mul, ReduceSum, MatMul, Gather, Slice, Pad, Concat, Sum, Add …), all in float32.
 *
 * The input is `x` [batch, cols] and the output `y` [batch, rows], with any batch. ONNX has no complex products: complex
 * vectors are `x` [batch, cols, 2] and `y` [batch, rows, 2], real and imaginary parts interleaved as `torch.view_as_real`
 * and papillon itself have them.
 *
 * @throws {TypeError} when it is no operator
 * @throws {RangeError} when the model would have 2 GiB or more, or `block` is no whole number from 1 to 1024
 *
 * @example
 * ```ts
 * import { exportOnnx } from "@papillon/papillon/trained";
 * import { hadamard } from "@papillon/papillon";
 * const model = exportOnnx(hadamard(256)); // Deno.writeFileSync("hadamard.onnx", model)
 * console.assert(model.length < 256 * 256 * 4 / 5); // much less than the dense matrix
 * ```
 */
export function exportOnnx(
  operator: Operator,
  { name = "papillon", block = BLOCK }: OnnxOptions = {},
): Uint8Array {
  if (!(operator instanceof Operator)) {
    throw new TypeError(`Cannot export to ONNX: expected an operator, got ${kindOf(operator)}`);
  }
  if (typeof name !== "string" || name === "") {
    throw new TypeError(`Cannot export to ONNX: the graph's name must be a text, got ${kindOf(name)}`);
  }
  if (!Number.isInteger(block) || block < 1 || block > 1024) {
    throw new RangeError(`Cannot export to ONNX: block must be a whole number from 1 to 1024, got ${block}`);
  }
  const program = fuseFactors(simplify(operator.program), block), graph = new GraphBuilder();
  const { rows, cols, field } = operator, parts = field === "complex" ? [2] : [];
  const x = field === "complex" ? graph.reshape("x", [program.inputWidth]) : "x";
  const y = written(program, graph, x);
  graph.result(field === "complex" ? graph.reshape(y, [rows, 2]) : y, "y");
  return graph.model(name, [cols, ...parts], [rows, ...parts], `${operator.describe()}, written by papillon`);
}

function written({ steps, widths, output }: Program, graph: GraphBuilder, input: string): string {
  const values = [input];
  for (const [i, step] of steps.entries()) values.push(stepNode(step, values, widths, widths[i + 1], graph));
  return values[output];
}

function stepNode(
  step: Step,
  values: readonly string[],
  widths: readonly number[],
  width: number,
  graph: GraphBuilder,
): string {
  switch (step.kind) {
    case "factor":
      return factor(graph, values[step.from], step.pattern, step.field, step.weights, width);
    case "dense": {
      const pattern = { a: 1, b: step.rows, c: step.columns, d: 1 };
      return factor(graph, values[step.from], pattern, step.field, step.weights, width);
    }
    case "diagonal":
      if (step.field === "real") {
        return graph.node("Mul", [values[step.from], graph.floats([width], step.weights)]);
      }
      return complexDiagonal(graph, values[step.from], step.weights);
    case "permutation":
      return graph.node("Gather", [values[step.from], graph.integers(gathered(step))], { axis: 1 });
    case "window":
      return window(graph, values[step.from], widths[step.from], step);
    case "add":
      return graph.node("Sum", step.inputs.map((value) => values[value]));
    case "concat":
      return graph.node("Concat", step.inputs.map((value) => values[value]), { axis: 1 });
    case "bias":
      return graph.node("Add", [values[step.from], graph.floats([width], step.weights)]);
  }
}

/** Which float each float of a permutation's result is. */
function gathered({ index, unit, scatter }: Extract<Step, { kind: "permutation" }>): Uint32Array {
  const result = new Uint32Array(index.length * unit);
  index.forEach((j, i) => {
    const [to, from] = scatter ? [j, i] : [i, j];
    for (let u = 0; u < unit; u++) result[to * unit + u] = from * unit + u;
  });
  return result;
}

/**
 * y[i, β, δ] = Σγ w[i, β, γ, δ]·x[i, γ, δ]. A complex number is a pair of real ones, and its weight [[re, −im], [im, re]],
 * whose two sizes go with β and γ.
 */
function factor(
  graph: GraphBuilder,
  from: string,
  { a, b, c, d }: Pattern,
  field: Field,
  weights: Float32Array,
  width: number,
): string {
  const complex = field === "complex", unit = complex ? 2 : 1;
  if (b * c <= SMALL) {
    // [batch, a, 1, c, d, (1, 2)] · [a, b, c, d, (2, 2)], summed over c (and the last).
    const x = graph.reshape(from, complex ? [a, 1, c, d, 1, 2] : [a, 1, c, d]);
    const w = graph.floats(complex ? [a, b, c, d, 2, 2] : [a, b, c, d], complex ? doubled(weights) : weights);
    const all = graph.node("Mul", [x, w]), axes = complex ? [3, 6] : [3];
    const sum = c === 1 && !complex
      ? all
      : graph.node("ReduceSum", [all, graph.integers(axes)], { keepdims: 0 });
    return graph.reshape(sum, [width]);
  }
  const w = graph.floats(
    [a * d, c * unit, b * unit],
    turned(complex ? doubled(weights) : weights, a, b, c, d, unit),
  );
  if (a * d === 1) {
    // One block: no sizes to exchange.
    const plain = graph.node("Reshape", [w, graph.integers([c * unit, b * unit])]);
    return graph.node("MatMul", [from, plain]);
  }
  // [batch, a, c, d, unit] → [a, d, batch, c, unit] → [a·d, batch, c·unit] · [a·d, c·unit, b·unit], and back.
  const x = graph.node("Transpose", [graph.reshape(from, [a, c, d, unit])], { perm: [1, 3, 0, 2, 4] });
  const blocks = graph.node("Reshape", [x, graph.integers([a * d, -1, c * unit])]);
  const y = graph.node("Reshape", [
    graph.node("MatMul", [blocks, w]),
    graph.integers([a, d, -1, b, unit]),
  ]);
  return graph.reshape(graph.node("Transpose", [y], { perm: [2, 0, 3, 1, 4] }), [width]);
}

/** (re + i·im)·x = re·x + im·(i·x), and i·x is the parts of x exchanged, with a sign that goes with im. */
function complexDiagonal(graph: GraphBuilder, from: string, weights: Float32Array): string {
  const n = weights.length, re = weights.map((_, k) => weights[k & ~1]);
  const im = weights.map((_, k) => k & 1 ? weights[k] : -weights[k + 1]);
  const turned = graph.node("Gather", [from, graph.integers(Uint32Array.from(weights, (_, k) => k ^ 1))], {
    axis: 1,
  });
  return graph.node("Add", [
    graph.node("Mul", [from, graph.floats([n], re)]),
    graph.node("Mul", [turned, graph.floats([n], im)]),
  ]);
}

/** Each complex weight as [[re, −im], [im, re]]. */
function doubled(weights: Float32Array): Float32Array {
  const result = new Float32Array(weights.length * 2);
  for (let i = 0; i < weights.length; i += 2) {
    const re = weights[i], im = weights[i + 1];
    result.set([re, -im, im, re], 2 * i);
  }
  return result;
}

/** [a, b, c, d, u, v] as [a, d, c, v, b, u]: u counts the parts of the result, v those of what is read. */
function turned(
  weights: Float32Array,
  a: number,
  b: number,
  c: number,
  d: number,
  unit: number,
): Float32Array {
  const result = new Float32Array(weights.length), square = unit * unit;
  for (let i = 0; i < a; i++) {
    for (let beta = 0; beta < b; beta++) {
      for (let gamma = 0; gamma < c; gamma++) {
        for (let delta = 0; delta < d; delta++) {
          for (let k = 0; k < square; k++) {
            const u = Math.floor(k / unit), v = k % unit;
            const row = ((i * d + delta) * c + gamma) * unit + v;
            result[(row * b + beta) * unit + u] =
              weights[(((i * b + beta) * c + gamma) * d + delta) * square + k];
          }
        }
      }
    }
  }
  return result;
}

/** A slice with zeros around it. */
function window(graph: GraphBuilder, from: string, width: number, step: WindowStep): string {
  const start = Math.max(0, step.shift), end = Math.min(width, step.shift + step.width);
  if (start >= end) {
    // Nothing of the value is seen.
    const batch = graph.node("Slice", [
      graph.node("Shape", [from]),
      graph.integers([0]),
      graph.integers([1]),
    ]);
    return graph.node("ConstantOfShape", [
      graph.node("Concat", [batch, graph.integers([step.width])], { axis: 0 }),
    ]);
  }
  const whole = start === 0 && end === width;
  const slice = whole
    ? from
    : graph.node("Slice", [from, graph.integers([start]), graph.integers([end]), graph.integers([1])]);
  const before = start - step.shift, after = step.width - before - (end - start);
  return before + after === 0 ? slice : graph.node("Pad", [slice, graph.integers([0, before, 0, after])]);
}
