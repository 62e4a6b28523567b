/**
 * Writes the relaxed build of the kernels as the text that src/kernels/text.ts reads, from which the other build comes
 * as well: a fused multiply-add becomes a multiplication and an addition, with what lies on top of the stack put into a
 * local of the function meanwhile.
 */
import { Mark, SHIFT } from "../src/kernels/text.ts";

/** Printable characters that need no escape in any kind of string. */
const ALPHABET = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))
  .filter((letter) => !"\"'`\\$".includes(letter));

/** The last of the three bytes of each instruction that is replaced is 2, the first 253; here the second. */
const REPLACED = new Map<number, number>([[133, Mark.madd], [134, Mark.nmadd], [128, Mark.swizzle]]);

/** Whether an instruction that is replaced starts at a place in code. */
export function isReplaced(code: Uint8Array, at: number): boolean {
  return code[at] === 253 && REPLACED.has(code[at + 1]) && code[at + 2] === 2;
}

/** Sections of a module that matter here. */
const TYPES = 1, FUNCTIONS = 3, CODE = 10;
/** The type of a local that is a vector. */
const VECTOR = 123;

/** An unsigned number of variable length. */
function leb(value: number): number[] {
  return value < 128 ? [value] : [value & 127 | 128, ...leb(value >>> 7)];
}

/** Reads a module byte by byte. */
class Cursor {
  at: number;
  constructor(readonly bytes: Uint8Array, at = 0) {
    this.at = at;
  }
  number(): number {
    let value = 0, shift = 0, byte: number;
    do {
      byte = this.bytes[this.at++];
      value |= (byte & 127) << shift;
      shift += 7;
    } while (byte & 128);
    return value >>> 0;
  }
}

/** Where the sections of a module are: after their length, by their number. */
function sections(bytes: Uint8Array): Map<number, { from: number; start: number; end: number }> {
  const found = new Map<number, { from: number; start: number; end: number }>(),
    cursor = new Cursor(bytes, 8);
  while (cursor.at < bytes.length) {
    const id = bytes[cursor.at++], from = cursor.at, length = cursor.number();
    found.set(id, { from, start: cursor.at, end: cursor.at + length });
    cursor.at += length;
  }
  return found;
}

/** How many parameters each function of a module has. */
function parametersOf(bytes: Uint8Array): number[] {
  const all = sections(bytes), types = new Cursor(bytes, all.get(TYPES)!.start);
  const counts = Array.from({ length: types.number() }, () => {
    types.at++; // that it is a function
    const count = types.number();
    types.at += count;
    const results = types.number();
    types.at += results;
    return count;
  });
  const functions = new Cursor(bytes, all.get(FUNCTIONS)!.start);
  return Array.from({ length: functions.number() }, () => counts[functions.number()]);
}

/** How many bytes more an instruction takes where it is not fused. */
function growth(mark: number, local: number): number {
  if (mark === Mark.swizzle) return -1;
  const first = 1 + leb(local).length, second = 1 + leb(local + 1).length;
  return 3 + 2 * first + (mark === Mark.nmadd ? 2 * second : 0);
}

const letters = (numbers: readonly number[]): string => numbers.map((number) => ALPHABET[number]).join("");

/** Bytes that both builds have. */
function common(bytes: Iterable<number>): string {
  let text = "";
  for (const byte of bytes) {
    const number = byte + SHIFT & 255;
    if (number < Mark.local) text += letters([number]);
    else {
      const rest = number - Mark.local;
      text += letters([rest < 90 ? Mark.middle : Mark.high, rest % 90]);
    }
  }
  return text;
}

/** Bytes that the two builds have in the same place. */
function either(relaxed: readonly number[], simd: readonly number[]): string {
  const same = relaxed.length === simd.length && relaxed.every((byte, i) => byte === simd[i]);
  if (same) return common(relaxed);
  return letters([Mark.relaxed]) + common(relaxed) + letters([Mark.simd]) + common(simd) +
    letters([Mark.both]);
}

/** A function: its text without its size, and its sizes in the two builds. */
interface Body {
  readonly text: string;
  readonly relaxed: number;
  readonly simd: number;
}

/** A function, which starts with the declarations of its locals. */
function encodeBody(bytes: Uint8Array, parameters: number): Body {
  const cursor = new Cursor(bytes), groups = cursor.number(), first = cursor.at;
  let local = parameters;
  for (let group = 0; group < groups; group++) {
    local += cursor.number();
    cursor.at++;
  }
  const declared = bytes.subarray(first, cursor.at), code = bytes.subarray(cursor.at);
  let text = "", simd = code.length, from = 0;
  for (let at = 0; at + 2 < code.length; at++) {
    if (!isReplaced(code, at)) continue;
    const mark = REPLACED.get(code[at + 1])!;
    text += common(code.subarray(from, at)) + letters([mark]);
    simd += growth(mark, local);
    from = at += 3;
    at--;
  }
  text += common(code.subarray(from));
  if (from === 0) return { text: common(bytes), relaxed: bytes.length, simd: bytes.length };
  // Two vectors more, in a group of their own.
  const more = [...leb(groups + 1), ...declared, 2, VECTOR];
  const head = either([...leb(groups), ...declared], more) + letters([Mark.local]) +
    common([local & 255, local >> 8]);
  return { text: head + text, relaxed: bytes.length, simd: simd + more.length };
}

/** The text of a module with relaxed instructions, and of its counterpart without. */
export function encodeKernels(bytes: Uint8Array): string {
  const { from, start, end } = sections(bytes).get(CODE)!, counts = parametersOf(bytes);
  const cursor = new Cursor(bytes, start), bodies: Body[] = [];
  for (let left = cursor.number(); left > 0; left--) {
    const size = cursor.number();
    bodies.push(encodeBody(bytes.subarray(cursor.at, cursor.at + size), counts[bodies.length]));
    cursor.at += size;
  }
  const count = leb(bodies.length);
  const size = (which: "relaxed" | "simd"): number[] =>
    leb(bodies.reduce((sum, body) => sum + leb(body[which]).length + body[which], count.length));
  return common(bytes.subarray(0, from)) + either(size("relaxed"), size("simd")) + common(count) +
    bodies.map(({ text, relaxed, simd }) => either(leb(relaxed), leb(simd)) + text).join("") +
    common(bytes.subarray(end));
}
