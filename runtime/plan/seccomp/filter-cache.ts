/**
 * Compiled filters on disk. A command that starts cold compiles the default profile in about 5 ms, since the code that
 * does it has not been run before; reading the 4 KiB that came out of it last time takes a tenth of that. Inside a
 * server, where compiling takes 0.4 ms, filters are kept in memory as well.
 *
 * A filter guards the kernel, so a file is believed only when it is ours alone, is whole, and says that it is this very
 * profile's; in all other cases, and where nothing can be written, the profile is compiled.
 *
 *     u32 bytes of the key, the key, the filter, u32 FNV-1a of the filter
 */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fnv1a } from "../../../native/fnv1a.ts";
import type { SeccompProfile } from "../../oci/seccomp.ts";
import { MAXIMUM_INSTRUCTIONS } from "./assembler.ts";
import { compileSeccomp } from "./compile.ts";

/** Part of every file's name. Raise it when compiling the same profile gives other instructions. */
export const COMPILER_VERSION = 4;

const INSTRUCTION_BYTES = 8;
const U32_BYTES = 4;
const MOST_FILTER_BYTES = MAXIMUM_INSTRUCTIONS * INSTRUCTION_BYTES;

/** The filters of one machine, kept in memory and below one directory. */
export class FilterCache {
  readonly #directory: string;
  readonly #arch: string;
  readonly #known = new Map<string, Uint8Array>();
  /** By the very object: naming a profile takes longer than starting a process. */
  readonly #seen = new WeakMap<SeccompProfile, Uint8Array>();

  /**
   * @param cache the directory of all caches; the filters go into `seccomp` in it
   * @param arch the machine that they are for, a value of `process.arch`
   */
  constructor(cache: string, arch: string = process.arch) {
    this.#directory = join(cache, "seccomp");
    this.#arch = arch;
  }

  /**
   * The filter of a profile, compiled at most once.
   *
   * @throws RingsideError as compileSeccomp does
   */
  filter(profile: SeccompProfile): Uint8Array {
    const filter = this.#seen.get(profile) ?? this.#find(profile);
    this.#seen.set(profile, filter);
    return filter;
  }

  #find(profile: SeccompProfile): Uint8Array {
    const text = keyOf(profile, this.#arch);
    const known = this.#known.get(text);
    if (known) return known;
    const key = Buffer.from(text);
    const path = join(this.#directory, fileOf(key));
    const stored = readFilter(path, key);
    const filter = stored ?? compileSeccomp(profile, { arch: this.#arch });
    if (!stored) storeFilter(path, key, filter);
    this.#known.set(text, filter);
    return filter;
  }
}

const shared = new Map<string, FilterCache>();

/**
 * The filter of a profile for this machine, from the cache in the given directory.
 *
 * @param cache the directory of all caches (cacheDirectory of runtime/image)
 * @throws RingsideError as compileSeccomp does
 */
export function cachedFilter(profile: SeccompProfile, cache: string): Uint8Array {
  const filters = shared.get(cache) ?? new FilterCache(cache);
  shared.set(cache, filters);
  return filters.filter(profile);
}

/** Everything that the instructions depend on. */
function keyOf(profile: SeccompProfile, arch: string): string {
  return JSON.stringify([COMPILER_VERSION, arch, profile], (_, value: unknown) => {
    return typeof value === "bigint" ? `${value}n` : value;
  });
}

/** Profiles that somebody has made to share a name take turns in its file, and are compiled each time. */
function fileOf(key: Buffer): string {
  return `${key.length.toString(16)}-${fnv1a(key).toString(16).padStart(8, "0")}`;
}

function readFilter(path: string, key: Buffer): Uint8Array | undefined {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      return verified(fd, key);
    } finally {
      closeSync(fd);
    }
  } catch {
    // Missing, unreadable or a link: compiling is the answer to all of them.
    return undefined;
  }
}

/** The filter in an open file, if nobody but us can have written it and it is whole and this key's. */
function verified(fd: number, key: Buffer): Uint8Array | undefined {
  const { mode, uid, size } = fstatSync(fd);
  const isFile = (mode & constants.S_IFMT) === constants.S_IFREG;
  const othersWrite = (mode & (constants.S_IWGRP | constants.S_IWOTH)) !== 0;
  const start = U32_BYTES + key.length;
  const filterBytes = size - start - U32_BYTES;
  const isOne = filterBytes > 0 && filterBytes % INSTRUCTION_BYTES === 0 && filterBytes <= MOST_FILTER_BYTES;
  if (!isFile || othersWrite || uid !== process.geteuid?.() || !isOne) return undefined;
  const content = Buffer.alloc(size);
  if (readSync(fd, content, 0, size, 0) !== size) return undefined;
  const isOurs = content.readUInt32LE(0) === key.length && key.equals(content.subarray(U32_BYTES, start));
  const end = size - U32_BYTES;
  const isWhole = content.readUInt32LE(end) === fnv1a(content.subarray(start, end));
  return isOurs && isWhole ? content.subarray(start, end) : undefined;
}

function fileContent(key: Buffer, filter: Uint8Array): Buffer {
  const content = Buffer.alloc(U32_BYTES + key.length + filter.length + U32_BYTES);
  content.writeUInt32LE(key.length, 0);
  key.copy(content, U32_BYTES);
  content.set(filter, U32_BYTES + key.length);
  content.writeUInt32LE(fnv1a(filter), content.length - U32_BYTES);
  return content;
}

/** Written under another name and renamed, so that a reader sees the whole file or none. */
function storeFilter(path: string, key: Buffer, filter: Uint8Array): void {
  const temporary = `${path}.${process.pid}-${process.hrtime.bigint()}`;
  try {
    makeDirectory(dirname(path), MISSING_PARENTS);
    writeFileSync(temporary, fileContent(key, filter), { mode: 0o600, flag: "wx" });
    renameSync(temporary, path);
  } catch {
    // A cache that cannot be written is no reason not to start a container.
    discard(temporary);
  }
}

/** The cache's directory, and the ones of XDG above it, may be missing too. */
const MISSING_PARENTS = 3;

/** Like mkdir -p, but with an end: Node's own never returns where the kernel keeps saying ENOENT, as below /proc. */
function makeDirectory(path: string, missingParents: number): void {
  if (existsSync(path)) return;
  if (missingParents > 0) makeDirectory(dirname(path), missingParents - 1);
  mkdirSync(path, { mode: 0o700 });
}

function discard(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It was never made: its directory is not one.
  }
}
