/** The page of one run. */

import { getChannels, getCharts, getRun } from "./api.ts";
import { runInAddress } from "./base.ts";
import { RunPage } from "./runpage.ts";
import { runSkeleton } from "./skeleton.ts";
import { startPage } from "./start.ts";

startPage(runSkeleton(), async () => {
  const id = runInAddress() ?? "";
  const [run, channels, charts] = await Promise.all([getRun(id), getChannels(id), getCharts(id)]);
  return new RunPage({ run, channels, charts });
});
