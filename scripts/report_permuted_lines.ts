/**
 * Rows and columns of images that are put in order from total variation alone, and what that is compared with.
 */
import { learnPermutation, Random } from "../src/mod.ts";

/** Images of side×side pixels, one after another. */
export interface Images {
  readonly data: ArrayLike<number>;
  readonly side: number;
}

/**
 * The anisotropic total variation Σ|x[i+1,j] − x[i,j]| + |x[i,j+1] − x[i,j]|, the mean over the images, with its gradient; what
 * is outside of an image is black. Without that, it would be smaller still to cut digits through the middle.
 */
export function variation(x: Float64Array, side: number, gradient: Float64Array): number {
  const area = side * side, share = area / x.length;
  let total = 0;
  gradient.fill(0);
  for (let at = 0; at < x.length; at += area) {
    for (let i = 0; i <= side; i++) {
      for (let j = 0; j < side; j++) {
        const here = at + i * side + j, down = (i < side ? x[here] : 0) - (i > 0 ? x[here - side] : 0);
        if (down !== 0) {
          const slope = down > 0 ? share : -share;
          total += slope * down;
          if (i < side) gradient[here] += slope;
          if (i > 0) gradient[here - side] -= slope;
        }
      }
    }
    for (let i = 0; i < side; i++) {
      const line = at + i * side;
      for (let j = 0; j <= side; j++) {
        const right = (j < side ? x[line + j] : 0) - (j > 0 ? x[line + j - 1] : 0);
        if (right === 0) continue;
        const slope = right > 0 ? share : -share;
        total += slope * right;
        if (j < side) gradient[line + j] += slope;
        if (j > 0) gradient[line + j - 1] -= slope;
      }
    }
  }
  return total;
}

/** The ink of each row and of each column of each image: [image][axis][line]. */
function inks({ data, side }: Images): Float64Array {
  const sums = new Float64Array(data.length / side * 2);
  for (let at = 0; at < data.length; at++) {
    const image = Math.floor(at / (side * side)) * 2 * side, place = at % (side * side);
    sums[image + Math.floor(place / side)] += data[at];
    sums[image + side + place % side] += data[at];
  }
  return sums;
}

/** Rows, then columns, without any ink in all images: nothing tells one of them from another. */
export function blankLines(images: Images): readonly [boolean[], boolean[]] {
  const sums = inks(images), { side } = images;
  const blank = Array.from({ length: 2 * side }, () => true);
  sums.forEach((sum, i) => {
    if (sum > 0) blank[i % (2 * side)] = false;
  });
  return [blank.slice(0, side), blank.slice(side)];
}

/** Images whose pixels change places, y[i] = x[index[i]], in float64 or float32 as they are given. */
export function gathered<T extends Float32Array | Float64Array>(data: T, index: ArrayLike<number>): T {
  const y = data.slice() as T, size = index.length;
  for (let at = 0; at < data.length; at += size) {
    for (let i = 0; i < size; i++) y[at + i] = data[at + index[i]];
  }
  return y;
}

/** The permutation of all pixels by one of rows and one of columns. */
export function ofAxes([rows, columns]: readonly (readonly number[])[]): Uint32Array {
  const side = columns.length;
  return Uint32Array.from(
    { length: rows.length * side },
    (_, i) => rows[Math.floor(i / side)] * side + columns[i % side],
  );
}

/** The blank lines of an axis in equal parts on both sides, where they are all at its ends; as it is otherwise. */
export function centred(axis: readonly number[], blank: readonly boolean[]): number[] {
  const { length: n } = axis, empty = blank.filter(Boolean).length;
  const first = axis.findIndex((line) => !blank[line]);
  if (first < 0 || axis.slice(first, first + n - empty).some((line) => blank[line])) return [...axis];
  const turn = first - Math.ceil(empty / 2);
  return axis.map((_, i) => axis[(i + turn + n) % n]);
}

/** How an axis that was learned compares with the truth. */
export interface Compared {
  /** How many places show the right line; blank ones are as good as each other. All of them where it is exact. */
  readonly right: number;
  /** Whether that is counted backwards. */
  readonly flipped: boolean;
  /** By how many lines everything is moved along. */
  readonly moved: number;
  /** The true number of the line that belongs to each place then, or −1 for a blank one. */
  readonly shown: readonly number[];
}

/** Compares the true numbers of lines in the order found with 0, 1, 2 …, forwards or backwards, at the best shift. */
export function compared(lines: readonly number[], blank: readonly boolean[]): Compared {
  const n = lines.length, all: Compared[] = [];
  const moves = [...blank.keys()].flatMap((move) => move === 0 ? [0] : [move, -move]);
  for (const flipped of [false, true]) {
    for (const moved of moves) {
      const shown = lines.map((_, place) => {
        const line = flipped ? n - 1 - place + moved : place - moved;
        return line < 0 || line >= n || blank[line] ? -1 : line;
      });
      const right = shown.filter((line, place) =>
        line < 0 ? blank[lines[place]] : line === lines[place]
      ).length;
      all.push({ right, flipped, moved, shown });
    }
  }
  return all.reduce((best, one) => one.right > best.right ? one : best);
}

/** How many images look the same as the originals, every pixel, at the places that are compared. */
export function sameImages(
  found: ArrayLike<number>,
  original: ArrayLike<number>,
  [rows, columns]: readonly Compared[],
): number {
  const n = rows.shown.length, area = n * n;
  let same = 0;
  for (let at = 0; at < found.length; at += area) {
    const equal = rows.shown.every((row, i) =>
      columns.shown.every((column, j) =>
        found[at + i * n + j] === (row < 0 || column < 0 ? 0 : original[at + row * n + column])
      )
    );
    if (equal) same++;
  }
  return same;
}

/**
 * Differences of lines of all images together, the mean over images of Σ|x[a] − x[b]|: rows, then columns. Line number
 * `side` is what is outside, black. They are all that the total variation of images with permuted lines depends on.
 */
export function lineDifferences({ data, side }: Images): readonly [Float64Array, Float64Array] {
  const n = side + 1, area = side * side, count = data.length / area;
  const sums = [new Float64Array(n * n), new Float64Array(n * n)] as const;
  for (let at = 0; at < data.length; at += area) {
    for (const [axis, step, along] of [[0, side, 1], [1, 1, side]]) {
      const own = sums[axis];
      for (let a = 1; a < n; a++) {
        for (let b = 0; b < a; b++) {
          let sum = 0;
          for (let k = 0, i = at + b * step, j = at + a * step; k < side; k++, i += along, j += along) {
            sum += Math.abs(data[i] - (a < side ? data[j] : 0));
          }
          own[a * n + b] += sum / count;
        }
      }
    }
  }
  for (const own of sums) {
    for (let a = 1; a < n; a++) for (let b = 0; b < a; b++) own[b * n + a] = own[a * n + b];
  }
  return sums;
}

/**
 * The total variation along one axis of images whose lines are permuted, with the gradient. For lines mixed by P it is
 * Σ_i Σ_ab P[i,a]·P[i+1,b]·D[a,b], the mean when the line of each place is drawn on its own: linear in each row of P, so that
 * blurring gains nothing.
 *
 * @param lines the unit vectors of the lines, permuted or mixed: P[i,a] = lines[a·n + i]
 */
export function lineVariation(
  differences: Float64Array,
  lines: Float64Array,
  gradient: Float64Array,
): number {
  const n = Math.sqrt(lines.length), m = n + 1;
  const means = new Float64Array(m); // of the differences of a line to what is at one place
  let total = 0;
  gradient.fill(0);
  // Each place against the next, from outside (−1) to outside (n).
  for (let i = -1; i < n; i++) {
    means.fill(0);
    if (i < 0) means.set(differences.subarray(n * m, n * m + m));
    else {
      for (let a = 0; a < n; a++) {
        const p = lines[a * n + i];
        if (p !== 0) { for (let b = 0; b < m; b++) means[b] += p * differences[a * m + b]; }
      }
    }
    if (i + 1 === n) total += means[n];
    else {
      for (let b = 0; b < n; b++) {
        total += lines[b * n + i + 1] * means[b];
        gradient[b * n + i + 1] += means[b];
      }
    }
  }
  // The same from the other side, for the gradient alone.
  for (let i = n; i > 0; i--) {
    means.fill(0);
    if (i === n) means.set(differences.subarray(n * m, n * m + m));
    else {
      for (let a = 0; a < n; a++) {
        const p = lines[a * n + i];
        if (p !== 0) { for (let b = 0; b < m; b++) means[b] += p * differences[a * m + b]; }
      }
    }
    for (let b = 0; b < n; b++) gradient[b * n + i - 1] += means[b];
  }
  return total;
}

/** The unit vectors of n lines, one after another. */
export function unitVectors(n: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, i) => i % (n + 1) === 0 ? 1 : 0);
}

/** What became of one axis. */
export interface Learned {
  /** Place i shows line axis[i] of the permuted image. */
  readonly axis: readonly number[];
  /** The mean variation of the samples of each step. */
  readonly annealed: readonly number[];
  /** That of the permutation it was rounded to. */
  readonly rounded: number;
  /** Changes that made it smaller: how many had been tried, and what it came to. */
  readonly improved: readonly (readonly [number, number])[];
}

/** How {@link learnLines} works. */
export interface LineOptions {
  readonly seed: number;
  readonly steps: number;
  readonly samples: number;
  readonly rate: number;
  readonly temperatures: readonly [number, number];
  readonly entropy: number;
  readonly signal?: AbortSignal;
}

/** Learns the order of the lines of one axis; undefined when it was interrupted. */
export async function learnLines(
  differences: Float64Array,
  options: LineOptions,
): Promise<Learned | undefined> {
  const { steps, samples } = options, n = Math.sqrt(differences.length) - 1;
  const annealed: number[] = [], improved: [number, number][] = [];
  let calls = 0, sum = 0, least = Infinity;
  const { index, stopped } = await learnPermutation(unitVectors(n), n, (lines, gradient) => {
    const value = lineVariation(differences, lines, gradient), tried = calls++ - steps * samples;
    if (tried < 0) {
      sum += value;
      if (calls % samples === 0) {
        annealed.push(sum / samples);
        sum = 0;
      }
    } else if (value < least) improved.push([tried, least = value]);
    return value;
  }, { ...options, starts: 1 });
  return stopped === "starts" ? { axis: [...index], annealed, rounded: improved[0][1], improved } : undefined;
}

/** Digits of side×side at random places of their frame: the box around the ink of each is put anywhere in it. */
export function anywhere({ data, side }: Images, seed: number): Float32Array<ArrayBuffer> {
  const sums = inks({ data, side }), random = new Random(seed), area = side * side;
  const moved = new Float32Array(data.length);
  for (let image = 0; image * area < data.length; image++) {
    const shifts = [0, 1].map((axis) => {
      const own = sums.subarray((2 * image + axis) * side, (2 * image + axis + 1) * side);
      const first = own.findIndex((ink) => ink > 0), last = own.findLastIndex((ink) => ink > 0);
      return first < 0 ? 0 : random.integer(side - (last - first)) - first;
    });
    for (let i = 0; i < area; i++) {
      const value = data[image * area + i];
      if (value !== 0) moved[image * area + i + shifts[0] * side + shifts[1]] = value;
    }
  }
  return moved;
}
