/**
 * What open(2), read(2), write(2) and their like do with a process's descriptors, its mounts and the page cache. The
 * result says what it came to; system.ts says what that takes.
 */
import { FRAME_BYTES } from "../machine/frames.ts";
import type { Service } from "../workload/services.ts";
import type { SystemCall } from "../workload/workload.ts";
import { pagesOfRange } from "./files/overlay.ts";
import { type Effort, type Memory, noEffort } from "./memory/memory.ts";
import type { OpenFile, Process } from "./processes/process.ts";

export interface FileResult {
  readonly error?: "ENOENT" | "EBADF" | "EROFS" | "ENOMEM";
  readonly descriptor?: number;
  readonly bytes?: number;
  /** Pages that a disk had to read, and those that were copied up. */
  readonly readPages: number;
  readonly copiedPages: number;
  readonly effort: Effort;
}

const DONE: FileResult = { readPages: 0, copiedPages: 0, effort: noEffort() };

/** Of a descriptor's file; sendfile(2) by the one that it reads. */
const FOLLOWED: readonly Service[] = ["read", "write", "close", "fsync", "sendfile"];

/**
 * @param content what is put into every page that is written
 * @returns undefined where the call is not about a file that the model follows
 */
export function fileCall(memory: Memory, process: Process, call: SystemCall, content: number): FileResult | undefined {
  const { service, path, bytes = 0 } = call;
  if (service === "open" && path !== undefined) return open(memory, process, path, call.access ?? "read");
  if (service === "unlink" && path !== undefined) return unlink(memory, process, path);
  if (!FOLLOWED.includes(service)) return undefined;
  const descriptor = call.descriptor ?? [...process.files.keys()].at(-1);
  const file = descriptor === undefined ? undefined : process.files.get(descriptor);
  if (descriptor === undefined || file === undefined)
    return call.descriptor === undefined || call.descriptor <= 2 ? undefined : fail("EBADF");
  if (service === "close") {
    process.files.delete(descriptor);
    return { ...DONE, descriptor };
  }
  if (service === "fsync") return { ...DONE, effort: { ...noEffort(), written: memory.sync(file.inode) } };
  if (service === "read" || service === "sendfile") return read(memory, process, file, bytes);
  return file.write ? write(memory, process, file, bytes, content) : fail("EBADF");
}

function fail(error: NonNullable<FileResult["error"]>): FileResult {
  return { ...DONE, error };
}

function open(memory: Memory, process: Process, path: string, access: "read" | "write" | "create"): FileResult {
  const place = process.namespaces.mount.resolve(path);
  if (place === undefined) return fail("ENOENT");
  const { tree, readOnly } = place.mount;
  const found = tree.find(place.path);
  if (access !== "read" && readOnly) return fail("EROFS");
  if (found === undefined && access !== "create") return fail("ENOENT");
  if (access === "read" && found !== undefined)
    return { ...DONE, descriptor: install(process, path, found.inode, false) };
  if (found === undefined) return { ...DONE, descriptor: install(process, path, tree.create(place.path), true) };
  const opened = tree.open(place.path, memory, process.controlGroup.memory);
  if (opened === undefined) return fail("ENOMEM");
  const { inode, copiedPages, readPages, effort } = opened;
  return { descriptor: install(process, path, inode, true), copiedPages, readPages, effort };
}

function unlink(memory: Memory, process: Process, path: string): FileResult {
  const place = process.namespaces.mount.resolve(path);
  if (place?.mount.readOnly === true) return fail("EROFS");
  return place?.mount.tree.remove(place.path, memory) === true ? DONE : fail("ENOENT");
}

function install(process: Process, path: string, inode: OpenFile["inode"], write: boolean): number {
  const descriptor = process.freeDescriptor();
  process.files.set(descriptor, { path, inode, write, offset: 0 });
  return descriptor;
}

function read(memory: Memory, process: Process, file: OpenFile, wanted: number): FileResult {
  const bytes = Math.max(0, Math.min(wanted, file.inode.bytes - file.offset));
  if (bytes === 0) return { ...DONE, bytes: 0 };
  const effort = noEffort();
  const { first, count } = pagesOfRange(file.offset, bytes);
  let readPages = 0;
  for (let page = first; page < first + count; page++) {
    const loaded = memory.load(file.inode, page, process.controlGroup.memory, effort, () => !process.isAlive);
    if (loaded === undefined) return { ...fail("ENOMEM"), effort };
    if (loaded.fromDisk) readPages++;
  }
  file.offset += bytes;
  return { bytes, readPages, copiedPages: 0, effort };
}

function write(memory: Memory, process: Process, file: OpenFile, bytes: number, content: number): FileResult {
  const effort = noEffort();
  const { first, count } = pagesOfRange(file.offset, bytes);
  let readPages = 0;
  for (let page = first; page < first + count; page++) {
    // A page that is written in part, and was there, has to be read first.
    const isWhole = file.offset <= page * FRAME_BYTES && file.offset + bytes >= (page + 1) * FRAME_BYTES;
    const isNew = page >= file.inode.pages;
    const loaded = memory.load(file.inode, page, process.controlGroup.memory, effort, () => !process.isAlive);
    if (loaded === undefined) return { ...fail("ENOMEM"), effort };
    if (loaded.fromDisk && !isWhole && !isNew) readPages++;
    memory.store(loaded.cached.frame, content);
  }
  file.offset += bytes;
  file.inode.extendTo(file.offset);
  return { bytes, readPages, copiedPages: 0, effort };
}
