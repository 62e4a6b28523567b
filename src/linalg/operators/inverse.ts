/**
 * Inverses that are applied rather than written down.
 *
 * @module
 */
import { PSD, SELF } from "../annotations.ts";
import { LinearOperator } from "../operator.ts";
import { unitOf } from "../scalar.ts";
import type { Vector } from "../types.ts";

/** What solves with an operator and with its adjoint. */
export interface Solver {
  /** A⁻¹·b for right sides one after another. */
  solve(b: Float64Array, count: number): Vector;
  /** A⁻ᴴ·b. */
  solveAdjoint(b: Float64Array, count: number): Vector;
}

/** A⁻¹ (or a pseudo-inverse), by a factorisation or an iteration. */
export class InverseOperator extends LinearOperator {
  /** What it is. */
  readonly kind: string;
  /** A. */
  readonly of: LinearOperator;
  /** What does the work. */
  readonly solver: Solver;
  /** Multiply-adds to apply it to one vector. */
  readonly cost: number;

  /** An inverse from what solves; `cost` is in multiply-adds for a vector. */
  constructor(
    of: LinearOperator,
    solver: Solver,
    cost: number,
    kind = "Inverse",
    flags: number = of.flags & (SELF | PSD),
  ) {
    super(of.cols, of.rows, of.field, flags);
    this.of = of;
    this.solver = solver;
    this.cost = cost;
    this.kind = kind;
  }

  /** What it is made of. */
  override get children(): readonly LinearOperator[] {
    return [this.of];
  }

  /** Writes A·x for `count` vectors. */
  forward(x: Float64Array, out: Vector, count: number): void {
    out.set(this.solver.solve(x, count));
  }

  /** Writes Aᴴ·y for `count` vectors. */
  override backward(y: Float64Array, out: Vector, count: number): void {
    out.set(this.solver.solveAdjoint(y, count));
  }

  /** Its transpose, conjugated if asked. */
  flip(conjugated: boolean): LinearOperator {
    const { of, solver, cost, kind } = this;
    if (conjugated || this.field === "real") {
      const turned = { solve: solver.solveAdjoint.bind(solver), solveAdjoint: solver.solve.bind(solver) };
      return new InverseOperator(of.adjoint(), turned, cost, kind, this.flags);
    }
    return new InverseOperator(of.transpose(), conjugatedSolver(solver), cost, kind, this.flags);
  }
}

/** The solver of the transpose: everything conjugated around that of the adjoint. */
function conjugatedSolver(solver: Solver): Solver {
  const around =
    (run: (b: Float64Array, count: number) => Vector) => (b: Float64Array, count: number): Vector => {
      const flip = (x: Float64Array): Vector => Float64Array.from(x, (v, i) => i % 2 === 0 ? v : 0 - v);
      return flip(run(flip(b), count));
    };
  return {
    solve: around((b, count) => solver.solveAdjoint(b, count)),
    solveAdjoint: around((b, count) => solver.solve(b, count)),
  };
}

/** Calls a solver for one vector at a time. */
export function oneByOne(
  A: LinearOperator,
  b: Float64Array,
  count: number,
  solve: (b: Float64Array) => Float64Array,
): Vector {
  const from = b.length / count, to = (from === A.rows * unitOf(A.field) ? A.cols : A.rows) * unitOf(A.field);
  const out = new Float64Array(count * to);
  for (let k = 0; k < count; k++) out.set(solve(b.subarray(k * from, (k + 1) * from)), k * to);
  return out;
}
