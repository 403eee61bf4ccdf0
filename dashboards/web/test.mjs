// Bundles the unit tests for Node into the folder named on the command line.
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const tests = join(here, "../../tests/dashboards/web");

await build({
  absWorkingDir: here,
  entryPoints: (await readdir(tests)).filter((name) => name.endsWith(".test.ts")).map((name) => join(tests, name)),
  outdir: process.argv[2],
  outExtension: { ".js": ".mjs" },
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  sourcemap: "inline",
  inject: [join(tests, "browser_shim.ts")],
  logLevel: "warning",
});
