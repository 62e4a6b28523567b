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

/** The bytes of one of the two builds in a text. (As plain as can be: no engine has optimised it when it runs.) */
export function decodeKernels(text: string, fused: boolean): Uint8Array<ArrayBuffer> {
  // The other build is the larger one: an instruction may take 18 bytes in the place of one character.
  const bytes = new Uint8Array(text.length * (fused ? 3 : 18)), numbers = new Uint8Array(127);
  for (let code = 32, number = 0; code < 127; code++) {
    if (!"\"'`\\$".includes(String.fromCharCode(code))) numbers[code] = number++;
  }
  let local = 0, wanted = true, from = 0, at = 0;
  const next = (): number => numbers[text.charCodeAt(from++)];
  const byte = (number: number): number => {
    if (number < Mark.local) return number - SHIFT & 255;
    return next() + Mark.local + 90 * (number - Mark.middle) - SHIFT & 255;
  };
  const put = (...some: number[]): void => {
    for (const value of some) bytes[at++] = value;
  };
  /** An instruction on a local: 32 gets it, 33 sets it. */
  const access = (instruction: number, which: number): void => {
    const number = local + which;
    if (number > 127) put(instruction, number & 127 | 128, number >> 7);
    else put(instruction, number);
  };
  while (from < text.length) {
    const number = numbers[text.charCodeAt(from++)];
    if (number < Mark.local) {
      // An array of bytes takes numbers modulo 256.
      if (wanted) bytes[at++] = number - SHIFT;
    } else if (number >= Mark.relaxed) wanted = number === Mark.both || (number === Mark.relaxed) === fused;
    else if (number === Mark.local) local = byte(next()) | byte(next()) << 8;
    else if (number < Mark.madd) {
      const value = byte(number);
      if (wanted) bytes[at++] = value;
    } else if (fused) {
      bytes[at++] = 253;
      bytes[at++] = [133, 134, 128][number - Mark.madd];
      bytes[at++] = 2;
    } else if (number === Mark.swizzle) put(253, 14);
    else {
      access(33, 0);
      put(253, 230, 1);
      if (number === Mark.nmadd) access(33, 1);
      access(32, 0);
      if (number === Mark.nmadd) access(32, 1);
      put(253, number === Mark.madd ? 228 : 229, 1);
    }
  }
  return bytes.slice(0, at);
}
