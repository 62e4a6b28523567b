/** Looks for links of a site that lead nowhere. */

/** The links of a page, as they are written: of anchors, pictures, styles and scripts. */
function links(html: string): string[] {
  // Scripts and comments may look like links, and are none.
  const text = html.replace(/<!--[\s\S]*?-->/g, "").replace(/(<script\b[^>]*>)[\s\S]*?<\/script>/g, "$1");
  return [...text.matchAll(/<(?:a|img|link|script|area)\b[^>]*?\s(?:href|src)="([^"]*)"/g)].map(([, link]) =>
    link.replace(/&#(x?)([0-9a-f]+);/gi, (_, hex, code) => String.fromCharCode(parseInt(code, hex ? 16 : 10)))
      .replace(/&amp;/g, "&")
  );
}

/** The places in a page that links can lead to. */
function places(html: string): Set<string> {
  return new Set([...html.matchAll(/\s(?:id|name)="([^"]*)"/g)].map(([, id]) => id));
}

/**
 * All links to something on the site that is not there: "page.html: link". Links to other sites are not followed.
 *
 * @param pages the HTML of each page, by its path
 * @param files the paths of everything else
 * @param anchored whether the places within pages are looked for as well, for links from this page
 */
export function brokenLinks(
  pages: ReadonlyMap<string, string>,
  files: ReadonlySet<string>,
  anchored: (page: string) => boolean = () => true,
): string[] {
  const known = new Map<string, Set<string>>(), broken: string[] = [];
  for (const [page, html] of pages) {
    for (const link of new Set(links(html))) {
      if (/^(?:[a-z]+:|\/\/)/i.test(link) || link === "") continue;
      const { pathname, hash } = new URL(link, `file:///${page}`);
      let path = decodeURIComponent(pathname.slice(1));
      if (path === "" || path.endsWith("/")) path += "index.html";
      // A folder is served by its index.
      if (!pages.has(path) && !files.has(path) && pages.has(`${path}/index.html`)) path += "/index.html";
      if (link.startsWith("../".repeat(page.split("/").length)) || (!pages.has(path) && !files.has(path))) {
        broken.push(`${page}: ${link}`);
        continue;
      }
      const target = pages.get(path), id = decodeURIComponent(hash.slice(1));
      if (id === "" || target === undefined || !anchored(page)) continue;
      let there = known.get(path);
      if (there === undefined) known.set(path, there = places(target));
      if (!there.has(id)) broken.push(`${page}: ${link}`);
    }
  }
  return broken;
}
