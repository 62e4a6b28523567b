/**
 * Circulant matrices that are trained by their columns.
 *
 * @module
 */

import { circulant } from "../kaleidoscope/circulant.ts";
import { packedSpectrum, reversedSpectrum } from "../kaleidoscope/spectrum.ts";
import { bitReversal } from "../operator/permutation.ts";
import { type Program, ProgramBuilder } from "../program/program.ts";
import type { Random } from "../program/random.ts";
import { type FactorStep, isWeighted, type Step } from "../program/step.ts";
import type { Parameter } from "./layer.ts";
import { ownProgram, type Wiring } from "./map.ts";

/** The numbers of a program that depend on the column of a circulant matrix: at each frequency a 1×2 matrix. */
function isSpectrum(step: Step): step is FactorStep {
  return step.kind === "factor" && step.pattern.b === 1 && step.pattern.c === 2;
}

/** The program of a circulant matrix of n points, a power of two from 2 on. */
export function circulantProgram(column: Float32Array): Program {
  return circulant(column).program;
}

/**
 * The column of a random orthogonal circulant matrix of n points, a power of two from 2 on, times `scale`: its spectrum has
 * numbers of one modulus and random phases, so that however many follow each other, no frequency dies out.
 */
export function orthogonalColumn(n: number, scale: number, random: Random): Float32Array<ArrayBuffer> {
  const spectrum = new Float64Array(2 * n), column = new Float32Array(n), reverse = bitReversal(n);
  for (let k = 0; k <= n / 2; k++) {
    // The numbers at 0 and n/2 are real; opposite ones are conjugates.
    const angle = 2 * Math.PI * random.uniform(), ends = k === 0 || 2 * k === n;
    const re = ends ? (angle < Math.PI ? 1 : -1) : Math.cos(angle), im = ends ? 0 : Math.sin(angle);
    spectrum.set([re, im], 2 * k);
    if (!ends) spectrum.set([re, -im], 2 * (n - k));
  }
  reversedSpectrum(spectrum, [n]);
  for (let k = 0; k < n; k++) column[reverse[k]] = spectrum[2 * k] * scale / n;
  return column;
}

/**
 * Columns of n numbers, a power of two from 2 on, as the parameters of the circulant matrices in a program, in order. The
 * Fourier butterflies around the spectra stay as they are.
 */
export function wireCirculants(source: Program, columns: readonly Parameter[]): Wiring {
  const program = ownProgram(source), gradients: Float32Array[] = [];
  const spectra: { weights: Float32Array; gradient: Float32Array }[] = [];
  for (const step of program.steps) {
    if (!isWeighted(step)) continue;
    const gradient = new Float32Array((step.original ?? step.weights).length);
    gradients.push(gradient);
    if (isSpectrum(step)) spectra.push({ weights: step.weights, gradient });
  }
  return {
    program,
    parameters: columns,
    gradients,
    write(): void {
      spectra.forEach(({ weights }, i) => {
        const half = columns[i].value.length / 2, { a, b } = packedSpectrum(columns[i].value, [half]);
        weights.set(a);
        weights.set(b, 2 * half);
      });
    },
    fold(): void {
      spectra.forEach(({ gradient }, i) => foldSpectrum(gradient, columns[i].gradient));
    },
  };
}

/**
 * The adjoint of {@link packedSpectrum} on one axis: from the gradient of its a and b to that of the column. There a = E +
 * m·O and b = m'·O, with m = i·(1 − w)/2 and m' = i·(1 + w)/2, w = e^{−2πi·k/h}.
 */
function foldSpectrum(g: Float32Array, column: Float32Array): void {
  const h = column.length / 2, reverse = bitReversal(h);
  const even = new Float64Array(2 * h), odd = new Float64Array(2 * h);
  for (let k = 0; k < h; k++) {
    const frequency = reverse[k], angle = -2 * Math.PI * frequency / h;
    const re = Math.cos(angle), im = Math.sin(angle);
    const ar = g[2 * k], ai = g[2 * k + 1], br = g[2 * (h + k)], bi = g[2 * (h + k) + 1];
    // Conjugates, in natural order: what is left is a sum over frequencies times e^{+2πi…}.
    even[2 * frequency] = ar;
    even[2 * frequency + 1] = -ai;
    odd[2 * frequency] = (im * ar + (1 - re) * ai - im * br + (1 + re) * bi) / 2;
    odd[2 * frequency + 1] = -(im * ai - (1 - re) * ar - im * bi - (1 + re) * br) / 2;
  }
  reversedSpectrum(even, [h]);
  reversedSpectrum(odd, [h]);
  for (let k = 0; k < h; k++) {
    column[2 * reverse[k]] = even[2 * k];
    column[2 * reverse[k] + 1] = odd[2 * k];
  }
}

/** Appends programs that read the same value, puts their results one after another, and cuts them to `rows`. */
export function stacked(inputs: number, outputs: number, parts: readonly Program[]): Program {
  const builder = new ProgramBuilder(inputs);
  const padded = builder.window(0, parts[0].inputWidth, 0);
  const all = builder.concat(parts.map((part) => builder.append(padded, part)));
  return builder.build(builder.window(all, outputs, 0));
}
