// An operator behind HTTP, for everything that answers a Request with a Response: Deno, Workers, Bun, Vercel, Node.
import type { CompiledOperator } from "@papillon/papillon/core";

/** What is served: an operator, or whatever else turns vectors into vectors. */
export type Served = Pick<CompiledOperator, "rows" | "cols" | "field"> & {
  apply(x: Float32Array): Float32Array<ArrayBuffer>;
};

/** What one request may ask for. */
export interface Limits {
  /** Bytes of the body, 1 MiB unless told. */
  readonly bytes?: number;
}

const JSON_TYPE = "application/json", RAW_TYPE = "application/octet-stream";

/** What a request did wrong, as an answer. */
export class Refusal extends Error {
  readonly status: number;
  readonly headers: Record<string, string>;
  constructor(status: number, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/** The body, of which no more is read than may come; what is announced to be longer is not read at all. */
export async function readBody(request: Request, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const tooLong = () => new Refusal(413, `The body is longer than ${most} bytes.`);
  if (Number(request.headers.get("content-length")) > most) throw tooLong();
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = request.body?.getReader();
  while (reader !== undefined) {
    const { done, value } = await reader.read().catch(() => {
      throw new Refusal(400, "The body broke off.");
    });
    if (done) break;
    length += value.length;
    if (length > most) {
      // Not awaited: the rest may never come.
      reader.cancel().catch(() => {});
      throw tooLong();
    }
    parts.push(value);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Numbers that are none, or too large for a float32, would come out as something that nobody sent. */
function numbers(list: readonly unknown[], name: string): Float32Array {
  const x = new Float32Array(list.length);
  for (const [i, value] of list.entries()) {
    x[i] = typeof value === "number" ? value : NaN;
    if (!Number.isFinite(x[i])) throw new Refusal(400, `${name}[${i}] is not a number that fits a float32.`);
  }
  return x;
}

/** The vectors in `{"x": […]}`: one list of numbers, or a list of such lists. */
function parse(bytes: Uint8Array, width: number): { x: Float32Array; nested: boolean } {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new Refusal(400, "The body is not JSON.");
  }
  const x = typeof value === "object" && value !== null && "x" in value ? value.x : undefined;
  if (!Array.isArray(x)) throw new Refusal(400, 'The body has no list "x": expected {"x": [numbers]}.');
  const list: unknown[] = x;
  if (!Array.isArray(list[0])) return { x: numbers(list, "x"), nested: false };
  // All of them, before there is room for any: many short lists would ask for much more than was sent.
  const vectors = list.map((row: unknown, i): readonly unknown[] => {
    if (Array.isArray(row) && row.length === width) return row;
    throw new Refusal(400, `x[${i}] is not a list of ${width} numbers, as one vector has.`);
  });
  const all = new Float32Array(list.length * width);
  vectors.forEach((vector, i) => all.set(numbers(vector, `x[${i}]`), i * width));
  return { x: all, nested: true };
}

/** Rows of a batch as lists. */
function lists(y: Float32Array, width: number): number[][] {
  return Array.from(
    { length: y.length / width },
    (_, i) => Array.from(y.subarray(i * width, (i + 1) * width)),
  );
}

/**
 * A handler that answers `POST /apply` with what the operator makes of the vectors in the body: raw little-endian
 * float32, or JSON; complex numbers lie interleaved. `GET /` tells what is served. Everything else is refused with a
 * status of 4xx and a sentence.
 */
export function createHandler(
  operator: Served,
  { bytes: most = 1 << 20 }: Limits = {},
): (request: Request) => Promise<Response> {
  const { rows, cols, field } = operator, unit = field === "complex" ? 2 : 1;
  const input = cols * unit, outputs = rows * unit;
  // Writes its program and its weights to the memory of the kernels now, not for the first request.
  operator.apply(new Float32Array(input));

  const apply = async (request: Request): Promise<Response> => {
    const type = request.headers.get("content-type")?.split(";")[0].trim().toLowerCase() ?? "";
    if ((type !== JSON_TYPE && type !== RAW_TYPE) || request.headers.has("content-encoding")) {
      const accepted = `${JSON_TYPE}, ${RAW_TYPE}`;
      const got = request.headers.has("content-encoding") ? "a compressed one" : type || "no type";
      throw new Refusal(415, `The body must be one of ${accepted}, and not be compressed: got ${got}.`, {
        "accept-post": accepted,
      });
    }
    const bytes = await readBody(request, most);
    if (type === RAW_TYPE && bytes.length % 4 !== 0) {
      throw new Refusal(400, `The body has ${bytes.length} bytes: expected float32, four bytes each.`);
    }
    const { x, nested } = type === JSON_TYPE
      ? parse(bytes, input)
      : { x: new Float32Array(bytes.buffer), nested: false };
    if (x.length === 0 || x.length % input !== 0) {
      throw new Refusal(400, `Got ${x.length} numbers: expected ${input}, or a multiple of them.`);
    }
    const y = operator.apply(x);
    if (type === RAW_TYPE) return new Response(y, { headers: { "content-type": RAW_TYPE } });
    // JSON would write null.
    if (!y.every(Number.isFinite)) throw new Refusal(422, "The result is too large for a float32.");
    return Response.json({ y: nested ? lists(y, outputs) : Array.from(y) });
  };

  return async (request) => {
    try {
      const { pathname } = new URL(request.url), { method } = request;
      const allowed = pathname === "/apply" ? "POST" : pathname === "/" ? "GET" : undefined;
      if (allowed === undefined) throw new Refusal(404, "There is nothing here: POST vectors to /apply.");
      if (method !== allowed && !(allowed === "GET" && method === "HEAD")) {
        throw new Refusal(405, `${pathname} takes ${allowed}, not ${method}.`, { allow: allowed });
      }
      return allowed === "POST" ? await apply(request) : Response.json({ rows, cols, field, bytes: most });
    } catch (fault) {
      if (!(fault instanceof Refusal)) throw fault;
      return Response.json({ error: fault.message }, { status: fault.status, headers: fault.headers });
    }
  };
}
