/**
 * What papillon is timed on. To time another operator, add it to {@link FAMILIES}; to set it a goal, add one to goals.ts.
 *
 * @module
 */
import { Butterfly, type MachineName, type Operator, Permutation, product } from "../src/mod.ts";
import { butterflyGradient, butterflyProduct, type Field, fourier, type Numbers } from "./lib/reference.ts";
import {
  butterflyFactors,
  fourierFactors,
  hadamardFactors,
  increasingStrides,
  type Kind,
} from "./lib/weights.ts";

/** An operator for every size, and its float64 evaluation. */
export interface Family {
  /** As in the tables, behind "papillon". */
  readonly label: string;
  readonly field: Field;
  /** The builds that are timed, each on data in its memory: `run` of an executable. */
  readonly builds: readonly MachineName[];
  /** The group of its rows, if not that of its field; such rows are timed one vector at a time. */
  readonly group?: string;
  /** Whether `apply(x, out)`, which copies in and out, is timed as well. */
  readonly apply?: boolean;
  /** Whether forward and backward together are timed as well; needs `Sample.gradient`. */
  readonly training?: boolean;
  /** Makes the operator of size n. */
  sample(n: number): Sample;
}

/** An operator, and what it must compute. */
export interface Sample {
  readonly operator: Operator;
  /** The result for one vector, in float64, without the library. */
  reference(x: Numbers): Float64Array;
  /** The gradient of x for the cotangent g; adds those of the weights to `weights`, in the order of `operator.weights`. */
  gradient?(x: Numbers, g: Numbers, weights: readonly Float64Array[]): Float64Array;
}

/** A square butterfly with strides 1, 2, 4 … of some kind of weights. */
export function butterflySample(n: number, field: Field, kind: Kind): Sample {
  const factors = butterflyFactors(n, field, kind);
  const strides = increasingStrides(n);
  return {
    operator: Butterfly.fromFactors(n, factors, { field }),
    reference: (x) => butterflyProduct(factors, strides, x, field),
    gradient: (x, g, weights) => butterflyGradient(factors, strides, x, g, field, weights),
  };
}

/** The Fourier transform, unnormalized as the peers', in natural order at both ends: Fourier factors behind a bit reversal. */
function fourierSample(n: number): Sample {
  return {
    operator: product(
      Butterfly.fromFactors(n, fourierFactors(n, "complex", 1), { field: "complex" }),
      Permutation.bitReversal(n, "complex"),
    ),
    reference: fourier,
  };
}

/** The Hadamard transform with entries ±1, in natural order. */
function hadamardSample(n: number): Sample {
  const factors = hadamardFactors(n, "real", 1), strides = increasingStrides(n);
  return {
    operator: Butterfly.fromFactors(n, factors),
    reference: (x) => butterflyProduct(factors, strides, x, "real"),
  };
}

/** In the order of the tables. */
export const FAMILIES: readonly Family[] = [
  {
    label: "butterfly",
    field: "real",
    builds: ["relaxed", "simd", "scalar"],
    apply: true,
    training: true,
    sample: (n) => butterflySample(n, "real", "Gaussian"),
  },
  {
    label: "butterfly (orthogonal)",
    field: "real",
    builds: ["relaxed"],
    sample: (n) => butterflySample(n, "real", "orthogonal"),
  },
  {
    label: "butterfly",
    field: "complex",
    builds: ["relaxed", "simd"],
    apply: true,
    training: true,
    sample: (n) => butterflySample(n, "complex", "Gaussian"),
  },
  {
    label: "butterfly (orthogonal)",
    field: "complex",
    builds: ["relaxed"],
    sample: (n) => butterflySample(n, "complex", "orthogonal"),
  },
  {
    label: "Fourier transform",
    field: "complex",
    builds: ["relaxed", "simd"],
    apply: true,
    sample: fourierSample,
  },
  {
    label: "Hadamard transform",
    field: "real",
    builds: ["relaxed", "simd"],
    sample: hadamardSample,
  },
];
