/**
 * What is written down of each virtual machine, in its state directory, for every other command. Whether it lives is not
 * written down: the kernel is asked (state.ts).
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { errorCode } from "../../native/error-code.ts";
import type { ExitStatus } from "../../native/kernel.ts";
import { parseStatus } from "../../native/wait-status.ts";
import { EXIT_FILE } from "../container/monitor-steps.ts";
import { EXIT_CODES } from "../error.ts";
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
  /** There is an agent in the guest: programs can be run in it, its program can be told to end. */
  agent: z.boolean().default(false),
  /** Stands at the head of each milestone; absent until the machine is started. */
  nonce: z.string().optional(),
  remove: z.boolean(),
});

export type VmExit = Readonly<z.infer<typeof exitSchema>>;
/** `exit` is read from a file of its own. */
export type VmRecord = Readonly<z.infer<typeof recordSchema>> & { readonly exit?: VmExit };

/**
 * The file that says how a machine ended. Its owner makes it empty with the record and fills it in at the end, before it
 * removes anything: whoever has it open learns of the end, also when all else has gone. A monitor puts another in its
 * place (native/launcher/monitor-record.h): it saw how QEMU ended, and the milestones say the rest.
 */
const endSchema = z.discriminatedUnion("schema", [
  exitSchema.extend({ schema: z.literal("ringside.vm-exit/1") }),
  z.object({ schema: z.literal("ringside.exit/1"), at: z.string(), waitStatus: z.int() }),
]);

/** Writes the whole record at once: readers see the old one or the new one. rename(2) */
export function writeVmRecord(directory: Pick<VmDirectory, "record">, record: VmRecord): void {
  const temporary = `${directory.record}.${process.pid}`;
  writeFileSync(temporary, JSON.stringify(record), { mode: 0o600 });
  renameSync(temporary, directory.record);
}

/** @returns undefined where there is no such machine, or none yet; of one that has ended, with its end */
export function readVmRecord(directory: VmDirectory): VmRecord | undefined {
  const record = parsed(textOf(directory.record), recordSchema);
  if (record === undefined) return undefined;
  const exit = parseVmExit(textOf(exitFile(directory)), directory, record.nonce);
  return exit === undefined ? record : { ...record, exit };
}

/** The file that says how it ended; see `endSchema`. */
export function exitFile({ path }: Pick<VmDirectory, "path">): string {
  return join(path, EXIT_FILE);
}

/** @returns undefined where `text` does not say how a machine ended */
export function parseVmExit(text: string, directory: VmDirectory, nonce: string | undefined): VmExit | undefined {
  const end = parsed(text, endSchema);
  if (end === undefined) return undefined;
  if (end.schema === "ringside.vm-exit/1") return { at: end.at, status: end.status };
  const told = toldStatus(readMilestones(directory.milestones, nonce));
  const seen = parseStatus(end.waitStatus);
  // A monitor program that ended by itself, without a word from the guest, has failed whatever it says: see failure.ts.
  const failed: ExitStatus = { kind: "exited", code: EXIT_CODES.failure };
  return { at: end.at, status: told ?? (seen.kind === "signaled" ? seen : failed) };
}

/** Writes down how a machine ended, in the file that is there already; where it has been removed, nothing. */
export function writeVmExit(directory: Pick<VmDirectory, "path">, status: ExitStatus): void {
  const text = JSON.stringify({ schema: "ringside.vm-exit/1", at: new Date().toISOString(), status });
  try {
    writeFileSync(exitFile(directory), text, { flag: "r+" });
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
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

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function parsed<T>(text: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
