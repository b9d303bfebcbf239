/**
 * The way from a processor's prefix area to everything else, as a dump is read: from block to block by the fields that
 * point there, with their offsets where they were read (z/OS MVS Diagnosis: Reference, "Processor resources"; PSA and TCB
 * mappings).
 */
import { daughtersOf, requestsOf, type Tcb, tasksOf } from "./control-blocks.ts";
import type { ZosSystem } from "./system.ts";

export interface Link {
  /** The block, as it is called: `ASCB 2 JOB1`. */
  readonly from: string;
  readonly field: string;
  /** In bytes; undefined where it was not read. */
  readonly offset: number | undefined;
  readonly to: string;
}

/** @returns every pointer from the PSA of a processor on, block after block. */
export function chainsFrom(system: ZosSystem, cpu: number): Link[] {
  const psa = system.psas[cpu];
  if (psa === undefined) throw new RangeError(`there is no processor ${cpu} of ${system.psas.length}`);
  const { currentTcb, currentAscb } = psa;
  const from = `PSA ${cpu}`;
  return [
    link(from, "FLCCVT", 0x10, "CVT"),
    link(from, "PSATOLD", 0x21c, currentTcb === undefined ? "nothing: an SRB runs, or nobody" : nameOf(currentTcb)),
    ...(currentAscb === undefined
      ? []
      : [link(from, "PSAAOLD", 0x224, `ASCB ${currentAscb.asid} ${currentAscb.jobName}`)]),
    link("CVT", "CVTASVT", undefined, "ASVT"),
    ...system.spaces().flatMap((ascb): Link[] => {
      const name = `ASCB ${ascb.asid} ${ascb.jobName}`;
      const asxb = `ASXB of ${ascb.jobName}`;
      const tasks = tasksOf(ascb);
      const [first, last] = [tasks[0], tasks.at(-1)];
      return [
        link("ASVT", `ASVTENTY(${ascb.asid})`, undefined, name),
        link(name, "ASCBASXB", 0x6c, asxb),
        ...(first === undefined ? [] : [link(asxb, "ASXBFTCB", undefined, nameOf(first))]),
        ...(last === undefined ? [] : [link(asxb, "ASXBLTCB", undefined, nameOf(last))]),
        ...tasks.flatMap(linksOf),
      ];
    }),
  ];
}

function linksOf(tcb: Tcb): Link[] {
  const from = nameOf(tcb);
  const [newest] = requestsOf(tcb);
  const [last] = daughtersOf(tcb);
  const to = (field: string, target: Tcb | undefined): Link[] =>
    target === undefined ? [] : [link(from, field, undefined, nameOf(target))];
  return [
    ...(newest === undefined ? [] : [link(from, "TCBRBP", 0, `${newest.kind} ${newest.routine}`)]),
    ...to("TCBBACK", tcb.back),
    ...to("TCBTCB", tcb.next),
    ...to("TCBOTC", tcb.mother),
    ...to("TCBLTC", last),
    ...to("TCBNTC", tcb.sister),
  ];
}

function nameOf(tcb: Tcb): string {
  return `TCB ${tcb.name} of ${tcb.home.jobName}`;
}

function link(from: string, field: string, offset: number | undefined, to: string): Link {
  return { from, field, offset, to };
}
