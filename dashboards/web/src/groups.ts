/** Charts by what stands before the first `/` of their title. */

export interface Grouped<T> {
  /** "" for those without a slash. */
  name: string;
  items: T[];
}

/** Those without a group first, then groups in the order in which they appeared. */
export function grouped<T>(items: readonly T[], title: (item: T) => string): Grouped<T>[] {
  const groups = new Map<string, T[]>([["", []]]);
  for (const item of items) {
    const name = groupOf(title(item));
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
