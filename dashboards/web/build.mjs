// Bundles the pages into the folder named on the command line: scripts, styles, fonts with a
// content hash in their names, HTML which names them, and .br and .gz beside what compresses.
import { createHash } from "node:crypto";
import { readFile, readdir, rename, writeFile, mkdir } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const themeFile = join(here, "../agnez_dashboards/theme.json");
const pages = ["index", "run", "login"];
/** Scripts of plotting libraries, for the HTML that they make: from their packages as they are. */
const libraries = { d3: "d3/dist/d3.min.js", mpld3: "mpld3/mpld3.v0.5.12.min.js" };
const compressible = new Set([".js", ".css", ".html", ".svg", ".txt"]);

/** The colours of theme.json as custom properties: light, then dark by preference or by choice. */
function tokenStyles(theme) {
  const block = (tokens) =>
    Object.entries(tokens).map(([name, color]) => `--${name}:${color}`).join(";");
  const dark = `${block(theme.dark)};color-scheme:dark`;
  return [
    `:root{${block(theme.light)};color-scheme:light}`,
    `@media (prefers-color-scheme:dark){:root:not([data-theme=light]){${dark}}}`,
    `:root[data-theme=dark]{${dark}}`,
  ].join("\n");
}

const tokens = {
  name: "tokens",
  setup(plugin) {
    plugin.onResolve({ filter: /^agnez:tokens$/ }, () => ({ path: "tokens", namespace: "tokens" }));
    plugin.onLoad({ filter: /.*/, namespace: "tokens" }, async () => ({
      contents: tokenStyles(JSON.parse(await readFile(themeFile, "utf8"))),
      loader: "css",
    }));
  },
};

/** Writes through a temporary name: what a killed build leaves is never served. */
async function write(path, body) {
  await writeFile(`${path}.tmp`, body);
  await rename(`${path}.tmp`, path);
}

const hashOf = (body) => createHash("sha256").update(body).digest("hex").slice(0, 8).toUpperCase();

/** The files of the libraries by name. */
async function copyLibraries(out) {
  const files = {};
  for (const [name, path] of Object.entries(libraries)) {
    const body = await readFile(join(here, "node_modules", path));
    files[name] = `${name}-${hashOf(body)}.js`;
    await write(join(out, files[name]), body);
  }
  return files;
}

/** The script of the frame, which stands in its page: that may ask for no file. */
async function bundleFrame() {
  const made = await build({
    absWorkingDir: here, entryPoints: ["src/frame.ts"], bundle: true, write: false, format: "iife",
    target: "es2022", minify: true, legalComments: "none", logLevel: "warning",
  });
  return made.outputFiles[0].text.trim().replaceAll("</", "<\\/");
}

async function bundle(out, known) {
  return build({
    absWorkingDir: here,
    entryPoints: [
      ...pages.map((page) => ({ in: `src/${page}.ts`, out: page })),
      { in: "src/boot.ts", out: "boot" },
      { in: "src/pictureframe.ts", out: "pictureframe" },
      { in: "styles/app.css", out: "app" },
      { in: "styles/pictureframe.css", out: "pictureframe" },
      { in: "icon.svg", out: "icon" },
    ],
    outdir: out,
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    minify: true,
    metafile: true,
    legalComments: "none",
    entryNames: "[name]-[hash]",
    chunkNames: "chunk-[hash]",
    assetNames: "[name]-[hash]",
    loader: { ".woff2": "file", ".svg": "copy" },
    define: Object.fromEntries(Object.entries(known).map(([name, text]) => [`BUILT.${name}`, JSON.stringify(text)])),
    plugins: [tokens],
    logLevel: "warning",
  });
}

/** The built file of each entry point and font: {"run.ts": "run-1A2B.js", ...}. */
function namesOf(metafile) {
  const names = {};
  for (const [file, made] of Object.entries(metafile.outputs)) {
    const source = made.entryPoint ?? (file.endsWith(".woff2") ? Object.keys(made.inputs)[0] : null);
    if (source) names[basename(source)] = basename(file);
  }
  return names;
}

/** What the script of a page imports, so that the browser fetches it along with the script. */
function preloads(metafile, script) {
  const imported = (file) => metafile.outputs[file].imports
    .filter(({ kind, external }) => kind === "import-statement" && !external)
    .flatMap(({ path }) => [path, ...imported(path)]);
  const own = Object.keys(metafile.outputs).find((file) => basename(file) === script);
  return [...new Set(imported(own))]
    .map((file) => `<link rel="modulepreload" href="__BASE__/static/${basename(file)}">`).join("\n");
}

async function writePages(out, metafile, frame) {
  const names = namesOf(metafile);
  for (const page of await readdir(join(here, "pages"))) {
    const template = await readFile(join(here, "pages", page), "utf8");
    const text = template.replace(/%([\w.:-]+)%/g, (_, name) => {
      if (name === "frame") return frame;
      if (name.startsWith("imports:")) return preloads(metafile, names[name.slice(8)]);
      if (!names[name]) throw new Error(`${page} names ${name}, which was not built`);
      return `__BASE__/static/${names[name]}`;
    });
    await write(join(out, page), text);
  }
}

/** The licences of the packages that are in the bundle, as those licences ask for. */
async function writeLicences(out, metafile) {
  const paths = [...Object.keys(metafile.inputs), ...Object.values(libraries).map((path) => `node_modules/${path}`)];
  const found = paths.map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]);
  const parts = [];
  for (const name of [...new Set(found)].filter(Boolean).sort()) {
    const folder = join(here, "node_modules", name);
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
    const about = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const text = file ? await readFile(join(folder, file), "utf8") : `${about.license}, ${about.homepage ?? about.repository?.url ?? ""}`;
    parts.push(`${name}\n${"=".repeat(name.length)}\n${text.trim()}\n`);
  }
  await write(join(out, "licences.txt"), parts.join("\n\n"));
}

async function compress(out) {
  const best = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
  for (const name of await readdir(out)) {
    if (!compressible.has(extname(name)) || extname(name) === ".html") continue;
    const body = await readFile(join(out, name));
    await write(join(out, `${name}.br`), await promisify(brotliCompress)(body, best));
    await write(join(out, `${name}.gz`), await promisify(gzip)(body, { level: 9 }));
  }
}

const out = process.argv[2];
if (!out) throw new Error("usage: node build.mjs OUTPUT_FOLDER");
await mkdir(out, { recursive: true });
const frame = await bundleFrame();
const { metafile } = await bundle(out, { ...(await copyLibraries(out)), frame: hashOf(frame) });
await writePages(out, metafile, frame);
await writeLicences(out, metafile);
await compress(out);
