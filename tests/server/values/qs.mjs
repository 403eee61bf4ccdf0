// Answers lines of JSON, [what, given], with what the package `qs` makes of them.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const qs = createRequire(process.argv[2])("qs");
const OPTIONS = { allowPrototypes: true, arrayLimit: 1000, depth: 32, parameterLimit: 10000 };

for await (const line of createInterface({ input: process.stdin })) {
  const [what, given] = JSON.parse(line);
  const made = what === "parse" ? qs.parse(given, OPTIONS) : qs.stringify(given);
  process.stdout.write(JSON.stringify(made) + "\n");
}
