/** An address space as it is once it has been created: in the ASVT, with its own pages and its region control task. */
import type { Ascb, Tcb } from "./control-blocks.ts";
import { givePrivatePages, newRct, newSpace, type SpaceRequest } from "./space-creation.ts";
import type { ZosSystem } from "./system.ts";

/**
 * Makes an address space without the steps of its creation.
 * @throws RangeError where no ASID is left
 */
export function buildSpace(
  system: ZosSystem,
  request: Pick<SpaceRequest, "jobName" | "priority" | "authorized" | "ownsLinkageIndex">,
): { readonly home: Ascb; readonly rct: Tcb } {
  const asid = system.asvt.reserve(false);
  if (asid === undefined) throw new RangeError("z/OS: no ASID is left");
  const home = newSpace(system, asid, request);
  home.authorized = request.authorized ?? false;
  givePrivatePages(system, home);
  system.asvt.put(home);
  return { home, rct: newRct(home) };
}
