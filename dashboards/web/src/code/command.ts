/** A command line as one would type it in a shell. */

const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;

export function commandLine(parts: readonly unknown[]): string {
  return parts.map((part) => quoted(String(part))).join(" ");
}

function quoted(part: string): string {
  return PLAIN.test(part) ? part : `'${part.replaceAll("'", `'"'"'`)}'`;
}
