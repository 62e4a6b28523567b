/**
 * A page of the documentation: Markdown in, HTML out, with one layout around it.
 *
 * Links keep working: one to a file of the repository becomes one to its page, or to its copy on the site.
 */
import { Marked, type Tokens } from "marked";

/** A page of the site. */
export interface Page {
  /** Where its text lies in the repository. */
  readonly source: string;
  /** Where it goes on the site. */
  readonly path: string;
  readonly title: string;
  readonly text: string;
}

/** What a page has to know of the rest. */
export interface Site {
  /** Groups of links beside every page. */
  readonly navigation: readonly { readonly title: string; readonly links: readonly Link[] }[];
  /** The path on the site of a file of the repository; undefined where there is none. Asked for, it is published. */
  readonly place: (file: string) => string | undefined;
  /** The API page of an exported name. */
  readonly symbol: (name: string) => string | undefined;
}

/** A link of the navigation. */
export interface Link {
  readonly title: string;
  readonly path: string;
}

/** Escapes text for HTML. */
export function escape(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** The name of a heading in links, as GitHub makes it. */
export function anchor(text: string): string {
  return text.toLowerCase().replace(/<[^>]*>|&[^;]*;/g, "").replace(/[^\p{L}\p{N}\s_-]/gu, "").trim().replace(
    /\s/g,
    "-",
  );
}

/** The relative address of a path of the site as seen from another. */
export function relative(from: string, to: string): string {
  const here = from.split("/").slice(0, -1), there = to.split("/");
  let common = 0;
  while (common < here.length && common < there.length - 1 && here[common] === there[common]) common++;
  return "../".repeat(here.length - common) + there.slice(common).join("/");
}

/** A path with its "." and ".." taken away. */
export function resolve(base: string, to: string): string {
  const parts = base.split("/").slice(0, -1);
  for (const part of to.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}

/** Words that TypeScript keeps for itself. */
const KEYWORDS =
  /^(?:as|async|await|break|case|catch|class|const|continue|default|delete|do|else|export|extends|false|finally|for|from|function|if|import|in|instanceof|interface|let|new|null|of|return|static|this|throw|true|try|type|typeof|undefined|void|while|yield)$/;

/** TypeScript with its comments, texts, numbers and words marked. */
export function highlight(code: string): string {
  const tokens =
    /(\/\/[^\n]*|\/\*[\s\S]*?\*\/)|("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|(\b\d(?:[\w.]|(?<=\de)-)*)|([A-Za-z_$][\w$]*)/g;
  let html = "", last = 0;
  for (const { 0: whole, 1: comment, 2: text, 3: number, 4: word, index } of code.matchAll(tokens)) {
    html += escape(code.slice(last, index));
    last = index + whole.length;
    const kind = comment ? "c" : text ? "s" : number ? "n" : KEYWORDS.test(word) ? "k" : "";
    html += kind === "" ? escape(whole) : `<span class="${kind}">${escape(whole)}</span>`;
  }
  return html + escape(code.slice(last));
}

/** The HTML of a page's text. */
function body(page: Page, site: Site): string {
  const used = new Map<string, number>();
  const marked = new Marked({ gfm: true });
  const address = (href: string): string => {
    if (/^[a-z]+:/i.test(href) || href.startsWith("#")) return href;
    const [file, ...fragment] = href.split("#"), target = site.place(resolve(page.source, file));
    // What is nowhere stays as it is: the check of the links tells.
    return (target === undefined ? file : relative(page.path, target)) +
      (fragment.length > 0 ? `#${fragment.join("#")}` : "");
  };
  marked.use({
    renderer: {
      heading({ tokens, depth }: Tokens.Heading): string {
        const html = this.parser.parseInline(tokens), name = anchor(html), before = used.get(name) ?? 0;
        used.set(name, before + 1);
        const id = before === 0 ? name : `${name}-${before}`;
        const mark = depth > 1
          ? ` <a class="mark" href="#${id}" aria-label="Link to this section">#</a>`
          : "";
        return `<h${depth} id="${id}">${html}${mark}</h${depth}>\n`;
      },
      link({ href, title, tokens }: Tokens.Link): string {
        const about = title ? ` title="${escape(title)}"` : "";
        return `<a href="${escape(address(href))}"${about}>${this.parser.parseInline(tokens)}</a>`;
      },
      image({ href, text }: Tokens.Image): string {
        return `<img src="${escape(address(href))}" alt="${escape(text)}" loading="lazy">`;
      },
      code({ text, lang }: Tokens.Code): string {
        const kind = lang?.split(" ")[0] ?? "";
        const html = /^(?:ts|js|tsx|html)$/.test(kind) ? highlight(text) : escape(text);
        return `<pre tabindex="0"><code>${html}</code></pre>\n`;
      },
      codespan({ text }: Tokens.Codespan): string {
        const name = /^([A-Za-z]\w*)(?:\(.*\))?$/.exec(text)?.[1], target = name && site.symbol(name);
        const html = `<code>${escape(text)}</code>`;
        return target ? `<a class="api" href="${relative(page.path, target)}">${html}</a>` : html;
      },
      table(token: Tokens.Table): string {
        const row = (cells: readonly Tokens.TableCell[], tag: string): string =>
          `<tr>${
            cells.map(({ tokens, align }) =>
              `<${tag}${align ? ` class="${align}"` : ""}>${this.parser.parseInline(tokens)}</${tag}>`
            ).join("")
          }</tr>`;
        const rows = token.rows.map((cells) => row(cells, "td")).join("\n");
        return `<div class="table" tabindex="0"><table><thead>${
          row(token.header, "th")
        }</thead>\n<tbody>${rows}</tbody></table></div>\n`;
      },
    },
  });
  return marked.parse(page.text, { async: false });
}

/** The navigation, with the page one is on marked. */
function navigation(path: string, site: Site): string {
  return site.navigation.map(({ title, links }) => {
    const items = links.map((link) => {
      const here = link.path === path ? ` aria-current="page"` : "";
      return `<li><a href="${relative(path, link.path)}"${here}>${escape(link.title)}</a></li>`;
    });
    return `<p>${escape(title)}</p>\n<ul>\n${items.join("\n")}\n</ul>`;
  }).join("\n");
}

/** The whole page. */
export function render(page: Page, site: Site): string {
  const { path, title } = page, to = (other: string): string => relative(path, other);
  const links = navigation(path, site);
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(title === "papillon" ? title : `${title} · papillon`)}</title>
<link rel="icon" href="${to("icon.svg")}" type="image/svg+xml">
<link rel="stylesheet" href="${to("site.css")}">
<script src="${to("site.js")}"></script>
</head>
<body>
<a class="skip" href="#content">Skip to the text</a>
<header class="top">
<a class="brand" href="${
    to("index.html")
  }"><svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><path d="M3 5h4l10 14h4M3 19h4L17 5h4"/></svg>papillon</a>
<a href="${to("api/index.html")}">API</a>
<a href="${to("playground/index.html")}">Playground</a>
<button type="button" id="theme" hidden>Auto</button>
</header>
<details class="menu"><summary>All pages</summary><nav aria-label="All pages, small">${links}</nav></details>
<div class="page">
<nav class="side" aria-label="All pages">${links}</nav>
<main id="content" tabindex="-1">
${body(page, site)}</main>
</div>
</body>
</html>
`;
}
