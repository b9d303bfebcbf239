/** A task's chain of request blocks: chaining, unchaining, and giving SVRBs back to the pool that they come from. */
import type { Tcb } from "./control-blocks.ts";
import type { Rb } from "./request-block.ts";

/** @returns the newest request of a task. @throws RangeError where it has none */
export function currentRequest(tcb: Tcb): Rb {
  if (tcb.rb === undefined) throw new RangeError(`${tcb.name} has no request block`);
  return tcb.rb;
}

/** Takes the newest SVRB off the task and puts it into the pool. @throws RangeError where the newest is none */
export function returnSvrb(tcb: Tcb): void {
  const svrb = currentRequest(tcb);
  if (svrb.kind !== "SVRB") throw new RangeError(`${tcb.name}: its newest request is a ${svrb.kind}`);
  unchain(tcb);
}

/** Ends a task's requests, the newest first, down to the one given; all of them where it is left out. */
export function purgeRequests(tcb: Tcb, downTo?: Rb): void {
  while (tcb.rb !== undefined && tcb.rb !== downTo) unchain(tcb);
}

function unchain(tcb: Tcb): void {
  const rb = currentRequest(tcb);
  const { link } = rb;
  tcb.rb = link === undefined || link.kind === "TCB" ? undefined : link;
  rb.link = undefined;
  rb.registers = undefined;
  rb.waitCount = 0;
  if (rb.kind === "SVRB") tcb.home.svrbPool.giveBack(rb);
}
