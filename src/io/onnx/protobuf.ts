/**
 * As much of protobuf as ONNX needs: messages are lists of fields, written one after another.
 *
 * @module
 */

const encoder = /* @__PURE__ */ new TextEncoder();

/** One field, or several, as parts to be joined at the end: tensors are never copied before. */
export type Parts = readonly Uint8Array[];

/** Bytes of all parts. */
export function sizeOf(parts: Parts): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

function varint(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  // No shifts: sizes may pass 2³¹.
  for (; rest > 127; rest = Math.floor(rest / 128)) out.push(rest % 128 + 128);
  out.push(rest);
  return out;
}

/** A field that holds a whole number from 0 on. */
export function integer(field: number, value: number): Parts {
  return [Uint8Array.from([...varint(field * 8), ...varint(value)])];
}

/** A field that holds text, bytes, or a message. */
export function bytes(field: number, content: string | Uint8Array | Parts): Parts {
  const parts = typeof content === "string"
    ? [encoder.encode(content)]
    : content instanceof Uint8Array
    ? [content]
    : content;
  return [Uint8Array.from([...varint(field * 8 + 2), ...varint(sizeOf(parts))]), ...parts];
}

/** All parts in one array. */
export function joined(parts: Parts): Uint8Array {
  const out = new Uint8Array(sizeOf(parts));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
