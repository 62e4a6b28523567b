// For Cloudflare Workers: wrangler and workerd give the file as an ArrayBuffer. The kernels are compiled, and the
// network is loaded, while the module starts: workerd allows no compiling later.
import { loadDigits } from "./digits.ts";
import { createHandler } from "./handler.ts";
import file from "./digits.safetensors";

const handler = createHandler(loadDigits(new Uint8Array(file), "digits.safetensors"));

export default { fetch: (request) => handler(request) };
