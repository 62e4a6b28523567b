/**
 * All peers. Each is imported only when it is loaded, so that one that is missing or breaks leaves the others alone.
 *
 * @module
 */
import type { AvailablePeer, LoadOptions, MissingPeer, Peer } from "./peer.ts";

export type { AvailablePeer, LoadOptions, MissingPeer, Peer } from "./peer.ts";

/** What a peer computes: Fourier transforms, products with a dense matrix, or what constructions.ts has. */
export type Does = "transforms" | "products" | "constructions";

/** A peer's name, and how to import it. */
interface Entry {
  readonly name: string;
  readonly does: Does;
  readonly import: () => Promise<Peer>;
}

/** In the order in which tables show them. */
const ENTRIES: readonly Entry[] = [
  { name: "fft.js", does: "transforms", import: async () => (await import("./fft_js.ts")).fftJs },
  { name: "ooura", does: "transforms", import: async () => (await import("./ooura.ts")).ooura },
  { name: "webfft", does: "transforms", import: async () => (await import("./webfft.ts")).webfft },
  { name: "kissfft-wasm", does: "transforms", import: async () => (await import("./kissfft.ts")).kissfft },
  { name: "pffft-wasm", does: "transforms", import: async () => (await import("./pffft.ts")).pffft },
  { name: "FFTW", does: "transforms", import: async () => (await import("./fftw.ts")).fftw },
  { name: "TypeScript loops", does: "products", import: async () => (await import("./dense_ts.ts")).denseTs },
  {
    name: "onnxruntime-web",
    does: "products",
    import: async () => (await import("./onnxruntime.ts")).onnxruntime,
  },
  { name: "tfjs wasm", does: "products", import: async () => (await import("./tfjs.ts")).tfjs },
  { name: "jax-js wasm", does: "products", import: async () => (await import("./jax.ts")).jaxJs },
  { name: "OpenBLAS", does: "products", import: async () => (await import("./openblas.ts")).openblas },
  {
    name: "constructions",
    does: "constructions",
    import: async () => (await import("./constructions.ts")).constructions,
  },
];

/** A peer after loading, whether it runs here or not. */
export type LoadedPeer =
  & { readonly name: string; readonly does: Does; readonly kind?: Peer["kind"] }
  & (AvailablePeer | MissingPeer);

/** The names that `loadPeers` knows. */
export const peerNames: readonly string[] = ENTRIES.map((entry) => entry.name);

/**
 * Loads peers; never throws.
 *
 * @param names which (all, if left out).
 * @returns one entry for each, in table order; those that do not run here have `available: false` and a reason.
 */
export async function loadPeers(
  names: readonly string[] = peerNames,
  options: LoadOptions = {},
): Promise<LoadedPeer[]> {
  const loaded: LoadedPeer[] = [];
  for (const entry of ENTRIES.filter(({ name }) => names.includes(name))) {
    try {
      const peer = await entry.import();
      loaded.push({ name: entry.name, does: entry.does, kind: peer.kind, ...await peer.load(options) });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      loaded.push({ name: entry.name, does: entry.does, available: false, reason: reason.split("\n")[0] });
    }
  }
  return loaded;
}
