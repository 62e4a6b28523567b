/**
 * What can go wrong on the command line, and the exit code that says so.
 *
 * @module
 */

/** Exit codes: each command's help lists them. */
export const EXIT = {
  /** All went well. */
  ok: 0,
  /** Learning did not find a butterfly that is the matrix. */
  notFound: 1,
  /** The arguments or a file make no sense, or a file cannot be read or written. */
  badInput: 2,
  /** A fault of papillon itself. */
  fault: 70,
  /** Interrupted. */
  cancelled: 130,
} as const;

/** A fault of what the user gave: its message, a sentence, is all that is shown, and the exit code is 2. */
export class InputError extends Error {
  override readonly name = "InputError";
}

/** Runs library code on what the user gave: the TypeErrors and RangeErrors with which it refuses become InputErrors. */
export function refusing<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) {
      throw new InputError(error.message, { cause: error });
    }
    throw error;
  }
}
