/** The page of all runs. */

import { getProjects } from "./api.ts";
import { HomePage } from "./homepage.ts";
import { listSkeleton } from "./skeleton.ts";
import { startPage } from "./start.ts";

startPage(listSkeleton(), async () => new HomePage(await getProjects()));
