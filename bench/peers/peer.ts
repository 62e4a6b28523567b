/**
 * What a peer is: a library or a native routine that the benchmarks compare papillon with.
 *
 * @module
 */
import type { Subject } from "../lib/measure.ts";

/** How much effort goes into preparing a peer. */
export interface LoadOptions {
  /** Cheaper planning (FFTW_MEASURE in place of FFTW_PATIENT): for smoke tests only. */
  readonly quick?: boolean;
}

/** A peer that runs here. */
export interface AvailablePeer {
  readonly available: true;
  /** What a reader of the figures has to know, for instance the kernels that OpenBLAS chose. */
  readonly note?: string;
  /**
   * Makes the subjects of one size: several if the peer has several ways (ordered and unordered, real and complex),
   * none if it cannot do this size.
   */
  create(n: number, batch?: number): Promise<Subject[]>;
  /** The cost of a call that does nothing, if calls cross a border (FFI, Wasm). */
  overhead?(): Subject[];
}

/** A peer that does not run here, and why. */
export interface MissingPeer {
  readonly available: false;
  readonly reason: string;
}

/** A peer before it is loaded. */
export interface Peer {
  readonly name: string;
  /** Where it runs: plain JavaScript, WebAssembly, or machine code through the foreign function interface. */
  readonly kind: "js" | "wasm" | "native";
  /** May throw; `loadPeers` turns that into a `MissingPeer`. */
  load(options: LoadOptions): Promise<AvailablePeer | MissingPeer>;
}
