/**
 * The two 16-bit floating-point formats, widened to float32. Each of their values is a float32 value, so the
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
