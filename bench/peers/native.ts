/**
 * What the native peers share: finding a library, and memory with a fixed address.
 *
 * @module
 */

/**
 * Zeroed float32 memory on a 64-byte boundary (a cache line, and the widest vector register), which is what FFTW's and
 * OpenBLAS's own allocators give. Keep the array reachable as long as native code holds its address.
 */
export function alignedFloat32(length: number): Float32Array<ArrayBuffer> {
  const buffer = new ArrayBuffer(length * 4 + 64);
  const past = Number(Deno.UnsafePointer.value(Deno.UnsafePointer.of(new Uint8Array(buffer))) % 64n);
  return new Float32Array(buffer, (64 - past) % 64, length);
}

/** The address of an array, to be passed again and again: cheaper than a "buffer" argument, which is resolved at each call. */
export function addressOf(array: Float32Array<ArrayBuffer>): Deno.PointerValue {
  return Deno.UnsafePointer.of(array);
}

/** The C string that a library returned. */
export function cString(pointer: Deno.PointerValue): string {
  return pointer === null ? "" : new Deno.UnsafePointerView(pointer).getCString();
}

/**
 * Opens the first library that can be opened.
 *
 * @param variable an environment variable that may name another build of the library, to be used instead.
 * @param names file names, one for each system.
 * @param hint how to install it, for the message.
 * @throws Error naming the library, the reason, and the hint.
 */
export function openLibrary<S extends Deno.ForeignLibraryInterface>(
  variable: string,
  names: readonly string[],
  symbols: S,
  hint: string,
): Deno.DynamicLibrary<S> {
  let reason = "";
  const chosen = Deno.env.get(variable);
  const candidates = chosen ? [chosen] : names;
  for (const name of candidates) {
    try {
      return Deno.dlopen(name, symbols);
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw new Error(`${name} needs --allow-ffi`);
      reason ||= error instanceof Error ? error.message : String(error);
    }
  }
  throw new Error(`${candidates[0]} could not be opened (${hint}): ${reason}`);
}
