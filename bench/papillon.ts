/**
 * papillon's own rows: `run` without copies in each build, `apply`, forward and backward, the dense product.
 *
 * @module
 */
import { createMachine, Dense, type Machine, type MachineName, type Operator } from "../src/mod.ts";
import type { Family, Sample } from "./families.ts";
import { bareTraining } from "./lib/bare.ts";
import type { Subject } from "./lib/measure.ts";
import { denseFields, denseProblem, normal } from "./lib/problem.ts";
import { assertAccurate, type Field, type Numbers } from "./lib/reference.ts";

/** The machines that run here, by name. */
export type Machines = ReadonlyMap<MachineName, Machine>;

/** Work of a reference, in numbers, up to which every vector of a batch is checked. */
const CHECK_ALL = 2 ** 17;

/** One machine of each build that this runtime accepts, and the reasons of those that it refuses. */
export function loadMachines(): { machines: Machines; skipped: { name: string; reason: string }[] } {
  const machines = new Map<MachineName, Machine>();
  const skipped: { name: string; reason: string }[] = [];
  for (const name of ["relaxed", "simd", "scalar"] as const) {
    try {
      machines.set(name, createMachine(name));
    } catch (error) {
      skipped.push({
        name: `papillon, ${name} build`,
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  }
  return { machines, skipped };
}

/** The group of a family's forward rows: the transforms of the peers are in it too. */
export function transforms(field: Field): string {
  return `${field} transforms`;
}

/** The group of forward and backward together. */
export function training(field: Field): string {
  return `${field} training`;
}

/** The group of the dense products. */
export function denseProducts(field: Field): string {
  return `${field} dense products`;
}

/** The rows of one family at size n. */
export function familySubjects(family: Family, n: number, batch: number, machines: Machines): Subject[] {
  const problem = makeProblem(family, n, batch);
  const names = family.builds.filter((build) => machines.has(build));
  const subjects = names.map((build) =>
    forwardSubject(
      `papillon ${family.label}, ${build}`,
      family.group ?? transforms(family.field),
      problem,
      machines.get(build)!,
    )
  );
  if (family.apply) subjects.push(applySubject(family, problem));
  if (family.training) {
    for (const build of names.filter((build) => build !== "scalar")) {
      subjects.push(...trainingSubjects(family, problem, machines.get(build)!));
    }
    subjects.push(gradientSubject(family, problem));
  }
  return subjects;
}

/** The dense product by papillon, and the butterfly beside it, in the group of the dense peers. */
export function denseSubjects(
  butterfly: Family,
  n: number,
  batch: number,
  machines: Machines,
): Subject[] {
  const { field } = butterfly;
  const group = denseProducts(field);
  const problem = makeProblem(butterfly, n, batch);
  const subjects: Subject[] = [];
  for (const build of ["relaxed", "simd"] as const) {
    const machine = machines.get(build);
    if (machine === undefined) continue;
    subjects.push(forwardSubject(`papillon ${butterfly.label}, ${build}`, group, problem, machine));
    if (!denseFields(n).includes(field)) continue;
    const dense = denseProblem(n, batch, field);
    const operator = new Dense(n, n, dense.matrix, field);
    subjects.push(forwardSubject(`papillon Dense, ${build}`, group, { ...dense, operator }, machine));
  }
  return subjects;
}

/** What a row is given, and how it is checked. */
export interface Problem {
  readonly n: number;
  readonly batch: number;
  readonly operator: Operator;
  readonly x: Float32Array;
  check(who: string, y: Numbers): void;
}

interface TrainingProblem extends Problem {
  /** The cotangent of the result. */
  readonly g: Float32Array;
  checkGradients(who: string, input: Numbers, weights: readonly Numbers[]): void;
}

function makeProblem({ field, sample }: Family, n: number, batch: number): TrainingProblem {
  const unit = field === "complex" ? 2 : 1;
  const made = sample(n);
  const width = made.operator.cols * unit;
  const x = normal(width * batch, 3 + n + batch);
  const g = normal(width * batch, 4 + n + batch);
  const some = [0, 1, 2, 3, batch >> 1, batch - 1].filter((row) => row < batch);
  const rows = width * batch <= CHECK_ALL ? [...Array(batch).keys()] : [...new Set(some)];
  const vector = (of: Numbers, row: number): number[] =>
    Array.prototype.slice.call(of, row * width, (row + 1) * width) as number[];
  let wants: Float64Array[] | undefined;
  let gradients: ReturnType<typeof referenceGradients> | undefined;
  return {
    n,
    batch,
    operator: made.operator,
    x,
    g,
    check(who, y): void {
      if (y.length !== x.length) throw new Error(`${who}: expected ${x.length} numbers, got ${y.length}`);
      wants ??= rows.map((row) => made.reference(vector(x, row)));
      rows.forEach((row, k) => assertAccurate(who, vector(y, row), wants![k], n));
    },
    checkGradients(who, input, weights): void {
      gradients ??= referenceGradients(made, x, g, width);
      assertAccurate(`${who}, gradient of the input`, input, gradients.input, n);
      gradients.weights.forEach((want, i) =>
        assertAccurate(`${who}, gradient of the weights of factor ${i}`, weights[i], want, n)
      );
    },
  };
}

/** The float64 gradients of a whole batch. */
function referenceGradients(
  { operator, gradient }: Sample,
  x: Float32Array,
  g: Float32Array,
  width: number,
): { input: Float64Array; weights: Float64Array[] } {
  if (gradient === undefined) throw new Error(`No reference of the gradients of ${operator.describe()}`);
  const weights = operator.weights.map((w) => new Float64Array(w.length));
  const input = new Float64Array(x.length);
  for (let at = 0; at < x.length; at += width) {
    input.set(gradient(x.subarray(at, at + width), g.subarray(at, at + width), weights), at);
  }
  return { input, weights };
}

/** The row of an operator on a machine, on data in its memory. */
export function forwardSubject(name: string, group: string, problem: Problem, machine: Machine): Subject {
  const { n, batch, operator, x } = problem;
  const executable = operator.compile(machine);
  executable.reserve(batch);
  const run = (): void => executable.run(batch);
  return {
    name,
    group,
    n,
    batch,
    run,
    verify(): void {
      executable.input.set(x);
      executable.output.fill(NaN);
      run();
      problem.check(name, executable.output);
    },
    dispose: () => executable.dispose(),
  };
}

function applySubject(family: Family, problem: Problem): Subject {
  const { n, batch, operator, x } = problem;
  const name = `papillon ${family.label}, apply()`;
  const out = new Float32Array(x.length);
  return {
    name,
    group: transforms(family.field),
    n,
    batch,
    run: () => void operator.apply(x, out),
    verify(): void {
      out.fill(NaN);
      operator.apply(x, out);
      problem.check(name, out);
    },
  };
}

/** Forward and backward together, and backward alone, of one build. */
function trainingSubjects(family: Family, problem: TrainingProblem, machine: Machine): Subject[] {
  const { n, batch, operator, x, g } = problem;
  const bare = bareTraining(machine, operator.program, batch);
  const { run: forward, back } = bare;
  const label = `papillon ${family.label}, ${machine.name}`;
  const subject = (name: string, run: () => void, whole: boolean): Subject => ({
    name,
    group: training(family.field),
    n,
    batch,
    run,
    verify(): void {
      bare.input().set(x);
      bare.cotangent().set(g);
      bare.output().fill(NaN);
      bare.inputGradient().fill(NaN);
      run();
      if (whole) problem.check(name, bare.output());
      problem.checkGradients(name, bare.inputGradient(), bare.weightGradients());
    },
    dispose: bare.free,
  });
  return [
    subject(`${label}, forward + gradients`, () => {
      forward();
      back();
    }, true),
    subject(`${label}, gradients alone`, back, false),
  ];
}

/** The public way: arrays in, new arrays out. */
function gradientSubject(family: Family, problem: TrainingProblem): Subject {
  const { n, batch, operator, x, g } = problem;
  const name = `papillon ${family.label}, apply() + gradient()`;
  const out = new Float32Array(x.length);
  let result = operator.gradient(x, g);
  return {
    name,
    group: training(family.field),
    n,
    batch,
    run(): void {
      operator.apply(x, out);
      result = operator.gradient(x, g);
    },
    verify(): void {
      out.fill(NaN);
      result.input.fill(NaN);
      operator.apply(x, out);
      result = operator.gradient(x, g);
      problem.check(name, out);
      problem.checkGradients(name, result.input, result.weights);
    },
  };
}
