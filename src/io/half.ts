/**
 * The two 16-bit floating-point formats, widened to float32, and back. Each of their values is a float32 value, so the
 * conversions are exact, subnormal numbers, infinities, signed zeros and the bits of a NaN included.
 *
 * @module
 */

/** IEEE binary16 bits (1 sign, 5 exponent, 10 fraction) to float32. */
export function float16ToFloat32(bits: Uint16Array): Float32Array {
  const out = new Float32Array(bits.length);
  const word = new Uint32Array(out.buffer);
  for (let i = 0; i < bits.length; i++) {
    const half = bits[i];
    const magnitude = (half & 0x7fff) << 13;
    if (magnitude >= 0x0f800000) {
      word[i] = magnitude | 0x7f800000; // infinity or NaN
    } else {
      // Exponent and fraction now stand where float32 has them, but with bias 15 for 127.
      word[i] = magnitude;
      out[i] *= 2 ** 112;
    }
    word[i] |= (half & 0x8000) << 16;
  }
  return out;
}

/** bfloat16 bits (the upper half of a float32) to float32. */
export function bfloat16ToFloat32(bits: Uint16Array): Float32Array {
  const word = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) word[i] = bits[i] << 16;
  return new Float32Array(word.buffer);
}

/** The binary16 bits of float32 numbers that are binary16 numbers, or undefined where one of them is not. */
export function float32ToFloat16(numbers: Float32Array): Uint16Array | undefined {
  const bits = new Uint16Array(numbers.length), word = wordsOf(numbers);
  const scaled = new Float32Array(1), small = new Uint32Array(scaled.buffer);
  for (let i = 0; i < bits.length; i++) {
    const magnitude = word[i] & 0x7fffffff;
    if (magnitude >= 0x7f800000) bits[i] = 0x7c00 | (magnitude & 0x7fffff) >>> 13;
    else {
      scaled[0] = Math.abs(numbers[i]) * 2 ** -112; // the bias of the exponent, 15 for 127
      bits[i] = Math.min(small[0] >>> 13, 0x7bff);
    }
    bits[i] |= (word[i] >>> 16) & 0x8000;
  }
  return same(word, wordsOf(float16ToFloat32(bits))) ? bits : undefined;
}

/** The bfloat16 bits of float32 numbers that are bfloat16 numbers, or undefined where one of them is not. */
export function float32ToBfloat16(numbers: Float32Array): Uint16Array | undefined {
  const word = wordsOf(numbers), bits = Uint16Array.from(word, (value) => value >>> 16);
  return word.every((value) => (value & 0xffff) === 0) ? bits : undefined;
}

function wordsOf({ buffer, byteOffset, length }: Float32Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length);
}

function same(a: Uint32Array, b: Uint32Array): boolean {
  return a.every((value, i) => value === b[i]);
}
