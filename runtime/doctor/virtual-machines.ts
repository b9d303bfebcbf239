/**
 * What a virtual machine needs: QEMU, a guest's kernel, and the verdict on hardware help, which only a booted probe can
 * give: a /dev/kvm that opens and makes virtual machines may still not run a kernel.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { findProgram } from "../bench/programs.ts";
import { cacheDirectory } from "../image/cache.ts";
import { gap, ok, type Question } from "./check.ts";
import { installLine } from "./install-line.ts";

const QEMU_BY_ARCHITECTURE: Readonly<Record<string, { program: string; package: string }>> = {
  x64: { program: "qemu-system-x86_64", package: "qemu-system-x86" },
  arm64: { program: "qemu-system-aarch64", package: "qemu-system-arm" },
};

export const askQemu: Question = async (lab) => {
  const qemu = QEMU_BY_ARCHITECTURE[process.arch];
  if (qemu === undefined) return [gap("qemu", "missing", `none that runs guests for ${process.arch}`, null)];
  const path = findProgram(qemu.program);
  if (path === undefined)
    return [gap("qemu", "missing", `${qemu.program} is not installed`, installLine([qemu.package]))];
  const version = (await lab.output([path, "--version"]))?.split("\n")[0]?.trim();
  return [ok("qemu", version ?? path)];
};

const kernelSchema = z.object({ version: z.string(), from: z.string() });

export const askGuestKernel: Question = async () => {
  const path = join(cacheDirectory(), "guest-kernel/version.json");
  try {
    const { version, from } = kernelSchema.parse(JSON.parse(readFileSync(path, "utf8")));
    return [ok("guest kernel", `${version}, from ${from}`)];
  } catch {
    return [
      gap("guest kernel", "missing", "no kernel for virtual machines in the cache", "npm start, or node set-up.mjs vm"),
    ];
  }
};
