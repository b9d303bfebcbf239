/** The system as it is once the IPL is over: common storage, PSAs and the master address space, without the steps. */
import { MASTER_ASID } from "./asvt.ts";
import type { Tcb } from "./control-blocks.ts";
import { givePrivatePages, newRct, newSpace } from "./space-creation.ts";
import { storageMap } from "./storage-map.ts";
import type { ZosSystem } from "./system.ts";
import { newTask } from "./task.ts";

/** SYSTEM: the service class of *MASTER* and a few others, dispatching priority 255 (z/OS MVS Planning: WLM). */
export const SYSTEM_PRIORITY = 255;

/** Makes common storage and the master address space, as after an IPL. @returns the master scheduler's task */
export function buildMaster(system: ZosSystem): Tcb {
  buildCommonStorage(system);
  system.libraries.loadNucleus(system.sysres.members["SYS1.NUCLEUS"]);
  system.libraries.loadLpa(system.sysres.members["SYS1.LPALIB"]);
  return buildMasterSpace(system);
}

/** @returns the master scheduler's task, in an address space with ASID 1. */
export function buildMasterSpace(system: ZosSystem): Tcb {
  const asid = system.asvt.reserve(false);
  if (asid !== MASTER_ASID) throw new RangeError(`the master address space got ASID ${asid}`);
  const master = newSpace(system, asid, { jobName: "*MASTER*", priority: SYSTEM_PRIORITY });
  master.authorized = true;
  givePrivatePages(system, master);
  system.asvt.put(master);
  system.master = master;
  const rct = newRct(master);
  return newTask({ name: "master scheduler", home: master, mother: rct, priority: SYSTEM_PRIORITY, psw: rct.psw });
}

/** A page of each common area, and a PSA page for each processor: mapped into every address space from then on. */
export function buildCommonStorage(system: ZosSystem): void {
  for (const { name, sharing } of storageMap(system.era)) {
    if (sharing !== "common") continue;
    const pages = name === "PSA" ? system.psas.length : 1;
    for (let page = 0; page < pages; page++) system.storage.get(0, { area: name, page });
  }
}
