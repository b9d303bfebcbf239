/** Ids of containers and machines. */
import { closeSync, openSync, readSync } from "node:fs";

const ID_BYTES = 6;

/** Twelve hexadecimal digits, as Docker shows them, from random(4): loading node:crypto takes longer than all the rest. */
export function newId(): string {
  const bytes = Buffer.alloc(ID_BYTES);
  const random = openSync("/dev/urandom", "r");
  try {
    readSync(random, bytes);
  } finally {
    closeSync(random);
  }
  return bytes.toString("hex");
}
