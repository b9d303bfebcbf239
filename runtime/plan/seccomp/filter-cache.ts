/**
 * Compiled filters on disk. A command that starts cold compiles the default profile in about 5 ms, since the code that
 * does it has not been run before; reading the 4 KiB that came out of it last time takes a tenth of that. Inside a
 * server, where compiling takes 0.4 ms, filters are kept in memory as well.
 *
 * A filter guards the kernel, so a file is believed only when it is ours alone and its checksum is right; in all other
 * cases, and where nothing can be written, the profile is compiled.
 */
import { createHash, randomUUID, timingSafeEqual } from "node:crypto";
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
import type { SeccompProfile } from "../../oci/seccomp.ts";
import { MAXIMUM_INSTRUCTIONS } from "./assembler.ts";
import { compileSeccomp } from "./compile.ts";

/** Part of every file's name. Raise it when compiling the same profile gives other instructions. */
export const COMPILER_VERSION = 4;

const INSTRUCTION_BYTES = 8;
const CHECKSUM_BYTES = 32;
const LARGEST_FILE_BYTES = CHECKSUM_BYTES + MAXIMUM_INSTRUCTIONS * INSTRUCTION_BYTES;

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
    const name = nameOf(profile, this.#arch);
    const known = this.#known.get(name);
    if (known) return known;
    const stored = readFilter(this.#directory, name);
    const filter = stored ?? compileSeccomp(profile, { arch: this.#arch });
    if (!stored) storeFilter(this.#directory, name, filter);
    this.#known.set(name, filter);
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

/** Everything that the instructions depend on, as one hash. */
function nameOf(profile: SeccompProfile, arch: string): string {
  const text = JSON.stringify([COMPILER_VERSION, arch, profile], (_, value: unknown) => {
    return typeof value === "bigint" ? `${value}n` : value;
  });
  return createHash("sha256").update(text).digest("hex");
}

function readFilter(directory: string, name: string): Uint8Array | undefined {
  try {
    const fd = openSync(join(directory, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      return verified(fd, name);
    } finally {
      closeSync(fd);
    }
  } catch {
    // Missing, unreadable or a link: compiling is the answer to all of them.
    return undefined;
  }
}

/** The filter in an open file, if nobody but us can have written it and its checksum is right. */
function verified(fd: number, name: string): Uint8Array | undefined {
  const { mode, uid, size } = fstatSync(fd);
  const isFile = (mode & constants.S_IFMT) === constants.S_IFREG;
  const othersWrite = (mode & (constants.S_IWGRP | constants.S_IWOTH)) !== 0;
  if (!isFile || othersWrite || uid !== process.geteuid?.() || size > LARGEST_FILE_BYTES) return undefined;
  const content = Buffer.alloc(size);
  if (readSync(fd, content, 0, size, 0) !== size) return undefined;
  const filter = content.subarray(CHECKSUM_BYTES);
  const complete = filter.length > 0 && filter.length % INSTRUCTION_BYTES === 0;
  return complete && timingSafeEqual(checksum(name, filter), content.subarray(0, CHECKSUM_BYTES)) ? filter : undefined;
}

/** Written under another name and renamed, so that a reader sees the whole file or none. */
function storeFilter(directory: string, name: string, filter: Uint8Array): void {
  const temporary = join(directory, `${name}.${randomUUID()}`);
  try {
    makeDirectory(directory, MISSING_PARENTS);
    writeFileSync(temporary, Buffer.concat([checksum(name, filter), filter]), { mode: 0o600, flag: "wx" });
    renameSync(temporary, join(directory, name));
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

/** Over the name too, so that one of our own filters cannot be put in another's place. */
function checksum(name: string, filter: Uint8Array): Buffer {
  return createHash("sha256").update(name).update(filter).digest();
}
