/** Charts by what stands before the first `/` of their title, where several share it. */

export interface Grouped<T> {
  /** "" for those without a slash, or alone with their prefix. */
  name: string;
  items: T[];
}

/** Those without a group first, then groups in the order in which they appeared. */
export function grouped<T>(items: readonly T[], title: (item: T) => string): Grouped<T>[] {
  const groups = new Map<string, T[]>([["", []]]);
  const sizes = new Map<string, number>();
  for (const item of items) sizes.set(groupOf(title(item)), (sizes.get(groupOf(title(item))) ?? 0) + 1);
  for (const item of items) {
    const prefix = groupOf(title(item));
    const name = sizes.get(prefix)! > 1 ? prefix : "";
    const group = groups.get(name);
    if (group) group.push(item);
    else groups.set(name, [item]);
  }
  return [...groups].map(([name, own]) => ({ name, items: own })).filter((group) => group.items.length > 0);
}

export function groupOf(title: string): string {
  const slash = title.indexOf("/");
  return slash > 0 ? title.slice(0, slash) : "";
}
