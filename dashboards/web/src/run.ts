/** The page of one run. */

import { ApiError, getChannels, getCharts, getRun, Unreachable } from "./api.ts";
import { homePage, runInAddress } from "./base.ts";
import { failurePage } from "./failure.ts";
import { exposeHandle, type Watched } from "./handle.ts";
import { RunPage } from "./runpage.ts";
import { strings } from "./strings.ts";

async function start(): Promise<Watched | null> {
  const place = document.getElementById("page")!;
  const id = runInAddress() ?? "";
  try {
    const [run, channels, charts] = await Promise.all([getRun(id), getChannels(id), getCharts(id)]);
    const page = new RunPage(run, channels, charts);
    place.replaceChildren(page.element);
    page.start();
    return page.watched;
  } catch (error) {
    place.replaceChildren(failureOf(error));
    return null;
  }
}

function failureOf(error: unknown): HTMLElement {
  const home = { label: strings.backToRuns, href: homePage() };
  if (error instanceof ApiError && error.status === 404) return failurePage(strings.notFound, strings.notFoundText, home);
  if (error instanceof ApiError && error.status === 410) return failurePage(strings.gone, strings.goneText, home);
  if (error instanceof Unreachable) {
    return failurePage(strings.offlineTitle, strings.unreachableText, { label: strings.retry, href: location.href });
  }
  return failurePage(strings.failedLoad, error instanceof Error ? error.message : String(error), home);
}

exposeHandle(start);
