/** How many containers a second: many starts, several at a time, each awaited until all of it is gone. */

import { closeSync, openSync } from "node:fs";
import type { ExitStatus } from "../../../native/kernel.ts";
import { startContainer } from "../../container/start.ts";
import { startProcess } from "../../process/start.ts";
import { environment } from "../command.ts";
import { benchContainer } from "../container-options.ts";
import { peerId } from "../peer.ts";
import { settle } from "../settle.ts";
import { percentile } from "../statistics.ts";
import type { Workbench } from "../system.ts";
import { prepareRuntime } from "../systems/oci.ts";
import type { Figure } from "./schema.ts";

export const STARTS = 200;
export const AT_A_TIME = 8;

/** Starts one container, named by a number, and awaits its end. */
export type StartOne = (number: number) => Promise<ExitStatus>;

/**
 * Times one batch.
 *
 * @returns starts a second
 * @throws Error when one of them did not end with 0
 */
export async function throughputOf(start: StartOne): Promise<number> {
  await settle();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let number = next++; number < STARTS; number = next++) {
      const status = await start(number);
      if (status.kind !== "exited" || status.code !== 0)
        throw new Error(`start ${number} of ${STARTS}, ${AT_A_TIME} at a time, ended with ${JSON.stringify(status)}`);
    }
  };
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  return (STARTS * 1000) / (performance.now() - startedMs);
}

/** Our containers, from one launcher that is up. */
export function ourStarts(bench: Workbench): StartOne {
  return async () => {
    const container = await startContainer(bench.launcher, benchContainer(bench, [bench.guestProbe]));
    return (await container.exited).status;
  };
}

/** crun's, each a command of its own. */
export async function crunStarts(bench: Workbench): Promise<StartOne> {
  const variant = { name: "crun-many", runtime: "crun", cgroups: true, seccomp: true } as const;
  const { command, bundle } = await prepareRuntime(bench, variant, [bench.guestProbe]);
  return async (number) => {
    const nothing = openSync("/dev/null", "r+");
    try {
      const argv = [...command, "run", "--bundle", bundle, peerId(`many-${number}`)];
      const stdio = { stdin: nothing, stdout: nothing, stderr: nothing };
      const peer = await startProcess(bench.launcher, { argv, env: environment(), ...stdio });
      return (await peer.exited).status;
    } finally {
      closeSync(nothing);
    }
  };
}

/**
 * The median of batches as a figure.
 *
 * @throws RangeError when there is none
 */
export function throughputFigure(system: string, batches: readonly number[]): Figure {
  const sorted = batches.toSorted((a, b) => a - b);
  return { system, value: percentile(sorted, 0.5), unit: "1/s", n: batches.length };
}
