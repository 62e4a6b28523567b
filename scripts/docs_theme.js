// Light, dark, or as the system has it; the playground keeps its choice under the same name, and the API pages of
// `deno doc` theirs under another.
(() => {
  const order = ["auto", "light", "dark"], { dataset } = document.documentElement;
  const read = () => {
    try {
      return localStorage.getItem("papillon-theme") ?? "auto";
    } catch {
      return "auto";
    }
  };
  const show = (name) => {
    if (name === "auto") delete dataset.theme;
    else dataset.theme = name;
  };
  show(read());
  addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const label = (name) => {
      button.textContent = { auto: "◐ Auto", light: "◐ Light", dark: "◐ Dark" }[name];
      button.setAttribute("aria-label", `Colours: ${name === "auto" ? "as the system has them" : name}`);
    };
    button.hidden = false;
    label(read());
    button.onclick = () => {
      const next = order[(order.indexOf(dataset.theme ?? "auto") + 1) % order.length];
      show(next);
      label(next);
      try {
        localStorage.setItem("papillon-theme", next);
      } catch {
        // Not kept, then.
      }
    };
  });
})();
