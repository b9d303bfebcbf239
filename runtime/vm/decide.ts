/** What is decided upon before a machine is started, for the host's own processor or for another one. */
import type { Launcher } from "../../native/kernel.ts";
import { prepareForeignVm } from "./foreign/prepare.ts";
import type { VmOptions } from "./options.ts";
import { type PreparedVm, prepareVm } from "./prepare.ts";

/**
 * @param launcher used for the probe of the accelerator
 * @throws RingsideError saying what was wrong with the options, or what the host lacks
 */
export async function decideVm(launcher: Launcher, options: VmOptions): Promise<PreparedVm> {
  const { architecture } = options;
  return architecture === undefined ? await prepareVm(launcher, options) : prepareForeignVm(options, architecture);
}
