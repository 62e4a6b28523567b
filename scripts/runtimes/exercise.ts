/**
 * What every runtime has to do: load operators from files, apply them, differentiate one, learn a small transform,
 * and come to the stored results. It is given the library, however that came to be there, and imports nothing.
 */
import type * as small from "../../src/core.ts";
import type * as gpu from "../../src/gpu/mod.ts";
import type * as trained from "../../src/io/trained/mod.ts";
import type * as layers from "../../src/layers/mod.ts";
import type * as linalg from "../../src/linalg/mod.ts";
import type * as load from "../../src/load.ts";
import type * as papillon from "../../src/mod.ts";

/** A file with an operator and what it must make of vectors, from float64: see store.ts. */
export interface StoredOperator {
  readonly name: string;
  /** The file, as base64, and that of the operator when it is compiled. */
  readonly file: string;
  readonly compiled: string;
  /** Some vectors, what becomes of them, and their cotangent with what becomes of that. */
  readonly x: number[];
  readonly y: number[];
  readonly g: number[];
  readonly input: number[];
  readonly weights: number[][];
}

/** What a transform that is learned from its matrix must make of a vector, from float64. */
export interface StoredTransform {
  readonly n: number;
  readonly matrix: number[];
  readonly x: number[];
  readonly y: number[];
}

/** What the doors for other files and for linear algebra must come to, from float64. */
export interface StoredDoors {
  /** A file as torch_butterfly's module "fc" is saved, a vector and what becomes of it. */
  readonly trained: { readonly file: string; readonly x: number[]; readonly y: number[] };
  /** Two square matrices, b and x, of which (A ⊗ B)·x = b. */
  readonly solve: {
    readonly a: number[][];
    readonly b: number[][];
    readonly right: number[];
    readonly x: number[];
  };
}

/** All stored results. */
export interface Stored {
  readonly doors: StoredDoors;
  readonly operators: StoredOperator[];
  readonly transform: StoredTransform;
}

/** What is tried. */
export const FEATURES = ["load", "apply", "gradient", "learn", "layers", "linalg", "trained", "gpu"] as const;

/** One of them. */
export type Feature = typeof FEATURES[number];

/** What came out in one runtime: of each feature the relative error, or a sentence that says what went wrong. */
export interface Outcome {
  /** Which build of the kernels served. */
  readonly machine: string;
  readonly features: Partial<Record<Feature, number | string>>;
}

/** The part of the library that is needed; what learns may be missing. */
export type Library =
  & Pick<typeof papillon, "loadOperator" | "machine">
  & Partial<Pick<typeof papillon, "checkTarget" | "learn" | "toOperator">>;

/** The part of the core that is needed. */
export type Core = Pick<typeof small, "loadCompiled" | "sharedMachine">;

/** The part of the other doors that is needed. */
export interface Doors {
  readonly load: Pick<typeof load, "loadOperator" | "machine">;
  readonly layers: Pick<typeof layers, "Linear" | "Sequential">;
  readonly linalg: Pick<typeof linalg, "dense" | "kron" | "solve">;
  readonly trained: Pick<typeof trained, "importTrained" | "exportOnnx">;
  readonly gpu: Pick<typeof gpu, "onDevice">;
}

/** Largest relative error, in the 2-norm, of float32 against float64: 1e-6 for each doubling, up to 64 points. */
const TOLERANCE = 6e-6;

function error(got: ArrayLike<number>, want: readonly number[]): number {
  if (got.length !== want.length) throw new RangeError(`got ${got.length} numbers instead of ${want.length}`);
  let difference = 0, size = 0;
  for (let i = 0; i < want.length; i++) {
    difference += (got[i] - want[i]) ** 2;
    size += want[i] ** 2;
  }
  return Math.sqrt(difference / size);
}

/** The worst of errors; throws where one is too large, or none is there. */
function worst(errors: readonly number[]): number {
  const most = Math.max(...errors);
  // Written so that NaN does not pass.
  if (!(errors.length > 0 && most <= TOLERANCE)) throw new RangeError(`the relative error is ${most}`);
  return most;
}

async function attempt(work: () => number | Promise<number>): Promise<number | string> {
  try {
    return await work();
  } catch (fault) {
    return fault instanceof Error ? `${fault.name}: ${fault.message}` : String(fault);
  }
}

const bytes = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

/** Tries the core: loads compiled operators and applies them; on `machine` where one is given. */
export async function exerciseCore(
  { loadCompiled, sharedMachine }: Core,
  { operators }: Stored,
  machine: small.CompiledMachine = sharedMachine(),
): Promise<Outcome> {
  const features: Partial<Record<Feature, number | string>> = {};
  const loaded = (): [StoredOperator, small.CompiledOperator][] =>
    operators.map((one) => [one, loadCompiled(bytes(one.compiled), { name: one.name, machine })]);
  features.load = await attempt(() => {
    for (const [, { rows, cols }] of loaded()) if (!(rows > 0 && cols > 0)) throw new Error("no operator");
    return 0;
  });
  features.apply = await attempt(() =>
    worst(loaded().map(([{ x, y }, operator]) => error(operator.apply(Float32Array.from(x)), y)))
  );
  return { machine: machine.name, features };
}

/** Tries everything; on `machine` where one is given, else as a user would, on the shared one. */
export async function exercise(
  library: Library,
  stored: Stored,
  machine?: papillon.Machine,
): Promise<Outcome> {
  const loaded = (): [StoredOperator, papillon.Operator][] =>
    stored.operators.map((one) => [one, library.loadOperator(bytes(one.file), one.name)]);

  const apply = (operator: papillon.Operator, x: Float32Array, like: readonly number[]): Float32Array => {
    if (machine === undefined) return operator.apply(x);
    const width = operator.field === "complex" ? 2 : 1, out = new Float32Array(like.length);
    operator.compile(machine).apply(x, out, x.length / (operator.cols * width));
    return out;
  };

  const gradients = (operator: papillon.Operator, x: Float32Array, g: Float32Array): papillon.Gradient => {
    if (machine === undefined) return operator.gradient(x, g);
    const input = new Float32Array(x.length), width = operator.field === "complex" ? 2 : 1;
    const weights = operator.weights.map((w) => new Float32Array(w.length));
    operator.compile(machine).gradient(x, g, input, weights, x.length / (operator.cols * width));
    return { input, weights };
  };

  const features: Partial<Record<Feature, number | string>> = {};
  features.load = await attempt(() => {
    for (const [, { rows, cols }] of loaded()) if (!(rows > 0 && cols > 0)) throw new Error("no operator");
    return 0;
  });
  features.apply = await attempt(() =>
    worst(loaded().map(([{ x, y }, operator]) => error(apply(operator, Float32Array.from(x), y), y)))
  );
  features.gradient = await attempt(() =>
    worst(
      loaded().flatMap(([{ x, g, input, weights }, operator]) => {
        const got = gradients(operator, Float32Array.from(x), Float32Array.from(g));
        return [error(got.input, input), ...weights.map((want, i) => error(got.weights[i], want))];
      }),
    )
  );
  const { checkTarget, learn, toOperator } = library;
  if (checkTarget !== undefined && learn !== undefined && toOperator !== undefined) {
    features.learn = await attempt(async () => {
      const { n, matrix, x, y } = stored.transform;
      const operator = toOperator(await learn(checkTarget(matrix, n, "complex"), { seed: 1 }));
      if (operator.parameters >= n * n) throw new Error("what was learned is not fast");
      return worst([error(apply(operator, Float32Array.from(x), y), y)]);
    });
  }
  return { machine: (machine ?? library.machine()).name, features };
}

/** Tries all other doors: what `./load` shares with the main one, and a call or two of each. */
export async function exerciseDoors(doors: Doors, stored: Stored): Promise<Outcome> {
  const { machine, features } = await exercise(doors.load, stored);
  const [{ file, x, y, g, input, weights }] = stored.operators, { trained, solve } = stored.doors;
  const operator = (): papillon.Operator => doors.load.loadOperator(bytes(file));
  const more: Partial<Record<Feature, number | string>> = {
    // One step of training: forward, and the gradients of the input and of every array of weights.
    layers: await attempt(() => {
      const model = new doors.layers.Sequential([doors.layers.Linear.of(operator())]),
        { cols, rows } = operator();
      const count = x.length / cols;
      const out = model.forward({ data: Float32Array.from(x), shape: [count, cols] }, true);
      const back = model.backward({ data: Float32Array.from(g), shape: [count, rows] });
      const slopes = model.parameters.map(({ gradient }) => gradient);
      if (slopes.length !== weights.length) {
        throw new RangeError(`${slopes.length} arrays of weights are trained`);
      }
      return worst([
        error(out.data, y),
        error(back.data, input),
        ...weights.map((want, i) => error(slopes[i], want)),
      ]);
    }),
    linalg: await attempt(() => {
      const { dense, kron } = doors.linalg;
      const got = doors.linalg.solve(kron(dense(solve.a), dense(solve.b)), Float64Array.from(solve.right));
      return worst([error(got, solve.x)]);
    }),
    trained: await attempt(() => {
      const fc = doors.trained.importTrained(bytes(trained.file)).operators.get("fc");
      if (fc === undefined) throw new Error("there is no fc in the file");
      if (doors.trained.exportOnnx(fc).length < 100) throw new Error("the ONNX model is empty");
      return worst([error(fc.apply(Float32Array.from(trained.x)), trained.y)]);
    }),
    // Where there is no GPU the processor serves, and the promise is kept all the same.
    gpu: await attempt(async () => {
      const served = doors.gpu.onDevice(operator(), { fallback: true });
      return worst([error(await served.apply(Float32Array.from(x)), y)]);
    }),
  };
  return { machine, features: { ...features, ...more } };
}
