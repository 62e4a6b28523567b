/// <reference lib="dom" />
/** One file for the page and its worker: where there is no document, it is the worker. */
import { openPage } from "./page.ts";
import { serve } from "./worker.ts";

if (typeof document === "undefined") serve(globalThis as unknown as Parameters<typeof serve>[0]);
else openPage();
