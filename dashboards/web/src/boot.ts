/** Runs before the first paint: a mode chosen earlier must not flash into the other one. */
{
  const chosen = localStorage.getItem("agnez.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset["theme"] = chosen;
}
