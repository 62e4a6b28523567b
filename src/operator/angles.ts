/**
 * Orthogonal and unitary 2×2 blocks from their angles.
 *
 * @module
 */

import type { Field } from "../program/step.ts";

/** The four angles of each block of {@link unitaryBlocks}, in radians. */
export interface UnitaryAngles {
  /** How much the two coordinates mix: 0 is diagonal, π/2 antidiagonal. asin√u with u uniform in [0, 1) for Haar. */
  phi: ArrayLike<number>;
  /** The phase of the whole block. */
  alpha: ArrayLike<number>;
  /** The relative phase on the diagonal. */
  psi: ArrayLike<number>;
  /** The relative phase off the diagonal. */
  chi: ArrayLike<number>;
}

/**
 * Real orthogonal blocks [[p·cosθ, −p·sinθ], [sinθ, cosθ]]: rotations where the determinant p is 1 (the default),
 * reflections where it is −1.
 *
 * @returns angles.length blocks, row-major, one after another: the layout of `Butterfly.fromTwiddle`
 * @throws {RangeError} when an angle is not finite, a determinant not ±1, or the lengths differ
 *
 * @example
 * ```ts
 * import { Butterfly, rotationBlocks } from "@papillon/papillon";
 * const rotation = Butterfly.fromTwiddle(2, rotationBlocks([Math.PI / 2]));
 * console.assert(Math.abs(rotation.apply(new Float32Array([1, 0]))[1] - 1) < 1e-6);
 * ```
 */
export function rotationBlocks(
  angles: ArrayLike<number>,
  determinants?: ArrayLike<number>,
): Float32Array<ArrayBuffer> {
  const count = angles.length;
  if (determinants !== undefined) checkLength("determinants", determinants, count);
  checkFinite("angles", angles);
  const blocks = new Float32Array(4 * count);
  for (let i = 0; i < count; i++) {
    const p = determinants?.[i] ?? 1, c = Math.cos(angles[i]), s = Math.sin(angles[i]);
    if (p !== 1 && p !== -1) {
      throw new RangeError(`Cannot make orthogonal blocks: determinants[${i}] must be 1 or -1, got ${p}`);
    }
    blocks[4 * i] = p * c;
    blocks[4 * i + 1] = -p * s;
    blocks[4 * i + 2] = s;
    blocks[4 * i + 3] = c;
  }
  return blocks;
}

/**
 * Unitary blocks e^{iα}·[[e^{iψ}cosφ, e^{iχ}sinφ], [−e^{−iχ}sinφ, e^{−iψ}cosφ]], which are all of U(2).
 *
 * @returns phi.length blocks, row-major and interleaved: the layout of `Butterfly.fromTwiddle`
 * @throws {RangeError} when an angle is not finite or the lengths differ
 */
export function unitaryBlocks({ phi, alpha, psi, chi }: UnitaryAngles): Float32Array<ArrayBuffer> {
  const count = phi.length;
  for (const [name, angles] of Object.entries({ phi, alpha, psi, chi })) {
    checkLength(name, angles, count);
    checkFinite(name, angles);
  }
  const blocks = new Float32Array(8 * count);
  for (let i = 0; i < count; i++) {
    const c = Math.cos(phi[i]), s = Math.sin(phi[i]), at = 8 * i;
    putPolar(blocks, at, c, alpha[i] + psi[i]);
    putPolar(blocks, at + 2, s, alpha[i] + chi[i]);
    putPolar(blocks, at + 4, -s, alpha[i] - chi[i]);
    putPolar(blocks, at + 6, c, alpha[i] - psi[i]);
  }
  return blocks;
}

/** Writes size·e^{i·angle}. */
function putPolar(values: Float32Array, at: number, size: number, angle: number): void {
  values[at] = size * Math.cos(angle);
  values[at + 1] = size * Math.sin(angle);
}

/** The four lists of angles from one of (φ, α, ψ, χ), (φ, α, ψ, χ) …, the layout of the papers' code. */
export function unitaryAngles(angles: ArrayLike<number>): UnitaryAngles {
  const list = (k: number): Float64Array => {
    const some = new Float64Array(angles.length / 4);
    for (let i = 0; i < some.length; i++) some[i] = angles[4 * i + k];
    return some;
  };
  return { phi: list(0), alpha: list(1), psi: list(2), chi: list(3) };
}

/**
 * The gradient of angles from that of the blocks they make, ∂L/∂re + i·∂L/∂im where complex.
 *
 * @param angles one for each real block, (φ, α, ψ, χ) for each complex one
 * @param determinants of real blocks; 1 where absent
 * @param gradient of the blocks, in their layout
 */
export function angleGradient(
  field: Field,
  angles: ArrayLike<number>,
  determinants: ArrayLike<number> | undefined,
  gradient: ArrayLike<number>,
): Float64Array<ArrayBuffer> {
  const result = new Float64Array(angles.length);
  if (field === "real") {
    for (let i = 0; i < angles.length; i++) {
      const p = determinants?.[i] ?? 1, c = Math.cos(angles[i]), s = Math.sin(angles[i]), at = 4 * i;
      result[i] = p * (-s * gradient[at] - c * gradient[at + 1]) + c * gradient[at + 2] -
        s * gradient[at + 3];
    }
    return result;
  }
  for (let i = 0; i < angles.length; i += 4) {
    const phi = angles[i], alpha = angles[i + 1], psi = angles[i + 2], chi = angles[i + 3];
    const c = Math.cos(phi), s = Math.sin(phi);
    // For an entry r·e^{iτ}: along is ∂L/∂r, turn is ∂L/∂τ ÷ r.
    const along: number[] = [], turn: number[] = [];
    [alpha + psi, alpha + chi, alpha - chi, alpha - psi].forEach((angle, entry) => {
      const re = gradient[2 * i + 2 * entry], im = gradient[2 * i + 2 * entry + 1];
      along.push(re * Math.cos(angle) + im * Math.sin(angle));
      turn.push(im * Math.cos(angle) - re * Math.sin(angle));
    });
    const t = [c * turn[0], s * turn[1], -s * turn[2], c * turn[3]];
    result[i] = -s * along[0] + c * along[1] - c * along[2] - s * along[3];
    result[i + 1] = t[0] + t[1] + t[2] + t[3];
    result[i + 2] = t[0] - t[3];
    result[i + 3] = t[1] - t[2];
  }
  return result;
}

function checkLength(name: string, values: ArrayLike<number>, count: number): void {
  if (values.length !== count) {
    throw new RangeError(`Cannot make orthogonal blocks: expected ${count} ${name}, got ${values.length}`);
  }
}

function checkFinite(name: string, values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      throw new RangeError(
        `Cannot make orthogonal blocks: ${name}[${i}] is ${values[i]}, which is not a finite number`,
      );
    }
  }
}
