/** What operations are called in a trace, the same in every world: words for whoever reads it, not the fields' names. */
import type { NetworkTransfer } from "./workload.ts";

const MESSAGES: Readonly<Record<NetworkTransfer["action"], string>> = {
  send: "send",
  receive: "receive",
  roundTrip: "send and have answered",
};

/** @returns `1000 instructions` */
export function instructionsText(instructions: number): string {
  return instructions === 1 ? "1 instruction" : `${instructions} instructions`;
}

/** @returns `send 100 bytes` */
export function messageText({ action, bytes }: NetworkTransfer): string {
  return `${MESSAGES[action]} ${bytes} bytes`;
}
