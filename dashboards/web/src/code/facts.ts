/** What the section Code shows as names and values. */

import { formatBytes, formatCount } from "../format.ts";
import type { About, Run } from "../model.ts";
import { flatten } from "../params.ts";
import { words } from "../words.ts";
import { commandLine } from "./command.ts";

/** `copied`: worth a button that copies it. */
export interface CodeFact {
  name: string;
  value: string;
  copied?: boolean;
}

const SHOWN: ReadonlySet<string> = new Set([
  "git", "python", "platform", "cpus", "memory_bytes", "gpus", "command", "script", "directory", "packages", "model", "environment",
]);

export function gitFacts({ git }: About): CodeFact[] {
  if (!git) return [];
  return known([
    { name: words.commit, value: git.commit, copied: true },
    { name: words.branch, value: git.branch, copied: true },
    { name: words.tree, value: git.dirty === undefined ? undefined : git.dirty ? words.dirty : words.clean },
    { name: words.remote, value: git.remote, copied: true },
  ]);
}

export function commandFacts(about: About): CodeFact[] {
  const command = Array.isArray(about.command) ? commandLine(about.command) : about.command;
  return known([
    { name: words.commandLine, value: command, copied: true },
    { name: words.script, value: about["script"], copied: true },
    { name: words.directory, value: about["directory"], copied: true },
  ]);
}

export function machineFacts(about: About, run: Run): CodeFact[] {
  const gpus = Array.isArray(about["gpus"]) ? about["gpus"].map(gpuText).join("\n") : undefined;
  return known([
    { name: words.python, value: about["python"] ?? run.python },
    { name: words.platform, value: about["platform"] },
    { name: words.cpus, value: about["cpus"] },
    { name: words.memory, value: sizeText(about["memory_bytes"]) },
    { name: words.gpus, value: gpus },
  ]);
}

export function modelFacts({ model }: About): CodeFact[] {
  if (!model) return [];
  return known([
    { name: words.model, value: model.name },
    { name: words.modelParameters, value: countText(model.parameters) },
    { name: words.trainable, value: countText(model.trainable) },
  ]);
}

export function environmentFacts(about: About): CodeFact[] {
  return listed(about["environment"]);
}

/** What this page does not know by name. */
export function furtherFacts(about: About): CodeFact[] {
  return listed(Object.fromEntries(Object.entries(about).filter(([key]) => !SHOWN.has(key))));
}

function listed(value: unknown): CodeFact[] {
  if (typeof value !== "object" || value === null) return [];
  return flatten(value as Record<string, unknown>).map(([name, text]) => ({ name, value: text }));
}

function gpuText(gpu: unknown): string {
  if (typeof gpu !== "object" || gpu === null) return String(gpu);
  const { name, memory_bytes } = gpu as { name?: unknown; memory_bytes?: unknown };
  return [name ?? "GPU", sizeText(memory_bytes)].filter(Boolean).join(" · ");
}

const sizeText = (bytes: unknown): string | undefined => (typeof bytes === "number" ? formatBytes(bytes) : undefined);
const countText = (count: unknown): string | undefined => (typeof count === "number" ? formatCount(count) : undefined);

function known(facts: readonly { name: string; value: unknown; copied?: boolean }[]): CodeFact[] {
  return facts.filter(({ value }) => value !== undefined && value !== null && value !== "").map((fact) => ({
    ...fact, value: typeof fact.value === "string" ? fact.value : JSON.stringify(fact.value),
  }));
}
