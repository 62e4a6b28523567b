/**
 * Networks that only serve: linear layers compiled together, in the memory of the kernels.
 *
 * @module
 */

import { Executable } from "../program/executable.ts";
import { type Program, ProgramBuilder } from "../program/program.ts";
import { checkTensor, type Layer, sizeOf, type Tensor } from "./layer.ts";
import { Linear } from "./linear.ts";
import { ownProgram } from "./map.ts";
import { Dropout, Relu } from "./shapes.ts";

/** A part of a frozen network. */
type Stage =
  | {
    readonly kind: "map";
    readonly run: Executable;
    readonly width: number;
    readonly height: number;
    rows: number;
  }
  | { readonly kind: "relu" }
  | { readonly kind: "layer"; readonly layer: Layer };

/** What {@link Frozen} is made of: a layer that holds others. */
interface Network extends Layer {
  readonly layers: readonly Layer[];
}

/**
 * A network for inference alone: see {@link Sequential.freeze}. Linear layers, as they are when it is made, are compiled,
 * those that follow each other to one program, and rectifiers are applied on the way from one to the next. Others stay the
 * layers that they were, and change with them.
 */
export class Frozen {
  readonly #network: Network;
  readonly #stages: Stage[] = [];

  /** Use {@link Sequential.freeze}. */
  constructor(network: Network) {
    this.#network = network;
    let program: Program | undefined;
    const close = (): void => {
      if (program === undefined) return;
      const { inputWidth: width, outputWidth: height } = program;
      this.#stages.push({ kind: "map", run: new Executable(program), width, height, rows: 0 });
      program = undefined;
    };
    for (const layer of network.layers) {
      if (layer instanceof Dropout) continue;
      if (layer instanceof Linear) program = joined(program, layer);
      else {
        close();
        this.#stages.push(layer instanceof Relu ? { kind: "relu" } : { kind: "layer", layer });
      }
    }
    close();
  }

  /**
   * The output for a batch, as of the network in inference; a new array.
   *
   * @throws {RangeError} when the network does not take that shape
   */
  apply(x: Tensor): Tensor {
    checkTensor(`apply ${this.#network.name}`, "the input", x);
    let shape = [x.shape[0], ...this.#network.outputShape(x.shape.slice(1))];
    const result = shape;
    shape = [...x.shape];
    let data = x.data, relu = false;
    // Room is made first: memory that grows takes views of it away.
    this.#reserve(shape);
    for (const stage of this.#stages) {
      if (stage.kind === "relu") {
        relu = true;
        continue;
      }
      if (stage.kind === "map") {
        const { run, width, height } = stage, rows = data.length / width, { input } = run;
        if (relu) rectify(data, input);
        else input.set(data);
        run.run(rows);
        data = run.output.subarray(0, rows * height);
        shape = [...shape.slice(0, -1), height];
      } else {
        const own = data === x.data && !relu ? data : data.slice();
        if (relu) rectify(data, own);
        ({ data, shape } = stage.layer.forward({ data: own, shape }) as {
          data: Float32Array;
          shape: number[];
        });
        this.#reserve(x.shape);
      }
      relu = false;
    }
    const out = new Float32Array(sizeOf(result));
    if (relu) rectify(data, out);
    else out.set(data);
    return { data: out, shape: result };
  }

  /** Makes room for the rows that each program will get. */
  #reserve(input: readonly number[]): void {
    let shape = [...input];
    for (const stage of this.#stages) {
      if (stage.kind === "layer") shape = [shape[0], ...stage.layer.outputShape(shape.slice(1))];
      if (stage.kind !== "map") continue;
      const rows = sizeOf(shape) / stage.width;
      if (rows > stage.rows) {
        stage.run.reserve(rows);
        stage.rows = rows;
      }
      shape = [...shape.slice(0, -1), stage.height];
    }
  }

  /** Gives the memory of the programs back; it must not be used any more. */
  dispose(): void {
    for (const stage of this.#stages) if (stage.kind === "map") stage.run.dispose();
  }
}

/** A program, or none, with a copy of that of a layer behind it. */
function joined(before: Program | undefined, layer: Linear): Program {
  // The weights of now: those of some programs are made of the parameters only when they are compiled.
  layer.map.wiring.write();
  const own = ownProgram(layer.map.wiring.program);
  if (before === undefined) return own;
  const builder = new ProgramBuilder(before.inputWidth);
  return builder.build(builder.append(builder.append(0, before), own));
}

function rectify(from: Float32Array, to: Float32Array): void {
  for (let i = 0; i < from.length; i++) to[i] = from[i] < 0 ? 0 : from[i];
}
