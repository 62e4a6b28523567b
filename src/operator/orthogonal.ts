/**
 * Orthogonal and unitary butterflies, given by angles.
 *
 * @module
 */

import { Random } from "../program/random.ts";
import { type Field, floats } from "../program/step.ts";
import { angleGradient, rotationBlocks, unitaryAngles, unitaryBlocks } from "./angles.ts";
import { Butterfly, type ButterflyOptions, type RandomButterflyOptions } from "./butterfly.ts";
import { checkField, checkList, checkSize, LARGEST } from "./check.ts";
import type { Gradient, Operator } from "./operator.ts";

/** The shape of an {@link OrthogonalButterfly}. */
export interface OrthogonalButterflyOptions extends ButterflyOptions {
  /**
   * For real blocks, one number for each angle: 1 for a rotation, −1 for a reflection. All are rotations when absent.
   */
  determinants?: ArrayLike<number>;
}

/** What reverse mode gives for an {@link OrthogonalButterfly}. */
export interface AngleGradient extends Gradient {
  /** The gradient of each angle, in the layout of {@link OrthogonalButterfly.angles}. */
  readonly angles: Float64Array<ArrayBuffer>;
}

/**
 * A butterfly whose 2×2 blocks are orthogonal (real) or unitary (complex) for any values of its angles, which are what
 * is stored and differentiated.
 *
 * A real block is [[p·cosθ, −p·sinθ], [sinθ, cosθ]], p = ±1 its determinant; a complex one
 * e^{iα}·[[e^{iψ}cosφ, e^{iχ}sinφ], [−e^{−iχ}sinφ, e^{−iψ}cosφ]]: all of O(2) and U(2) (Kaleidoscope's
 * `ButterflyUnitary`). One block with increasing strides is the class OB; two, the first decreasing, are
 * OBB = OB·OBᴴ. The whole map is orthogonal where rows = cols = n; elsewhere padding and cutting make it a corner of
 * orthogonal maps.
 *
 * @example
 * ```ts
 * import { OrthogonalButterfly } from "@papillon/papillon";
 * const map = OrthogonalButterfly.random(64, { seed: 1 });
 * const x = new Float32Array(64).fill(1), y = map.apply(x);
 * console.assert(Math.abs(Math.hypot(...y) - 8) < 1e-5); // norms are kept
 * console.assert(Math.abs(map.adjoint().apply(y)[5] - 1) < 1e-5); // the adjoint is the inverse
 * const { angles } = map.gradient(x, y);
 * console.assert(angles.length === map.angles.length);
 * ```
 */
export class OrthogonalButterfly extends Butterfly {
  /**
   * The angles in radians: real [stacks, blocks, log₂n, n/2], complex [stacks, blocks, log₂n, n/2, 4] with
   * (φ, α, ψ, χ) last. Blocks are counted as in {@link Butterfly.toTwiddle}. Not to be changed.
   */
  readonly angles: Float64Array<ArrayBuffer>;
  /** The determinant ±1 of each real block, in the layout of the angles; undefined where it is complex. */
  readonly determinants: Int8Array<ArrayBuffer> | undefined;

  /**
   * A butterfly from its angles; see also {@link OrthogonalButterfly.random}.
   *
   * @param cols size of the input
   * @param angles as {@link OrthogonalButterfly.angles} describes them; copied
   * @throws {RangeError} when their number does not fit, one is not finite, or a determinant is not ±1
   */
  constructor(cols: number, angles: ArrayLike<number>, options: OrthogonalButterflyOptions = {}) {
    const { field = "real", determinants } = options;
    checkField("an orthogonal butterfly", field);
    checkList("an orthogonal butterfly", "angles", angles);
    const expected = angleCount(cols, options);
    if (angles.length !== expected) {
      throw new RangeError(
        `Cannot make an orthogonal butterfly: expected ${expected} angles, got ${angles.length}`,
      );
    }
    if (field === "complex" && determinants !== undefined) {
      throw new TypeError("Cannot make an orthogonal butterfly: complex blocks take no determinants");
    }
    const blocks = field === "complex"
      ? unitaryBlocks(unitaryAngles(angles))
      : rotationBlocks(angles, determinants);
    super(cols, Butterfly.fromTwiddle(cols, blocks, options).factors, options);
    this.angles = Float64Array.from(angles);
    if (field === "real") {
      this.determinants = determinants ? Int8Array.from(determinants) : new Int8Array(angles.length).fill(1);
    }
  }

  /**
   * Random blocks, by the Haar measure of O(2) or U(2): a uniform angle and a fair coin for the determinant, or
   * φ = asin√u and three uniform angles. `init` has no meaning here.
   */
  static override random(cols: number, options: RandomButterflyOptions = {}): OrthogonalButterfly {
    const { seed = 0, bias = false, field = "real", rows = cols } = options;
    checkField("an orthogonal butterfly", field);
    const random = new Random(seed), angles = new Float64Array(angleCount(cols, options));
    const turn = (): number => 2 * Math.PI * random.uniform();
    for (let i = 0; i < angles.length; i++) {
      angles[i] = field === "complex" && i % 4 === 0 ? Math.asin(Math.sqrt(random.uniform())) : turn();
    }
    const determinants = field === "complex"
      ? undefined
      : Int8Array.from(angles, () => random.uniform() < 0.5 ? -1 : 1);
    const bound = 1 / Math.sqrt(cols);
    const shift = bias
      ? Float32Array.from({ length: rows * floats(field) }, () => bound * (2 * random.uniform() - 1))
      : undefined;
    return new OrthogonalButterfly(cols, angles, { ...options, determinants, bias: shift });
  }

  /** All angles zero. */
  static override identity(cols: number, options: ButterflyOptions = {}): OrthogonalButterfly {
    checkField("an orthogonal butterfly", options.field ?? "real");
    return new OrthogonalButterfly(cols, new Float64Array(angleCount(cols, options)), options);
  }

  /** The same butterfly with other angles; determinants and bias stay. */
  withAngles(angles: ArrayLike<number>): OrthogonalButterfly {
    const { rows, cols, field, increasing, blocks, bias, determinants } = this;
    return new OrthogonalButterfly(cols, angles, { rows, field, increasing, blocks, bias, determinants });
  }

  /** Numbers of the field: an angle for each real block, four (two complex numbers) for each complex one; and the bias. */
  override get parameters(): number {
    return this.angles.length / floats(this.field) + (this.bias ? this.rows : 0);
  }

  /**
   * Reverse mode, as for all operators, and the gradient of the angles: the inner product of each block's gradient
   * with its derivative.
   */
  override gradient(x: Float32Array, g: Float32Array): AngleGradient {
    const gradient = super.gradient(x, g), size = 2 * this.n * floats(this.field);
    const ofBlocks = new Butterfly(this.cols, gradient.weights.slice(0, this.factors.length), {
      rows: this.rows,
      field: this.field,
      increasing: this.increasing,
      blocks: this.blocks,
    });
    const twiddle = this.factors.length * size === 0 ? new Float32Array(0) : ofBlocks.toTwiddle();
    return { ...gradient, angles: angleGradient(this.field, this.angles, this.determinants, twiddle) };
  }

  /** The adjoint, which is the inverse where rows = cols = n; it is one of angles too if there is a single stack. */
  override adjoint(): Operator {
    return this.#reversed(true) ?? super.adjoint();
  }

  /** The transpose; it is one of angles too if there is a single stack. */
  override transpose(): Operator {
    return this.#reversed(false) ?? super.transpose();
  }

  #reversed(conjugate: boolean): OrthogonalButterfly | undefined {
    const { n, rows, cols, field, blocks, increasing } = this;
    if (this.stacks !== 1 || 2 * rows <= n) return undefined;
    const perFactor = n / 2, levels = this.factors.length, unit = field === "complex" ? 4 : 1;
    const angles = new Float64Array(this.angles.length);
    const determinants = field === "real" ? new Int8Array(angles.length) : undefined;
    for (let factor = 0; factor < levels; factor++) {
      for (let i = 0; i < perFactor; i++) {
        const from = (factor * perFactor + i) * unit, to = ((levels - 1 - factor) * perFactor + i) * unit;
        if (determinants) {
          const p = this.determinants![from];
          determinants[to] = p;
          // A reflection is its own transpose.
          angles[to] = p * -this.angles[from];
        } else {
          const [phi, alpha, psi, chi] = this.angles.subarray(from, from + 4);
          angles.set(conjugate ? [-phi, -alpha, -psi, chi] : [-phi, alpha, psi, -chi], to);
        }
      }
    }
    const last = increasing === (blocks % 2 === 1);
    const options = { rows: cols, field, blocks, increasing: !last, determinants };
    return new OrthogonalButterfly(rows, angles, options);
  }

  /** A short name for messages: "a 1024×1024 unitary butterfly". */
  override describe(): string {
    return `a ${this.rows}×${this.cols} ${this.field === "complex" ? "unitary" : "orthogonal"} butterfly`;
  }
}

/** How many angles a butterfly of this shape has. */
function angleCount(
  cols: number,
  { rows = cols, field = "real", blocks = 1 }: { rows?: number; field?: Field; blocks?: number },
): number {
  checkSize("an orthogonal butterfly", "cols", cols, LARGEST);
  checkSize("an orthogonal butterfly", "rows", rows);
  checkSize("an orthogonal butterfly", "blocks", blocks, 4096);
  let n = 1;
  while (n < cols) n *= 2;
  return Math.ceil(rows / n) * blocks * Math.log2(n) * (n / 2) * (field === "complex" ? 4 : 1);
}
