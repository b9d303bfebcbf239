/** What the host has for virtual machines: QEMU and its version, and the clock that guests will find. */
import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { z } from "zod";
import { measureTscKhz } from "../../native/kernel.ts";
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

const TSC = "tsc-khz";

/**
 * The frequency of the TSC that an emulated guest finds: emulation passes the host's own on. A guest that is told need not
 * find it out against a timer, which fails on a busy host, and with ACPI on hangs for good then.
 */
export function tscKhz(): number {
  const known = recall(TSC, clockKey(), z.int().min(100_000).max(20_000_000));
  if (known !== undefined) return known;
  const measured = measureTscKhz();
  remember(TSC, clockKey(), measured);
  return measured;
}
