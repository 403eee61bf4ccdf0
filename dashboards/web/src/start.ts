/** Draws a page, or what went wrong instead. */

import { ApiError, Unreachable } from "./api.ts";
import { homePage } from "./base.ts";
import { failurePage } from "./failure.ts";
import { exposeHandle, type Watched } from "./handle.ts";
import { strings } from "./strings.ts";

export interface Page {
  element: HTMLElement;
  start(): Promise<void> | void;
  watched: Watched;
}

/** Shows `skeleton` until `make` has what it needs. */
export function startPage(skeleton: HTMLElement, make: () => Promise<Page>): void {
  const place = document.getElementById("page")!;
  place.replaceChildren(skeleton);
  exposeHandle(async () => {
    try {
      const page = await make();
      place.replaceChildren(page.element);
      await page.start();
      return page.watched;
    } catch (error) {
      place.replaceChildren(failureOf(error));
      return null;
    }
  });
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
