// A spoken digit behind HTTP: a WAV file in, the digit out, for everything that answers a Request with a Response.
import { readWav, type Wav } from "@papillon/papillon";
import { type Limits, readBody, Refusal } from "../edge/handler.ts";
import { clipAt } from "./clip.ts";
import type { Digits } from "./digits.ts";
import { RATE } from "./network.ts";

const TYPES = ["audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave", "application/octet-stream"];
/** Rates that recordings may have. */
const LOWEST = 4000, HIGHEST = 192_000;

/**
 * A handler that answers `POST /digit` with `{ digit, probabilities, ms }` for the WAV file in the body, mono and 16-bit PCM.
 * Other rates than 8 kHz are made 8 kHz first, and `resampledFrom` says so. `GET /` tells what is served. Everything else is
 * refused with a status of 4xx and a sentence.
 */
export function createHandler(
  digits: Digits,
  { bytes: most = 1 << 20 }: Limits = {},
): (request: Request) => Promise<Response> {
  const tell = async (request: Request): Promise<Response> => {
    const type = request.headers.get("content-type")?.split(";")[0].trim().toLowerCase() ?? "";
    if (!TYPES.includes(type) || request.headers.has("content-encoding")) {
      const accepted = TYPES.join(", ");
      throw new Refusal(415, `The body must be one of ${accepted}, and not be compressed.`, {
        "accept-post": accepted,
      });
    }
    const bytes = await readBody(request, most), start = performance.now();
    const { samples, sampleRate } = read(bytes);
    if (sampleRate < LOWEST || sampleRate > HIGHEST) {
      throw new Refusal(422, `The rate is ${sampleRate} Hz: expected one from ${LOWEST} to ${HIGHEST}.`);
    }
    const clip = clipAt(samples, sampleRate);
    if (clip === undefined) throw new Refusal(422, "There is no sound in the recording.");
    const heard = digits.tell(clip), ms = performance.now() - start;
    return Response.json({
      ...heard,
      ms: Math.round(1000 * ms) / 1000,
      ...(sampleRate === RATE ? {} : { resampledFrom: sampleRate }),
    });
  };

  return async (request) => {
    try {
      const { pathname } = new URL(request.url), { method } = request;
      const allowed = pathname === "/digit" ? "POST" : pathname === "/" ? "GET" : undefined;
      if (allowed === undefined) {
        throw new Refusal(404, "There is nothing here: POST a WAV file to /digit.");
      }
      if (method !== allowed) {
        throw new Refusal(405, `${pathname} takes ${allowed}, not ${method}.`, { allow: allowed });
      }
      const { front, parameters } = digits;
      return allowed === "POST"
        ? await tell(request)
        : Response.json({ front, parameters, rate: RATE, bytes: most });
    } catch (fault) {
      if (!(fault instanceof Refusal)) throw fault;
      return Response.json({ error: fault.message }, { status: fault.status, headers: fault.headers });
    }
  };
}

/** What is no such file is the fault of who sent it. */
function read(bytes: Uint8Array): Wav {
  try {
    return readWav(bytes);
  } catch (fault) {
    if (fault instanceof RangeError) throw new Refusal(400, `${fault.message}.`);
    throw fault;
  }
}
