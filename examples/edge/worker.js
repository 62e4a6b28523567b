// For Cloudflare Workers: wrangler and workerd give the file as an ArrayBuffer. The kernels are compiled, and the
// operator is loaded, while the module starts: workerd allows no compiling later.
import { loadCompiled } from "@papillon/papillon/core";
import { createHandler } from "./handler.ts";
import file from "./operator.safetensors";

const handler = createHandler(loadCompiled(new Uint8Array(file), { name: "operator.safetensors" }));

export default { fetch: (request) => handler(request) };
