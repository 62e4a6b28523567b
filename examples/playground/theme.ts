/// <reference lib="dom" />
/** Light, dark, or as the system has it. */
import { byId, say } from "./dom.ts";

const ORDER = ["auto", "light", "dark"], KEY = "papillon-theme";

function apply(name: string): void {
  const { dataset } = document.documentElement;
  if (name === "light" || name === "dark") dataset.theme = name;
  else delete dataset.theme;
  const label = { light: "Light", dark: "Dark" }[name] ?? "Auto";
  say("theme-name", label);
  byId("theme").setAttribute("aria-label", `Colours: ${label === "Auto" ? "as the system has them" : label}`);
}

/** Lets the button go through them, and remembers the choice; `changed` is called when colours are other ones. */
export function serveTheme(changed: () => void): void {
  try {
    apply(localStorage.getItem(KEY) ?? "auto");
  } catch {
    // Pages that may keep nothing begin as the system has it.
  }
  byId("theme").onclick = () => {
    const now = document.documentElement.dataset.theme ?? "auto";
    const next = ORDER[(ORDER.indexOf(now) + 1) % ORDER.length];
    apply(next);
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // Not kept, then.
    }
    changed();
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}
