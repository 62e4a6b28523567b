/**
 * Builds the documentation: dist/docs, a site of plain files that works from any host, or opened as files.
 *
 * Run with `deno task docs [FOLDER]`. The pages are the Markdown of the repository, the API is `deno doc --html`, the
 * playground is beside them. Exits with 1 when a link leads nowhere; `--check` builds into a folder that is thrown away.
 */
import { fileURLToPath } from "node:url";
import { brokenLinks } from "./docs_links.ts";
import { type Link, type Page, relative, render, type Site } from "./docs_page.ts";
import { writePlayground } from "./playground.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

/** The guides in the order in which one reads them; others follow by name. */
const GUIDES = [
  "getting-started",
  "build",
  "learn",
  "compress",
  "linear-algebra",
  "run-anywhere",
  "files",
  "layers",
  "linear-algebra",
  "performance",
  "how-it-works",
];

/** Where a file of the repository goes: pages to short addresses, everything else below "source". */
export function placeOf(file: string): string {
  const short = file.startsWith("docs/")
    ? file.slice("docs/".length)
    : file.startsWith("bench/") && /\.(?:md|svg)$/.test(file)
    ? `benchmarks/${file.slice("bench/".length)}`
    : file === "README.md"
    ? "readme.md"
    : /^[^/]*\.md$|^examples\/.*\.md$/.test(file)
    ? file.toLowerCase().replace("readme.md", "README.md")
    : undefined;
  // As text, since hosts take .ts for films.
  if (short === undefined) return `source/${file}${/\.(?:html|svg|png)$/.test(file) ? "" : ".txt"}`;
  return short.replace(/(^|\/)README\.md$/, "$1index.html").replace(/\.md$/, ".html");
}

/** Every file below a folder, relative to the base. */
async function filesOf(base: string, folder = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(`${base}/${folder}`)) {
    if (isDirectory) found.push(...await filesOf(base, `${folder}${name}/`));
    else found.push(folder + name);
  }
  return found;
}

/** What every page is made of: its Markdown. */
async function readPages(): Promise<Page[]> {
  const nested = await Promise.all(
    ["docs", "bench", "examples"].map(async (folder) => (await filesOf(root, `${folder}/`))),
  );
  const sources = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    ...nested.flat().filter((name) => /\.md$/.test(name)),
  ];
  return await Promise.all(sources.map(async (source) => {
    const text = await Deno.readTextFile(root + source);
    const title = /^# (.*)$/m.exec(text)?.[1].replace(/[`*]/g, "") ?? source;
    return { source, path: placeOf(source), title, text };
  }));
}

function navigationOf(pages: readonly Page[]): Site["navigation"] {
  const link = ({ title, path }: Page): Link => ({ title, path });
  const rank = ({ source }: Page): number => {
    const at = GUIDES.indexOf(source.replace(/^.*\//, "").replace(/\.md$/, ""));
    return at < 0 ? GUIDES.length : at;
  };
  const guides = pages.filter(({ source }) => source.startsWith("docs/guides/"))
    .sort((a, b) => rank(a) - rank(b) || a.title.localeCompare(b.title));
  const rest = (test: (source: string) => boolean): Page[] =>
    pages.filter(({ source }) => test(source) && !guides.some((guide) => guide.source === source))
      .sort((a, b) => a.title.localeCompare(b.title));
  return [
    { title: "Guides", links: guides.map(link) },
    {
      title: "Measured and drawn",
      links: rest((source) => /^bench\/|^docs\/[^/]+\//.test(source)).map(link),
    },
    { title: "Examples", links: rest((source) => source.startsWith("examples/")).map(link) },
    {
      title: "The project",
      links: [
        ...rest((source) => !/\/(?!README\.md$)|^bench|^docs/.test(source) && !source.startsWith("examples/"))
          .map((page) =>
            page.source === "README.md" ? { ...link(page), title: "The whole README" } : link(page)
          ),
        { title: "For language models", path: "llms.txt" },
      ],
    },
  ];
}

/**
 * On phones the pages of deno doc would be as wide as their longest line of code: a flex item is never narrower than
 * what is in it, unless told.
 */
const NARROW = `<style>
@media (max-width: 60rem) {
  .ddoc { display: block }
  .ddoc > div, .ddoc #topnav, .ddoc #topnav div, .ddoc #content, .ddoc #content * { min-width: 0; max-width: 100% }
  .ddoc #topnav, .ddoc #topnav > div { flex-wrap: wrap; height: auto }
  .ddoc pre { overflow-x: auto }
}
</style>`;

/** The API pages; gives the files, and where each exported name is. */
async function writeApi(folder: string): Promise<Map<string, string>> {
  const { exports } = JSON.parse(await Deno.readTextFile(`${root}deno.json`)) as {
    exports: Record<string, string>;
  };
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--html", "--name=papillon", `--output=${folder}/api`, ...Object.values(exports)],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const doors = Object.keys(exports).map((door) => {
    const name = door.replace(/^\.\/?/, "");
    return [
      name === "" ? "papillon" : `/${name}`,
      name === "" ? "api/index.html" : `api/${name}/index.html`,
    ];
  });
  const symbols = new Map<string, string>();
  for (const file of await filesOf(`${folder}/api`)) {
    // Of names that several doors have, the first one's page: that of the main door is called "~" or "default".
    const name = /^(?:\.\/)?~\/([A-Za-z]\w*)\.html$/.exec(file)?.[1];
    if (name !== undefined) symbols.set(name, `api/${file}`);
    if (!file.endsWith(".html")) continue;
    const path = `${folder}/api/${file}`, html = await Deno.readTextFile(path);
    const bar = [["← Guides and more", "index.html"], ...doors].map(([title, to]) =>
      `<a href="${relative(`api/${file}`, to)}">${title}</a>`
    );
    const style = "display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;font:14px system-ui;padding:.6rem 1rem";
    const back = `<nav aria-label="Doors" style="${style}">${bar.join("")}</nav>`;
    // Code is imported from the package, not from "." or "linalg" as deno doc has it.
    const own = html.replace(
      / from &quot;(?:\.|(\w+))&quot;/g,
      (_, door?: string) => ` from &quot;@papillon/papillon${door === undefined ? "" : `/${door}`}&quot;`,
    );
    await Deno.writeTextFile(
      path,
      own.replace("<body>", `<body>${back}`).replace("</head>", `${NARROW}</head>`),
    );
  }
  return symbols;
}

/** Builds the site; gives the links that lead nowhere. */
export async function buildDocs(folder: string): Promise<{ pages: number; broken: string[] }> {
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await Deno.mkdir(folder, { recursive: true });
  const symbols = await writeApi(folder), pages = await readPages();
  const bySource = new Map(pages.map((page) => [page.source, page.path])), copied = new Set<string>();
  const site: Site = {
    navigation: navigationOf(pages),
    place: (file) => {
      const page = bySource.get(file) ?? bySource.get(file === "" ? "README.md" : `${file}/README.md`);
      if (page !== undefined) return page;
      try {
        if (!Deno.statSync(root + file).isFile) return undefined;
      } catch {
        return undefined;
      }
      copied.add(file);
      return file === "docs/llms.txt" ? "llms.txt" : placeOf(file);
    },
    symbol: (name) => symbols.get(name),
  };
  const put = async (path: string, text: string): Promise<void> => {
    await Deno.mkdir(`${folder}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(`${folder}/${path}`, text);
  };
  for (const page of pages) {
    await put(page.path, render(page, site));
    // As text beside it, for language models, which llms.txt sends there.
    if (page.source.startsWith("docs/guides/")) await put(page.source.slice("docs/".length), page.text);
  }
  copied.delete("docs/llms.txt");
  for (const file of copied) await put(placeOf(file), await Deno.readTextFile(root + file));
  await put("llms.txt", await Deno.readTextFile(`${root}docs/llms.txt`));
  await put("site.css", await Deno.readTextFile(`${root}scripts/docs.css`));
  await put("site.js", await Deno.readTextFile(`${root}scripts/docs_theme.js`));
  await put("icon.svg", await Deno.readTextFile(`${root}examples/playground/icon.svg`));
  await writePlayground(`${folder}/playground`, "../index.html");

  const files = await filesOf(folder), texts = new Map<string, string>();
  for (const file of files.filter((name) => name.endsWith(".html"))) {
    texts.set(file, await Deno.readTextFile(`${folder}/${file}`));
  }
  // Places within the API pages are that tool's own affair.
  const broken = brokenLinks(texts, new Set(files), (page) => !page.startsWith("api/"));
  return { pages: pages.length, broken };
}

if (import.meta.main) {
  const check = Deno.args.includes("--check"), own = Deno.args.find((arg) => !arg.startsWith("-"));
  const folder = check ? await Deno.makeTempDir() : own ?? `${root}dist/docs`;
  const { pages, broken } = await buildDocs(folder);
  if (check) await Deno.remove(folder, { recursive: true });
  for (const link of broken) console.error(`broken link: ${link}`);
  console.log(`docs     ${pages} pages, the API and the playground: ${check ? "checked" : folder}`);
  Deno.exit(broken.length > 0 ? 1 : 0);
}
