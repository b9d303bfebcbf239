/** The floor: the same container by the bare system calls, as a whole command, started by the same launcher. */

import { detectCgroups } from "../../cgroup/layout.ts";
import { commandSystem } from "../command.ts";
import { floorCommand } from "../floor.ts";
import type { SystemRow } from "../system.ts";
import { ringsideVersion } from "../version.ts";

export const floorSystem: SystemRow = {
  world: "container",
  what: "the system calls that our container takes, and nothing else (native/bench/floor.cc)",
  async prepare(bench) {
    const program = [bench.guestProbe];
    const commands = Array.from({ length: bench.slots }, (_, slot) => floorCommand({ ...bench, program, slot }));
    return commandSystem(bench, {
      argv: ({ slot }) => commands[slot] ?? [],
      clock: "request",
      version: ringsideVersion(),
      notes: [
        "counted from the request to the launcher, as our own container is",
        "a static program; it is forked and executed by the launcher for every start, as the commands of other runtimes are",
        "keeps no state, checks nothing, reports nothing; it makes a network namespace of its own always, so it cannot serve",
        ...(detectCgroups().mode === "v2" ? ["has no program for devices, which on v2 ours has: less work"] : []),
      ],
    });
  },
};
