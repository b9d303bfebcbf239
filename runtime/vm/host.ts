/** What the host has for virtual machines: QEMU and its version, and the clock that guests will find. */
import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { z } from "zod";
import { RingsideError } from "../error.ts";
import { recall, remember } from "./known-facts.ts";
import { findQemu, parseQemuVersion, QEMU_PROGRAM } from "./qemu.ts";

export interface Qemu {
  readonly path: string;
  readonly version: string;
}

const VERSION_TIMEOUT_MS = 10_000;

/**
 * Finds QEMU.
 *
 * @throws RingsideError when there is none, or it does not run
 */
export function requireQemu(): Qemu {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new RingsideError(
      `virtual machines need Linux on x86-64, and this is ${process.platform} on ${process.arch}`,
      {
        fix: "run Ringside on an x86-64 Linux machine",
      },
    );
  }
  const path = findQemu();
  if (path === undefined) {
    throw new RingsideError(`virtual machines need QEMU, and ${QEMU_PROGRAM} is not in $PATH`, {
      fix: "apt-get install --no-install-recommends qemu-system-x86",
    });
  }
  return qemuAt(path, "apt-get install --reinstall qemu-system-x86");
}

/**
 * Asks a QEMU for its version, once for each binary.
 *
 * @param fix what brings it, where it does not run
 * @throws RingsideError where it does not
 */
export function qemuAt(path: string, fix: string): Qemu {
  const { size, mtimeMs } = statSync(path);
  const key = [path, String(size), String(mtimeMs)];
  const known = recall("qemu", key, z.string());
  if (known !== undefined) return { path, version: known };
  try {
    const version = parseQemuVersion(
      execFileSync(path, ["--version"], { encoding: "utf8", timeout: VERSION_TIMEOUT_MS }),
    );
    remember("qemu", key, version);
    return { path, version };
  } catch (cause) {
    throw new RingsideError(
      `${path} is there but does not run: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
        fix,
      },
    );
  }
}

/** What the TSC's frequency depends on: it is that of the host's own since its last start. */
function clockKey(): string[] {
  return [readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()];
}

/** The frequency of the TSC that an earlier guest of this machine has found. Emulation passes the host's own on. */
export function knownTscKhz(): number | undefined {
  return recall("tsc", clockKey(), z.int().min(100_000).max(20_000_000));
}

const TSC_LINE = /^tsc: Detected (\d+)\.(\d{3}) MHz processor$/;

/**
 * Keeps the frequency that a guest has found on its own.
 *
 * @param line of the guest's log
 */
export function rememberTsc(line: string): void {
  const [, megahertz, kilohertz] = TSC_LINE.exec(line) ?? [];
  if (megahertz !== undefined) remember("tsc", clockKey(), Number(megahertz) * 1000 + Number(kilohertz));
}
