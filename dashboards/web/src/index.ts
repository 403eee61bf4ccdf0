/** The page of all runs. */

import { getProjects, getRuns } from "./api.ts";
import { Filter } from "./filter.ts";
import { PAGE } from "./home/runbook.ts";
import { HomePage } from "./homepage.ts";
import { listSkeleton } from "./skeleton.ts";
import { startPage } from "./start.ts";

startPage(listSkeleton(), async () => {
  const first = getRuns(Filter.fromAddress(location.search).query(0, PAGE));
  first.catch(() => undefined); // the list says what went wrong, when it is there
  return new HomePage(await getProjects(), first);
});
