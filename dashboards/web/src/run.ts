/** The page of one run. */

import { getCharts, getFirstChannels, getRun } from "./api.ts";
import { runInAddress } from "./base.ts";
import { RunPage } from "./runpage.ts";
import { runSkeleton } from "./skeleton.ts";
import { startPage } from "./start.ts";

startPage(runSkeleton(), async () => {
  const id = runInAddress() ?? "";
  const [run, channels, charts] = await Promise.all([getRun(id), getFirstChannels(id), getCharts(id)]);
  return new RunPage({ run, channels: channels.items, charts }, channels.total > channels.items.length);
});
