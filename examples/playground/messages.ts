/** What the page and its worker say to each other. Operators travel as the bytes of their files. */
import type { Field } from "@papillon/papillon";

/** A dense square matrix. */
export interface Matrix {
  readonly n: number;
  readonly field: Field;
  /** Row-major; re, im, re, im … if complex. */
  readonly values: Float64Array;
}

/** From the page. An `id` is given back with every answer, so that what comes late is known to be late. */
export type Request =
  | { readonly kind: "learn"; readonly id: number; readonly target: Matrix; readonly how: How }
  | { readonly kind: "cancel" }
  | {
    readonly kind: "time";
    readonly id: number;
    readonly file: Uint8Array;
    readonly map: string;
    readonly kernel: readonly number[];
  };

/** All structures, in closed form first; or one butterfly, by gradient and nothing else. */
export type How = "auto" | "gradient";

/** The weights that were being tried at a step: of one of the four forms, canonical. */
export interface Snapshot {
  /** How many evaluations of the loss came before. */
  readonly step: number;
  readonly form: number;
  readonly weights: Float32Array;
}

/** One way to apply the map, timed. */
export interface Timed {
  readonly name: string;
  readonly note: string;
  /** Median of a call, in microseconds. */
  readonly micros: number;
  /** Relative error against float64, seen before it was timed. */
  readonly error: number;
}

/** How learning ended. */
export interface Learned {
  readonly file: Uint8Array;
  readonly model: string;
  readonly relativeError: number;
  readonly parameters: number;
  readonly stopped: string;
  readonly method: string;
  readonly seconds: number;
  /** Relative errors of what was tried, in order; those that a test passed over have its estimate. */
  readonly tried: readonly { readonly model: string; readonly error: number; readonly passed: boolean }[];
  readonly explained: string;
}

/** From the worker. */
export type Answer =
  | {
    readonly kind: "steps";
    readonly id: number;
    /** The line of the plot that each step belongs to, and the relative error there. */
    readonly lines: Int32Array;
    readonly errors: Float32Array;
    readonly snapshots: readonly Snapshot[];
  }
  | { readonly kind: "phase"; readonly id: number; readonly phase: string }
  | { readonly kind: "learned"; readonly id: number; readonly fit: Learned }
  | { readonly kind: "timed"; readonly id: number; readonly rows: readonly Timed[]; readonly kernels: string }
  | { readonly kind: "failed"; readonly id: number; readonly message: string };
