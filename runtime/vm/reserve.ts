/**
 * A virtual machine's id and name, from when they are taken to when they are free again. Both are taken and let go of
 * under one lock (flock(2)), which goes with whoever holds it: a directory without a record is nobody's then.
 */
import { mkdirSync, readlinkSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "../../native/error-code.ts";
import { lockFile } from "../../native/kernel.ts";
import { checkName } from "../container/reserve.ts";
import { RingsideError } from "../error.ts";
import { makeVmDirectory, removeVmDirectory, type VmDirectory, vmDirectory, vmStates } from "./directory.ts";
import { vmLogDirectory, vmNames } from "./monitored.ts";
import { exitFile, readVmRecord, type VmRecord, writeVmRecord } from "./record.ts";

const PRIVATE = 0o700;

/** What all who make or remove a machine's directory hold meanwhile. */
export function lockVms(): Disposable {
  mkdirSync(vmStates(), { recursive: true, mode: PRIVATE });
  return lockFile(join(vmStates(), "lock"));
}

/**
 * Takes an id and a name, and makes the machine's directory with its first record in it.
 *
 * @throws RingsideError when the name is taken, or cannot be one; nothing is left then
 */
export function reserveVm(record: VmRecord): VmDirectory {
  checkName(record.name);
  using _lock = lockVms();
  takeName(record.id, record.name);
  try {
    const directory = makeVmDirectory(record.id);
    writeFileSync(exitFile(directory), "", { mode: 0o600 });
    writeVmRecord(directory, record);
    return directory;
  } catch (error) {
    forget(record);
    throw error;
  }
}

/** Lets go of an id and its name, and of all that is known of the machine. Harmless when repeated. */
export function releaseVm(machine: Pick<VmRecord, "id" | "name">): void {
  using _lock = lockVms();
  forget(machine);
}

/** The same for whoever holds the lock. */
export function forget({ id, name }: Pick<VmRecord, "id" | "name">): void {
  rmSync(vmLogDirectory(id), { recursive: true, force: true });
  removeVmDirectory(vmDirectory(id));
  if (holderOf(name) === id) unlinkSync(join(vmNames(), name));
}

function takeName(id: string, name: string): void {
  mkdirSync(vmNames(), { recursive: true, mode: PRIVATE });
  const link = join(vmNames(), name);
  const holder = holderOf(name);
  if (holder !== undefined) {
    if (readVmRecord(vmDirectory(holder)) !== undefined) throw nameTaken(name, holder);
    unlinkSync(link);
  }
  symlinkSync(id, link);
}

function nameTaken(name: string, holder: string): RingsideError {
  return new RingsideError(`the name ${name} is taken by virtual machine ${holder}`, {
    fix: `ringside vm rm -f ${name}, or give another --name`,
  });
}

/** @returns the id that a name stands for; undefined where it is free */
export function holderOf(name: string): string | undefined {
  try {
    return readlinkSync(join(vmNames(), name));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
