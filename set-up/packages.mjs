/**
 * Packages of the distribution: which are missing, and on Debian and Ubuntu, as root, their installation. Elsewhere, or
 * where RINGSIDE_NO_APT=1 forbids it, only the line to type.
 */
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { Gap } from "./report.mjs";
import { run, which } from "./run.mjs";

/** Name (Debian's) → what it is for, the program or the file to look for, and other distributions' names. */
export const PACKAGES = JSON.parse(readFileSync(new URL("packages.json", import.meta.url), "utf8"));

const MANAGERS = {
  "apt-get": "apt-get install -y --no-install-recommends",
  dnf: "dnf install -y",
  pacman: "pacman -S --needed",
  apk: "apk add",
  zypper: "zypper install -y",
};

/** A lock of dpkg is waited for, a mirror that does not answer is not. */
const APT_OPTIONS = [
  "-y",
  "-q",
  "-o",
  "DPkg::Lock::Timeout=120",
  "-o",
  "Acquire::Retries=1",
  "-o",
  "Acquire::http::Timeout=30",
];

const UPDATE_TIMEOUT_MS = 120_000;

const isRoot = () => process.getuid?.() === 0;

/** @returns {string[]} Debian's names of the packages for some purposes (`busybox`, `qemu`, …) that are not there */
export function missingPackages(purposes) {
  return Object.entries(PACKAGES)
    .filter(([, row]) => purposes.includes(row.for))
    .filter(([name, row]) => !isThere(name, row))
    .map(([name]) => name);
}

function isThere(name, { binary, file }) {
  if (file !== undefined) return existsSync(file);
  return (name === "busybox-static" ? staticBusybox() : which(binary)) !== undefined;
}

/** @returns {string} the line that installs packages on this machine */
export function installLine(names) {
  if (process.platform === "darwin") return "use a Linux machine or a Linux virtual machine for this part";
  const manager = Object.keys(MANAGERS).find((program) => which(program) !== undefined);
  if (manager === undefined) return `install ${names.join(", ")} with your distribution's package manager`;
  const local = names.map((name) => PACKAGES[name]?.names[manager] ?? name);
  return `${isRoot() ? "" : "sudo "}${MANAGERS[manager]} ${local.join(" ")}`;
}

/** Whether the set-up itself may call apt-get to install. */
export function mayInstall() {
  return isRoot() && process.env.RINGSIDE_NO_APT !== "1" && isDebian();
}

export function isDebian() {
  return process.platform === "linux" && which("apt-get") !== undefined && which("dpkg") !== undefined;
}

/**
 * Installs packages: as they are known, then once more with fresh lists, then one by one so that a package that this
 * distribution does not have keeps nobody else out.
 *
 * @throws {Gap} naming those that stay missing, and why
 */
export async function installPackages(names, purposes) {
  if (listsAreEmpty()) await updateLists();
  const failure = (await tryInstall(names)) && (await updateLists().then(() => tryInstall(names)));
  if (failure !== undefined && names.length > 1) for (const name of names) await tryInstall([name]);
  const left = missingPackages(purposes).filter((name) => names.includes(name));
  if (left.length > 0)
    throw new Gap(`${left.join(", ")} could not be installed: ${reason(failure)}`, installLine(left));
}

async function tryInstall(names) {
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    await run("apt-get", ["install", "--no-install-recommends", ...APT_OPTIONS, ...names], { env });
    return undefined;
  } catch (error) {
    return error;
  }
}

let update;

/** Fetches the lists of packages, once. That one source of several does not answer is no reason to stop. */
export function updateLists() {
  update ??= run("apt-get", ["update", ...APT_OPTIONS], { timeoutMs: UPDATE_TIMEOUT_MS }).catch(() => undefined);
  return update;
}

export function listsAreEmpty() {
  try {
    return !readdirSync("/var/lib/apt/lists").some((name) => name.includes("_Packages"));
  } catch {
    return true;
  }
}

/** apt's own error lines say why; without one, the last line of what it said. */
function reason(error) {
  const lines = (error?.output ?? "").split("\n").filter((line) => line.trim() !== "");
  return (lines.find((line) => line.startsWith("E: ")) ?? lines.at(-1) ?? "apt-get did not say why").replace(
    /^E: /,
    "",
  );
}

/** @returns {string | undefined} the path of a busybox that needs no loader */
export function staticBusybox() {
  const path = which("busybox");
  return path !== undefined && !hasInterpreter(path) ? path : undefined;
}

/** Whether an ELF file for a 64-bit machine names a loader (PT_INTERP, elf(5)), in its first 4 KiB. */
function hasInterpreter(path) {
  const head = Buffer.alloc(4096);
  const file = openSync(path, "r");
  try {
    if (readSync(file, head) < 64 || head.readUInt32BE(0) !== 0x7f454c46 || head[4] !== 2) return true;
  } finally {
    closeSync(file);
  }
  const start = Number(head.readBigUInt64LE(32));
  const count = head.readUInt16LE(56);
  return Array.from({ length: count }, (_, index) => start + index * 56)
    .filter((at) => at + 4 <= head.length)
    .some((at) => head.readUInt32LE(at) === 3);
}
