/**
 * The line that installs a package on this machine: the set-up's own table of names, by package manager.
 */

import PACKAGES from "../../set-up/packages.json" with { type: "json" };
import { findProgram } from "../host-program.ts";

const MANAGERS: Readonly<Record<string, string>> = {
  "apt-get": "apt-get install --no-install-recommends",
  dnf: "dnf install",
  pacman: "pacman -S --needed",
  apk: "apk add",
  zypper: "zypper install",
};

const LOCAL_NAMES = new Map<string, Readonly<Record<string, string>>>(
  Object.entries(PACKAGES).map(([name, row]) => [name, row.names]),
);

/** @param names Debian's names of the packages */
export function installLine(names: readonly string[], isRoot = process.getuid?.() === 0): string {
  if (process.platform !== "linux") return "run Ringside on Linux, or in a Linux virtual machine";
  const manager = Object.keys(MANAGERS).find((program) => findProgram(program) !== undefined);
  if (manager === undefined) return `install ${names.join(", ")} with your distribution's package manager`;
  const local = names.map((name) => LOCAL_NAMES.get(name)?.[manager] ?? name);
  return `${isRoot ? "" : "sudo "}${MANAGERS[manager]} ${local.join(" ")}`;
}
