/**
 * The kernels as text: one text for two builds, the relaxed one and, for engines without relaxed SIMD, the same with
 * each fused operation replaced by two. scripts/kernel_text.ts writes it.
 *
 * Bytes are the printable characters without quotes, `$` and `\`, so that gzip sees what it would see in the binary.
 * The first 81 of these 90 are the bytes from 253 on, around to 77; the others are told by two characters each. The
 * last nine characters are the marks below.
 *
 * @module
 */

/** What the last characters of the alphabet mean, as their numbers in it. */
export const Mark = {
  /** The first of the two locals of a function that hold an operand meanwhile: a byte follows. */
  local: 81,
  /** A byte from 78 on, by the next character; and one from 168 on. */
  middle: 82,
  high: 83,
  /** c + a·b and c − a·b of the three vectors on the stack, and the choice of bytes. */
  madd: 84,
  nmadd: 85,
  swizzle: 86,
  /** What is in the relaxed build alone; in the other alone; in both again. */
  relaxed: 87,
  simd: 88,
  both: 89,
} as const;

/** Added to a byte (modulo 256) to get its number: the prefix of vector instructions and small numbers come first. */
export const SHIFT = 3;

/** The number in the alphabet of a character, told by its code. */
function numberOf(code: number): number {
  return code - 32 - +(code > 34) - +(code > 36) - +(code > 39) - +(code > 92) - +(code > 96);
}

/** The bytes of one of the two builds in a text. */
export function decodeKernels(text: string, fused: boolean): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  let local = 0, wanted = true, at = 0;
  const next = (): number => numberOf(text.charCodeAt(at++));
  const byte = (number: number): number => {
    const page = number - Mark.middle;
    return (page < 0 ? number : next() + Mark.local + 90 * page) - SHIFT & 255;
  };
  /** An instruction on a local: 32 gets it, 33 sets it. */
  const access = (instruction: number, which: number): void => {
    const number = local + which;
    bytes.push(instruction);
    if (number > 127) bytes.push(number & 127 | 128, number >> 7);
    else bytes.push(number);
  };
  while (at < text.length) {
    const number = next();
    if (number >= Mark.relaxed) wanted = number === Mark.both || (number === Mark.relaxed) === fused;
    else if (number === Mark.local) local = byte(next()) | byte(next()) << 8;
    else if (number < Mark.madd) {
      const value = byte(number);
      if (wanted) bytes.push(value);
    } else if (fused) bytes.push(253, [133, 134, 128][number - Mark.madd], 2);
    else if (number === Mark.swizzle) bytes.push(253, 14);
    else {
      access(33, 0);
      bytes.push(253, 230, 1);
      if (number === Mark.nmadd) access(33, 1);
      access(32, 0);
      if (number === Mark.nmadd) access(32, 1);
      bytes.push(253, number === Mark.madd ? 228 : 229, 1);
    }
  }
  return new Uint8Array(bytes);
}
