/**
 * What is written down of each virtual machine, in its state directory, for every other command. Whether it lives is not
 * written down: the kernel is asked (state.ts).
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { ExitStatus } from "../../native/kernel.ts";
import { parseStatus } from "../../native/wait-status.ts";
import { EXIT_FILE } from "../container/monitor-steps.ts";
import type { VmDirectory } from "./directory.ts";
import { type Milestone, MilestoneReader } from "./milestones.ts";
import { signalName } from "./signals.ts";
import { ACCELERATOR_NAMES, ROOT_KINDS, VMM_NAMES } from "./vmm.ts";

/** _exit(2): only these reach whoever waits. A guest may say anything. */
const EXIT_CODE_BITS = 0xff;

export const VM_OWNERS = ["lab", "monitor"] as const;

const pidSchema = z.object({ pid: z.int().positive(), startTicks: z.int().nonnegative() });

const exitStatusSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("exited"), code: z.int() }),
  z.object({ kind: z.literal("signaled"), signal: z.string(), core: z.literal(true).optional() }),
]);

const exitSchema = z.object({ status: exitStatusSchema, at: z.string() });

const portSchema = z.object({
  address: z.string(),
  hostPort: z.int(),
  guestPort: z.int(),
  protocol: z.enum(["tcp", "udp"]),
});

const recordSchema = z.object({
  schema: z.literal("ringside.vm/1"),
  id: z.string(),
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()),
  createdAt: z.string(),
  /** Whose machine it is, and with whom it dies: a Ringside process, or a monitor of its own. */
  owner: pidSchema.extend({ kind: z.enum(VM_OWNERS) }),
  vmm: z.enum(VMM_NAMES),
  vmmVersion: z.string(),
  /** The virtual machine monitor's process; absent until it has exec'd. */
  process: pidSchema.optional(),
  machine: z.string(),
  kernelVersion: z.string(),
  accelerator: z.enum(ACCELERATOR_NAMES),
  acceleratorLabel: z.string(),
  acceleratorReason: z.string(),
  memoryBytes: z.int(),
  root: z.enum(ROOT_KINDS),
  ports: z.array(portSchema),
  /** The console is a terminal; whoever attaches may type. */
  terminal: z.boolean(),
  input: z.boolean(),
  /** Stands at the head of each milestone; absent until the machine is started. */
  nonce: z.string().optional(),
  remove: z.boolean(),
  exit: exitSchema.optional(),
});

export type VmRecord = Readonly<z.infer<typeof recordSchema>>;
export type VmExit = Readonly<z.infer<typeof exitSchema>>;

/** What a monitor writes when QEMU has ended (native/launcher/monitor-record.h). */
const monitorExitSchema = z.object({
  schema: z.literal("ringside.exit/1"),
  at: z.string(),
  waitStatus: z.int(),
});

/** Writes the whole record at once: readers see the old one or the new one. rename(2) */
export function writeVmRecord(directory: Pick<VmDirectory, "record">, record: VmRecord): void {
  const temporary = `${directory.record}.${process.pid}`;
  writeFileSync(temporary, JSON.stringify(record), { mode: 0o600 });
  renameSync(temporary, directory.record);
}

/** @returns undefined where there is no such machine, or none yet; of a detached one that has ended, with its end */
export function readVmRecord(directory: VmDirectory): VmRecord | undefined {
  const record = parsedFile(directory.record, recordSchema);
  if (record?.owner.kind !== "monitor") return record;
  const exit = recordedExit(directory, record.nonce);
  return exit === undefined ? record : { ...record, exit };
}

/** How a detached machine has ended: by the milestones of its guest, else as its monitor saw QEMU end. */
export function recordedExit(directory: VmDirectory, nonce: string | undefined): VmExit | undefined {
  const seen = parsedFile(join(directory.path, EXIT_FILE), monitorExitSchema);
  if (seen === undefined) return undefined;
  const told = readMilestones(directory.milestones, nonce);
  return { at: seen.at, status: toldStatus(told) ?? parseStatus(seen.waitStatus) };
}

/** Writes down, in a monitor's place, that it was killed, and its machine with it: QEMU dies with its parent. */
export function writeKilledVmExit(directory: VmDirectory, waitStatus: number): void {
  const path = join(directory.path, EXIT_FILE);
  const exit = { schema: "ringside.exit/1", at: new Date().toISOString(), waitStatus };
  writeFileSync(`${path}.new`, JSON.stringify(exit), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** How a program ended, as its guest's init told it; undefined where it did not run to an end. */
export function toldStatus(milestones: Pick<MilestoneReader, "first">): ExitStatus | undefined {
  const ended: Milestone | undefined = milestones.first("exited") ?? milestones.first("signaled");
  if (ended?.kind === "exited") return { kind: "exited", code: ended.code & EXIT_CODE_BITS };
  if (ended?.kind === "signaled") return { kind: "signaled", signal: signalName(ended.signal) };
  const failed = milestones.first("failed");
  return failed === undefined ? undefined : { kind: "exited", code: failed.code & EXIT_CODE_BITS };
}

/** The milestones that a detached machine's file holds. Their host's times are unknown: nobody stamped them. */
export function readMilestones(file: string, nonce: string | undefined): MilestoneReader {
  const reader = new MilestoneReader(nonce ?? "-");
  try {
    reader.read(readFileSync(file), 0);
  } catch {
    // It has gone, and says nothing any more.
  }
  return reader;
}

function parsedFile<T>(path: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return undefined;
  }
}
