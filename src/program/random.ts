/**
 * Seeded random numbers: xoshiro128** (Blackman and Vigna 2018), its state filled by splitmix32.
 *
 * `Math.random` takes no seed, and everything random in this library must be repeatable. The generator is
 * fast and small and of good statistical quality; it is **not** for secrets.
 *
 * @module
 */

/** The integer hash of splitmix32: fills the state so that seeds 0, 1, 2 … give unrelated streams. */
function splitmix32(start: number): () => number {
  let state = start | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let word = state ^ (state >>> 16);
    word = Math.imul(word, 0x21f0aaad);
    word ^= word >>> 15;
    word = Math.imul(word, 0x735a2d97);
    return (word ^ (word >>> 15)) >>> 0;
  };
}

/**
 * A stream of random numbers that depends on its seed alone.
 *
 * Integers are the same everywhere; {@link Random.normal} uses `Math.log`, whose last bit may differ between
 * engines.
 *
 * @example
 * ```ts
 * const random = new Random(7);
 * random.uniform(); // the same number whenever the seed is 7
 * random.permutation(8); // Uint32Array of 0 … 7 in random order
 * ```
 */
export class Random {
  readonly #state = new Uint32Array(4);
  #spare = NaN;

  /**
   * Starts the stream of a seed.
   *
   * @param seed any safe integer, negative ones included.
   * @throws RangeError if the seed is not a safe integer.
   */
  constructor(seed = 0) {
    if (!Number.isSafeInteger(seed)) {
      throw new RangeError(`Cannot seed a random generator with ${seed}: expected a safe integer`);
    }
    const low = splitmix32(seed);
    const high = splitmix32(Math.floor(seed / 2 ** 32));
    for (let i = 0; i < 4; i++) this.#state[i] = low() ^ (high() << 1);
    // The all-zero state is the one from which xoshiro never leaves.
    if (this.#state.every((word) => word === 0)) this.#state[0] = 1;
  }

  /**
   * A generator with the given four words of state, not all zero, for comparison with other
   * implementations.
   */
  static fromState(words: readonly [number, number, number, number]): Random {
    const random = new Random(0);
    random.#state.set(words);
    if (random.#state.every((word) => word === 0)) {
      throw new RangeError(
        "Cannot start a random generator from the all-zero state: it would only give zeros",
      );
    }
    return random;
  }

  /** A uniform integer in 0 … 2³² − 1. */
  word(): number {
    const s = this.#state;
    const scrambled = Math.imul(s[1], 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result;
  }

  /** A uniform number in [0, 1), a multiple of 2⁻⁵³. */
  uniform(): number {
    const high = this.word() >>> 5;
    return (high * 2 ** 26 + (this.word() >>> 6)) * 2 ** -53;
  }

  /** A number of the standard normal distribution (Marsaglia's polar method, two numbers a pair). */
  normal(): number {
    if (!Number.isNaN(this.#spare)) {
      const value = this.#spare;
      this.#spare = NaN;
      return value;
    }
    for (;;) {
      const x = 2 * this.uniform() - 1;
      const y = 2 * this.uniform() - 1;
      const square = x * x + y * y;
      if (square > 0 && square < 1) {
        const radius = Math.sqrt((-2 * Math.log(square)) / square);
        this.#spare = y * radius;
        return x * radius;
      }
    }
  }

  /**
   * A uniform integer in 0 … n − 1, without bias.
   *
   * @throws RangeError if n is not an integer in 1 … 2³².
   */
  integer(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 32) {
      throw new RangeError(`Cannot draw an integer below ${n}: expected an integer from 1 to 2³²`);
    }
    // Words beyond the last full multiple of n would favour the small results: draw again.
    const limit = 2 ** 32 - (2 ** 32 % n);
    let word = this.word();
    while (word >= limit) word = this.word();
    return word % n;
  }

  /** Puts the elements of an array in random order, in place (Fisher and Yates), and returns the array. */
  shuffle<T extends Uint32Array | Float32Array | Float64Array | unknown[]>(array: T): T {
    for (let i = array.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const kept = array[i];
      array[i] = array[j];
      array[j] = kept;
    }
    return array;
  }

  /** A uniform random permutation of 0 … n − 1. */
  permutation(n: number): Uint32Array {
    return this.shuffle(Uint32Array.from({ length: n }, (_, i) => i));
  }
}
