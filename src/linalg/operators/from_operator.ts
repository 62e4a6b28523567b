/**
 * The float32 operators of this library as operators in float64.
 *
 * @module
 */
import { BlockDiagonal } from "../../operator/block_diagonal.ts";
import { kindOf } from "../../operator/check.ts";
import { Kronecker } from "../../operator/kronecker.ts";
import { Operator } from "../../operator/operator.ts";
import { Product } from "../../operator/product.ts";
import { Sum } from "../../operator/sum.ts";
import type { Step } from "../../program/step.ts";
import { blockDiag, kron, product, sum } from "../compose.ts";
import type { LinearOperator } from "../operator.ts";
import { unitOf } from "../scalar.ts";
import type { Field } from "../types.ts";
import { DenseOperator } from "./dense.ts";
import { FactorOperator } from "./factor.ts";
import { PermutationOperator } from "./permutation.ts";
import { KernelOperator, ProgramOperator } from "./program.ts";
import { DiagonalOperator, identity } from "./simple.ts";

/**
 * A butterfly, a chain, or any other float32 operator of this library as an operator in float64, with the weights that it
 * has: a product of its factors, diagonals and permutations where it is one, so that its inverse and determinant are
 * found factor by factor; else its program, step by step.
 *
 * @param options precision "float32" applies it by its kernels, faster and to some seven digits; see `exact` of the
 * result for the same in float64
 * @throws {TypeError} when it is no operator of this library
 * @throws {RangeError} when it has a bias, which makes it not linear
 */
export function fromOperator(
  operator: Operator,
  { precision = "float64" }: { precision?: "float64" | "float32" } = {},
): LinearOperator {
  if (!(operator instanceof Operator)) {
    throw new TypeError(
      `Cannot take an operator into float64: expected one of this library, got ${kindOf(operator)}`,
    );
  }
  if (precision !== "float64" && precision !== "float32") {
    throw new TypeError(
      `Cannot take an operator into float64: precision must be "float64" or "float32", got ${
        String(precision)
      }`,
    );
  }
  if (operator.program.steps.some((step) => step.kind === "bias")) {
    throw new RangeError(
      `Cannot take ${operator.describe()} into float64: it has a bias, which makes it not linear`,
    );
  }
  const exact = convert(operator);
  return precision === "float64" ? exact : new KernelOperator(operator, exact);
}

function convert(operator: Operator): LinearOperator {
  if (operator instanceof Kronecker) return kron(convert(operator.left), convert(operator.right));
  if (operator instanceof Product) return product(...operator.operators.map(convert));
  if (operator instanceof Sum) return sum(...operator.operators.map(convert));
  if (operator instanceof BlockDiagonal) return blockDiag(...operator.operators.map(convert));
  const { steps, output } = operator.program, { field } = operator;
  // A straight line of maps on whole numbers of the field?
  const parts = output === steps.length && steps.every((step, i) => "from" in step && step.from === i)
    ? steps.map((step) => straight(step, field))
    : [undefined];
  if (!parts.every((part) => part !== undefined)) return new ProgramOperator(operator);
  return parts.length === 0 ? identity(operator.cols, field) : product(...parts.reverse());
}

/** One step as an operator, if it is one on numbers of the field. */
function straight(step: Step, field: Field): LinearOperator | undefined {
  switch (step.kind) {
    case "factor": {
      if (step.field === field) {
        return new FactorOperator(step.pattern, Float64Array.from(step.weights), field);
      }
      if (step.original === undefined) return undefined;
      // Real weights that work on both parts of complex numbers.
      return new FactorOperator(
        { ...step.pattern, d: step.pattern.d / 2 },
        Float64Array.from(step.original),
        "real",
      );
    }
    case "diagonal": {
      if (step.field === field) return new DiagonalOperator(Float64Array.from(step.weights), field);
      return step.original && new DiagonalOperator(Float64Array.from(step.original), "real");
    }
    case "dense": {
      const { rows, columns: cols } = step, real = step.original;
      if (real) return new DenseOperator({ rows, cols, field: "real", values: Float64Array.from(real) });
      if (step.field !== field) return undefined;
      return new DenseOperator({ rows, cols, field, values: Float64Array.from(step.weights) });
    }
    case "permutation": {
      if (step.unit !== unitOf(field)) return undefined;
      const gather = new PermutationOperator(step.index, "real");
      return step.scatter ? gather.adjoint() : gather;
    }
    default:
      return undefined;
  }
}
