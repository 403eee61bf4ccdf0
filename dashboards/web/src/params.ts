/** Parameters as one list: nested ones by dotted names. */
export function flatten(params: Readonly<Record<string, unknown>>, prefix = ""): [string, string][] {
  return Object.entries(params).flatMap(([name, value]): [string, string][] => {
    const path = prefix + name;
    const nested = typeof value === "object" && value !== null && !Array.isArray(value);
    if (nested && Object.keys(value).length > 0) return flatten(value as Record<string, unknown>, `${path}.`);
    return [[path, typeof value === "string" ? value : JSON.stringify(value)]];
  });
}

/** The value at a dotted path, as `flatten` names it; undefined where there is none. */
export function valueAt(params: Readonly<Record<string, unknown>>, path: string): unknown {
  if (Object.hasOwn(params, path)) return params[path];
  for (let dot = path.lastIndexOf("."); dot > 0; dot = path.lastIndexOf(".", dot - 1)) {
    const inner = Object.hasOwn(params, path.slice(0, dot)) ? params[path.slice(0, dot)] : undefined;
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) continue;
    const found = valueAt(inner as Record<string, unknown>, path.slice(dot + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}
