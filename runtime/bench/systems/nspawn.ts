/** systemd-nspawn(1): `systemd-nspawn --directory ROOT PROGRAM`, the whole command, without registering at systemd-machined. */

import { existsSync } from "node:fs";
import { commandSystem, versionOf } from "../command.ts";
import { groupsToCome } from "../foreign-groups.ts";
import { guestProgram, HOST_NETWORK, peerId, WHOLE_COMMAND } from "../peer.ts";
import { requireProgram } from "../programs.ts";
import type { SystemRow, Workbench } from "../system.ts";

/** sd_booted(3). */
const SYSTEMD_RUNS = "/run/systemd/system";
const STATE = "/run/systemd/nspawn";
/** What it makes below the group that it is in where it keeps that one, for itself and for what runs in it. */
const OWN_GROUPS = ["supervisor", "payload"];

export const nspawnSystem: SystemRow = {
  world: "container",
  what: "systemd-nspawn --register=no, the whole command",
  async prepare(bench) {
    const program = requireProgram("systemd-nspawn", "systemd-container");
    const keepsUnit = !existsSync(SYSTEMD_RUNS);
    expectLeftovers(bench, keepsUnit);
    return commandSystem(bench, {
      argv: (run) => [
        ...[program, "--quiet", "--pipe"],
        ...["--directory", bench.rootDirectory, "--machine", peerId("nspawn", run.slot)],
        ...["--register=no", ...(keepsUnit ? ["--keep-unit"] : [])],
        ...["--link-journal=no", "--resolv-conf=off", "--timezone=off"],
        ...(run.workload === "serve" ? [] : ["--private-network"]),
        ...guestProgram(bench, run),
      ],
      // Its lock is for one container of a tree at a time.
      env: ["SYSTEMD_NSPAWN_LOCK=0"],
      workloads: ["byte", "serve"],
      version: await versionOf(bench, [program, "--version"]),
      notes: [
        WHOLE_COMMAND,
        HOST_NETWORK,
        "its own set of capabilities and its own filter of system calls, compiled at every start; no limits, which only a unit of systemd would have",
        ...(keepsUnit ? ["systemd does not run here: it stays in the control group that it was started in"] : []),
      ],
    });
  },
};

/** It removes none of these itself. */
function expectLeftovers({ journal, slots }: Workbench, keepsUnit: boolean): void {
  const hadState = existsSync(STATE);
  if (!hadState) journal.will({ kind: "empty", path: STATE });
  for (let slot = 0; slot < slots; slot++) {
    journal.will({ kind: "directory", path: `${STATE}/propagate/${peerId("nspawn", slot)}` });
  }
  if (!keepsUnit) return;
  for (const path of OWN_GROUPS.flatMap(groupsToCome)) journal.will({ kind: "empty", path });
}
