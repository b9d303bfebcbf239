/** The worlds that the overhead benchmark knows, by the names that `--systems` takes. A new one is one row and one file. */
import { VMM_COMBINATIONS } from "../../vm/vmm/combinations.ts";
import type { OverheadRow } from "./world.ts";
import { containerWithoutFilterWorld, containerWorld } from "./worlds/container.ts";
import { guestWorld } from "./worlds/guest.ts";
import { gvisorWorld } from "./worlds/gvisor.ts";
import { podmanWorld } from "./worlds/podman.ts";
import { processWorld } from "./worlds/process.ts";
import { tinyWorld } from "./worlds/tiny.ts";

/** What the others are set against; measured whatever was asked for. */
export const BARE = "process";

export const OVERHEAD_WORLDS: ReadonlyMap<string, OverheadRow> = new Map([
  [BARE, processWorld],
  ["container", containerWorld],
  ["container-no-seccomp", containerWithoutFilterWorld],
  ["podman", podmanWorld],
  ["gvisor", gvisorWorld],
  ["tiny", tinyWorld],
  ...VMM_COMBINATIONS.map((combination): [string, OverheadRow] => [combination.name, guestWorld(combination)]),
]);
