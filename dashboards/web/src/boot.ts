/** Runs before the first paint: a mode chosen earlier must not flash into the other one. */
{
  const chosen = localStorage.getItem("agnez.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset["theme"] = chosen;
}

/** What the page asks for first is on its way while its script is. early.ts hands it out. */
{
  const base = document.querySelector<HTMLMetaElement>("meta[name=agnez-base]")!.content;
  const run = /\/runs\/([^/]+)\/?$/.exec(location.pathname)?.[1];
  const paths = run ? [`/runs/${run}`, `/runs/${run}/channels?limit=500&offset=0`, `/runs/${run}/charts`] : [];
  const answers = paths.map((path) => [path, fetch(`${base}/api/v1${path}`, { credentials: "same-origin" })] as const);
  for (const [, answer] of answers) answer.catch(() => undefined); // who takes it hears of it
  globalThis.agnezEarly = new Map(answers);
}
