/**
 * Weights that were trained in PyTorch, as operators.
 *
 * @module
 */

import type { Operator } from "../../operator/operator.ts";
import { Random } from "../../program/random.ts";
import { floats } from "../../program/step.ts";
import { quote } from "../bytes.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { KEY } from "../operator_file.ts";
import { readSafetensors, type Tensor } from "../safetensors.ts";
import { butterflyTransform } from "./bft.ts";
import { type AdapterConfig, type BaseLayer, boft } from "./boft.ts";
import { type LayoutName, type Made, type ModuleOptions, TrainedModule } from "./module.ts";
import { blockdiag, monarch } from "./monarch.ts";
import { isOld, oldButterfly, oldPermutation } from "./old_butterfly.ts";
import { butterflyUnitary, isCore, torchButterfly } from "./torch_butterfly.ts";

/** What {@link importTrained} cannot know from the tensors. What is said here for all modules counts after `modules`. */
export interface TrainedOptions extends ModuleOptions {
  /** The same for one module, by its name. */
  readonly modules?: Readonly<Record<string, ModuleOptions>>;
  /** What adapter_config.json of a PEFT adapter holds: its text, or parsed. Blocks are checked against it. */
  readonly config?: string | AdapterConfig;
  /** A safetensors file of the model that adapters belong to: its layers become part of the operators. */
  readonly base?: Uint8Array;
  /** What messages call the file. */
  readonly name?: string;
}

/** A module that was imported. */
export interface ImportedModule {
  /** Its name in the file: what its tensors' names have in common. */
  readonly name: string;
  /** What it was recognised as. */
  readonly layout: LayoutName;
  /** The names and shapes of its tensors. */
  readonly tensors: readonly (readonly [name: string, shape: readonly number[]])[];
  /** The names of its operators in {@link Imported.operators}; the first is that which `check` applies. */
  readonly operators: readonly string[];
  /**
   * Applies the operator to a random vector and compares with what its PyTorch module does, calculated in float64 from the
   * tensors by the definition: the relative error in the 2-norm. About 1e-7; an old permutation that is not yet one has more.
   */
  readonly check: () => number;
}

/** What {@link importTrained} found; `saveCheckpoint` takes it as it is. */
export interface Imported extends Checkpoint {
  /** The modules, in the order of their names in the file. */
  readonly modules: readonly ImportedModule[];
}

/** How a tensor begins a module: its name behind the module's, and the layout, where its shape is one. */
const KEYS: readonly {
  readonly key: RegExp;
  readonly layoutOf: (tensor: Tensor) => LayoutName | undefined;
}[] = [
  { key: /^(?:(.*)\.)?twiddle$/s, layoutOf: ofTwiddle },
  { key: /^(?:(.*)\.)?balanced_bfts\.0\.weight1$/s, layoutOf: () => "bft" },
  { key: /^(?:(.*)\.)?weight1$/s, layoutOf: ({ shape }) => shape.length === 1 ? "bft" : undefined },
  { key: /^(?:(.*)\.)?blkdiag1$/s, layoutOf: () => "monarch" },
  { key: /^(?:(.*)\.)?boft_R(?:\.[^.]+)?$/s, layoutOf: () => "boft" },
  {
    key: /^(?:(.*)\.)?logit$/s,
    layoutOf: ({ shape }) => shape.length <= 2 && shape.at(-1) === 3 ? "old-permutation" : undefined,
  },
];

const LAYOUTS: readonly LayoutName[] = [
  "torch-butterfly",
  "butterfly-unitary",
  "old-butterfly",
  "old-permutation",
  "bft",
  "monarch",
  "block-diagonal",
  "boft",
];

/** Which of a module's tensors, by their names without its own, belong to it. */
const PARTS: Readonly<Record<LayoutName, RegExp>> = {
  "torch-butterfly": /^(twiddle|bias)$/,
  "butterfly-unitary": /^(twiddle|bias)$/,
  "old-butterfly": /^(twiddle1?|diag|diag_[lr]|diag_left|diag_right|bias)$/,
  "old-permutation": /^logit$/,
  "bft": /^(balanced_bfts\.\d+\.)?weight1$/,
  "monarch": /^(blkdiag[12]|bias)$/,
  "block-diagonal": /^(weight|bias)$/,
  "boft": /^boft_[Rs](\.[^.]+)?$/,
};

/**
 * The operators in a safetensors file of what was trained in PyTorch: butterflies of `torch_butterfly` (also unitary ones
 * and batches of matrices) and of the older `butterfly` package, butterfly transforms of channels (BFT), Monarch matrices,
 * and adapters of PEFT's BOFT. Layouts are recognised by the names and shapes of tensors, for each module of the file; all
 * other tensors are given back as they are.
 *
 * What does not follow from tensors is an option, stands in the file's metadata, or is what the PyTorch class takes by
 * default: see {@link ModuleOptions}. Names of operators are those of the modules. An adapter gives `NAME.rotation` for
 * the layer's input and `NAME.scale` for its output, or one operator with `base`. The file is untrusted input.
 *
 * @throws {RangeError | TypeError} where the file is malformed, has nothing of these, or a tensor does not fit: a sentence
 * that names the tensor, its shape, and what was expected
 *
 * @example
 * ```ts
 * import { importTrained } from "@papillon/papillon/trained";
 * import { Butterfly, writeSafetensors } from "@papillon/papillon";
 * // What `save_file(model.state_dict(), "model.safetensors")` writes in Python for a model with `fc = Butterfly(7, 8)`.
 * const twiddle = { dtype: "F32" as const, shape: [1, 1, 3, 4, 2, 2], data: Butterfly.random(8).toTwiddle() };
 * const bias = { dtype: "F32" as const, shape: [8], data: new Float32Array(8) };
 * const bytes = writeSafetensors([["fc.twiddle", twiddle], ["fc.bias", bias]]);
 *
 * const { operators, modules } = importTrained(bytes, { modules: { fc: { inputs: 7 } } });
 * console.assert(operators.get("fc")!.cols === 7 && modules[0].layout === "torch-butterfly");
 * console.assert(modules[0].check() < 1e-6);
 * ```
 */
export function importTrained(bytes: Uint8Array, options: TrainedOptions = {}): Imported {
  const { name, config, base, modules: own = {} } = options,
    label = name === undefined ? "the file" : quote(name);
  const file = readSafetensors(bytes, name), adapter = configuration(config);
  const baseTensors = base === undefined ? undefined : readSafetensors(base, "the base model").tensors;
  if (Object.hasOwn(file.metadata, KEY)) {
    throw new RangeError(
      `Cannot import ${label}: papillon wrote it, and loadOperator or loadCheckpoint read it`,
    );
  }
  const found = recognise(file.tensors, own, options.layout, file.metadata, label);
  if (found.size === 0) throw nothing(label, file.tensors);
  for (const wanted of Object.keys(own)) {
    if (!found.has(wanted)) {
      const names = [...found.keys()].slice(0, 5).map(quote).join(", ");
      throw new RangeError(`Cannot import ${label}: there is no module ${quote(wanted)}, there are ${names}`);
    }
  }

  const operators = new Map<string, Operator>(), modules: ImportedModule[] = [], used = new Set<string>();
  for (const [prefix, layout] of found) {
    const parts = partsOf(file.tensors, prefix, PARTS[layout]);
    const tensors = new Map([...parts].map(([part, full]) => [part, file.tensors.get(full)!]));
    for (const full of parts.values()) used.add(full);
    const module = new TrainedModule(
      prefix,
      tensors,
      label,
      [optionsOf(own, prefix), options],
      file.metadata,
    );
    const short = layout === "boft" ? prefix.replace(/^base_model\.model\./, "") : prefix;
    const made = makeModule(module, layout, adapter, baseLayer(baseTensors, short));
    const known = short === "" ? [...tensors.keys()][0] : short, names: string[] = [];
    for (const [suffix, operator] of made.operators) {
      const full = known + suffix;
      if (operators.has(full)) throw module.refuse(`there are two operators of the name ${quote(full)}`);
      operators.set(full, operator);
      names.push(full);
    }
    modules.push({
      name: prefix,
      layout,
      tensors: [...parts].map(([part, full]) => [full, tensors.get(part)!.shape]),
      operators: names,
      check: () => difference(made.operators[0][1], made.reference),
    });
  }
  const tensors = new Map([...file.tensors].filter(([tensor]) => !used.has(tensor)));
  return { operators, tensors, metadata: { ...file.metadata }, modules };
}

/** Modules and their layouts, in the order of the file. */
function recognise(
  tensors: ReadonlyMap<string, Tensor>,
  own: Readonly<Record<string, ModuleOptions>>,
  forAll: LayoutName | undefined,
  metadata: Readonly<Record<string, string>>,
  label: string,
): Map<string, LayoutName> {
  const found = new Map<string, LayoutName>();
  for (const [full, tensor] of tensors) {
    // Members of a layer of butterfly transforms are no modules of their own.
    if (
      /(?:^|\.)balanced_bfts\.\d+\.weight1$/.test(full) && !/(?:^|\.)balanced_bfts\.0\.weight1$/.test(full)
    ) continue;
    for (const { key, layoutOf } of KEYS) {
      const match = key.exec(full), prefix = match?.[1] ?? "";
      if (!match) continue;
      const module = new TrainedModule(
        prefix,
        new Map(),
        label,
        [optionsOf(own, prefix), { layout: forAll }],
        metadata,
      );
      const layout = module.word("layout", LAYOUTS) ?? layoutOf(tensor);
      if (layout !== undefined && !found.has(prefix)) found.set(prefix, layout);
      break;
    }
  }
  // Layouts that must be said: no name of a tensor is theirs alone.
  const said = new Set(Object.keys(own).filter((prefix) => own[prefix].layout !== undefined));
  for (const key of Object.keys(metadata)) {
    if (metadata[key] === "block-diagonal" && /^(?:.*\.)?layout$/s.test(key)) {
      said.add(key.replace(/\.?layout$/, ""));
    }
  }
  for (const prefix of said) {
    const layout = optionsOf(own, prefix).layout ?? "block-diagonal";
    if (!found.has(prefix) && partsOf(tensors, prefix, PARTS[layout]).size > 0) found.set(prefix, layout);
  }
  return found;
}

/** Names come from files: only what is the table's own counts. */
function optionsOf(own: Readonly<Record<string, ModuleOptions>>, prefix: string): ModuleOptions {
  return Object.hasOwn(own, prefix) ? own[prefix] : {};
}

function ofTwiddle({ shape, dtype }: Tensor): LayoutName {
  if (isCore(shape, [4])) return "butterfly-unitary";
  if (isCore(shape, [2, 2]) || isCore(shape, [2, 2, 2])) return "torch-butterfly";
  // What is none of all is refused by name, as what the newer package saves.
  return isOld(dtype === "C64" ? [...shape, 2] : shape) ? "old-butterfly" : "torch-butterfly";
}

/** The tensors of a module: their names in it, and in the file. */
function partsOf(tensors: ReadonlyMap<string, Tensor>, prefix: string, pattern: RegExp): Map<string, string> {
  const start = prefix === "" ? "" : `${prefix}.`, parts = new Map<string, string>();
  for (const full of tensors.keys()) {
    if (full.startsWith(start) && pattern.test(full.slice(start.length))) {
      parts.set(full.slice(start.length), full);
    }
  }
  return parts;
}

function makeModule(
  module: TrainedModule,
  layout: LayoutName,
  config: AdapterConfig | undefined,
  base: BaseLayer,
): Made {
  try {
    switch (layout) {
      case "torch-butterfly":
        return torchButterfly(module);
      case "butterfly-unitary":
        return butterflyUnitary(module);
      case "old-butterfly":
        return oldButterfly(module);
      case "old-permutation":
        return oldPermutation(module);
      case "bft":
        return butterflyTransform(module);
      case "monarch":
        return monarch(module);
      case "block-diagonal":
        return blockdiag(module);
      case "boft":
        return boft(module, config, base);
    }
  } catch (error) {
    // What an operator refuses (numbers that are not finite, sizes beyond the limits) is told with the module's name.
    if (!(error instanceof RangeError) || error.message.startsWith("Cannot import")) throw error;
    throw module.refuse(error.message.replace(/^Cannot make [^:]*: /, ""));
  }
}

function baseLayer(tensors: ReadonlyMap<string, Tensor> | undefined, name: string): BaseLayer {
  const weight = tensors?.get(`${name}.weight`);
  // Of convolutions only rotation and scale are given.
  return weight?.shape.length === 2
    ? { weight, bias: tensors?.get(`${name}.bias`) }
    : { weight: undefined, bias: undefined };
}

function configuration(config: string | AdapterConfig | undefined): AdapterConfig | undefined {
  if (typeof config !== "string") return config;
  let parsed: unknown;
  try {
    parsed = JSON.parse(config);
  } catch {
    // It is told below.
  }
  if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed;
  throw new RangeError("Cannot import: the adapter's configuration is not a JSON object");
}

function nothing(label: string, tensors: ReadonlyMap<string, Tensor>): RangeError {
  const names = [...tensors].slice(0, 4).map(([name, { shape }]) => `${quote(name)} [${shape.join(", ")}]`);
  return new RangeError(
    `Cannot import ${label}: no tensor in it is named twiddle, weight1, blkdiag1, boft_R or logit; it has ` +
      `${names.join(", ") || "none"}${tensors.size > 4 ? ", …" : ""}`,
  );
}

function difference(operator: Operator, reference: (x: Float64Array) => Float64Array): number {
  const random = new Random(1), x = new Float32Array(operator.cols * floats(operator.field));
  for (let i = 0; i < x.length; i++) x[i] = random.normal();
  const got = operator.apply(x), want = reference(Float64Array.from(x));
  let error = 0, size = 0;
  for (let i = 0; i < want.length; i++) {
    error += (got[i] - want[i]) ** 2;
    size += want[i] ** 2;
  }
  return Math.sqrt(error / (size || 1));
}
