/**
 * What learned permutations are judged by: the total variation of images, entropies, and Sinkhorn's normalisation.
 *
 * @module
 */

/** How {@link totalVariation} measures. */
export interface VariationOptions {
  /** The norm of the differences at a pixel: 1, or 2 (the default). */
  readonly norm?: 1 | 2;
  /** The power of that norm; 1. */
  readonly power?: number;
  /** Half the difference of both neighbours, instead of the difference to the next pixel; false. */
  readonly symmetric?: boolean;
  /** The sum over images rather than their mean; false. */
  readonly sum?: boolean;
  /** Where the gradient is written, as many numbers as there are pixels. */
  readonly gradient?: Float64Array;
}

/**
 * The total variation of images: at each pixel, a norm of the differences along both axes in all channels, to a power,
 * summed over pixels; differences over the border are zero (Rudin, Osher and Fatemi 1992; Kaleidoscope, B.3).
 *
 * @param images [images][channels][height][width]
 * @returns the mean over the images, or their sum
 * @throws {RangeError} when the lengths do not fit
 */
export function totalVariation(
  images: Float64Array,
  shape: { readonly channels: number; readonly height: number; readonly width: number },
  options: VariationOptions = {},
): number {
  const { channels, height, width } = shape, area = height * width, size = channels * area;
  const { norm = 2, power = 1, symmetric = false, sum = false, gradient } = options;
  if (!(size > 0) || images.length === 0 || images.length % size !== 0) {
    throw new RangeError(
      `Cannot measure the variation of images: ${images.length} numbers are no images of ${channels}×${height}×${width}`,
    );
  }
  if (gradient !== undefined && gradient.length !== images.length) {
    throw new RangeError(
      `Cannot measure the variation of images: expected room for a gradient of ${images.length} numbers, ` +
        `got ${gradient.length}`,
    );
  }
  gradient?.fill(0);
  const count = images.length / size, share = sum ? 1 : 1 / count, weight = symmetric ? 0.5 : 1;
  // The differences at one pixel: for each, what is subtracted from what, or nothing at the border.
  const from = new Int32Array(2 * channels),
    to = new Int32Array(2 * channels),
    delta = new Float64Array(2 * channels);
  let total = 0;
  for (let image = 0; image < images.length; image += size) {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        let length = 0;
        for (let axis = 0; axis < 2; axis++) {
          const place = axis === 0 ? row : column, last = (axis === 0 ? height : width) - 1;
          const step = axis === 0 ? width : 1;
          if (place === last || (symmetric && place === 0)) continue;
          for (let channel = 0; channel < channels; channel++) {
            const here = image + channel * area + row * width + column;
            to[length] = here + step;
            from[length] = symmetric ? here - step : here;
            delta[length] = weight * (images[to[length]] - images[from[length]]);
            length++;
          }
        }
        let size1 = 0;
        for (let k = 0; k < length; k++) size1 += norm === 1 ? Math.abs(delta[k]) : delta[k] * delta[k];
        const magnitude = norm === 1 ? size1 : Math.sqrt(size1);
        total += power === 1 ? magnitude : magnitude ** power;
        // At zero the norm has no gradient; 0 is one of its subgradients.
        if (gradient === undefined || magnitude === 0) continue;
        const outer = share * weight * (power === 1 ? 1 : power * magnitude ** (power - 1));
        for (let k = 0; k < length; k++) {
          const slope = outer * (norm === 1 ? Math.sign(delta[k]) : delta[k] / magnitude);
          gradient[to[k]] += slope;
          gradient[from[k]] -= slope;
        }
      }
    }
  }
  return total * share;
}

/** The entropy −Σ P·log₂P of numbers that are probabilities, in bits; zeros count nothing. */
export function entropyBits(probabilities: Float64Array): number {
  let sum = 0;
  for (const p of probabilities) if (p > 0) sum -= p * Math.log2(p);
  return sum;
}

/**
 * Sinkhorn's normalisation of an n×n matrix of logits: rows, then columns, are divided by their sums, so many times.
 * The limit is doubly stochastic.
 *
 * @returns the entries, not their logarithms
 * @throws {RangeError} when the matrix is not square
 */
export function sinkhorn(logits: Float64Array, iterations: number): Float64Array {
  const n = Math.sqrt(logits.length), values = logits.slice();
  if (!Number.isInteger(n) || n === 0) {
    throw new RangeError(`Cannot normalise ${logits.length} logits: expected a square matrix`);
  }
  for (let i = 0; i < iterations; i++) {
    for (let row = 0; row < n; row++) subtractLogSum(values, row * n, 1, n);
    for (let column = 0; column < n; column++) subtractLogSum(values, column, n, n);
  }
  return values.map(Math.exp);
}

function subtractLogSum(values: Float64Array, at: number, step: number, n: number): void {
  let largest = -Infinity, sum = 0;
  for (let k = 0; k < n; k++) largest = Math.max(largest, values[at + k * step]);
  for (let k = 0; k < n; k++) sum += Math.exp(values[at + k * step] - largest);
  const log = largest + Math.log(sum);
  for (let k = 0; k < n; k++) values[at + k * step] -= log;
}
