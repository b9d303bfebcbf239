/**
 * The kernel of virtual machines: the newest cloud kernel of the distribution, downloaded and unpacked into the cache,
 * never installed; or one that lies readable in /boot.
 *
 * What is kept: `guest-kernel/vmlinuz`, `guest-kernel/version.json` (package, version, where it came from) and
 * `guest-kernel/modules`, for guests that need a driver that is not built in.
 */
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { cacheDirectory } from "./cache.mjs";
import { installLine, isDebian, listsAreEmpty, mayInstall, updateLists } from "./packages.mjs";
import { Gap } from "./report.mjs";
import { run } from "./run.mjs";

const ARCHITECTURE = { x64: "amd64", arm64: "arm64" }[process.arch];

const DOWNLOAD_TIMEOUT_MS = 180_000;

const directory = () => join(cacheDirectory(), "guest-kernel");

export function guestKernelIsFresh() {
  return existsSync(join(directory(), "vmlinuz")) && existsSync(join(directory(), "version.json"));
}

/**
 * Puts a kernel into the cache.
 *
 * @returns {Promise<string>} its version
 * @throws {Gap} where neither the distribution nor /boot has one
 */
export async function fetchGuestKernel() {
  if (ARCHITECTURE === undefined || process.platform !== "linux")
    throw new Gap(
      `no guest kernel for ${process.platform} on ${process.arch}`,
      "use a Linux machine (x86-64 or arm64) for virtual machines",
    );
  mkdirSync(cacheDirectory(), { recursive: true });
  const work = mkdtempSync(join(cacheDirectory(), ".guest-kernel-"));
  try {
    const version = (await download(work)) ?? copyFromBoot(work);
    if (version === undefined) throw new Gap("no kernel for virtual machines could be found", kernelLine());
    writeFileSync(join(work, "kernel/version.json"), `${JSON.stringify(version, null, 2)}\n`);
    putInPlace(join(work, "kernel"));
    return version.version;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** A kernel in /boot serves too, and needs only to be readable. */
function kernelLine() {
  if (isDebian()) return `apt-get update && ${installLine([`linux-image-cloud-${ARCHITECTURE}`])}`;
  return `sudo chmod a+r /boot/vmlinuz-${"$"}(uname -r)`;
}

/** @returns {Promise<object | undefined>} undefined where apt may not be used or has no such package */
async function download(work) {
  if (process.env.RINGSIDE_NO_APT === "1" || !isDebian()) return undefined;
  if (mayInstall() && listsAreEmpty()) await updateLists();
  const wanted = (await newestPackage()) ?? (mayInstall() ? await updateLists().then(newestPackage) : undefined);
  if (wanted === undefined) return undefined;
  const fetched = (await tryDownload(work, wanted)) ?? (mayInstall() ? await retryDownload(work) : undefined);
  if (fetched === undefined) return undefined;
  const file = readdirSync(work).find((name) => name.endsWith(".deb"));
  await run("dpkg-deb", ["-x", join(work, file), join(work, "unpacked")]);
  return keep(work, fetched);
}

/** Lists that are older than the mirror name a version that is no longer there. */
async function retryDownload(work) {
  await updateLists();
  const wanted = await newestPackage();
  return wanted && tryDownload(work, wanted);
}

async function tryDownload(work, wanted) {
  try {
    // Downloading as root without apt's sandbox user: that user may not write into the cache.
    await run(
      "apt-get",
      [
        "download",
        "-q",
        "-o",
        "APT::Sandbox::User=root",
        "-o",
        "Acquire::Retries=1",
        "-o",
        "Acquire::http::Timeout=30",
        wanted,
      ],
      { cwd: work, timeoutMs: DOWNLOAD_TIMEOUT_MS },
    );
    return wanted;
  } catch {
    return undefined;
  }
}

/**
 * The newest signed cloud kernel by Debian's own order of versions.
 *
 * The names hold the version (linux-image-6.1.0-50-cloud-amd64); those without one are meta-packages, which hold no
 * kernel, and -dbg and -unsigned are left out by the end of the name.
 */
async function newestPackage() {
  const names = await run("apt-cache", ["pkgnames", "linux-image-"]);
  return newestOf(names.split("\n"), new RegExp(`^linux-image-(\\d+\\.\\d+\\.\\d+\\S*)-cloud-${ARCHITECTURE}$`));
}

/**
 * @param {string[]} names of packages
 * @param {RegExp} pattern whose first group is the version
 * @returns {Promise<string | undefined>} the name that fits with the newest version
 */
export async function newestOf(names, pattern) {
  const found = names.flatMap((name) => {
    const version = pattern.exec(name)?.[1];
    return version === undefined ? [] : [{ name, version }];
  });
  let newest;
  for (const each of found) {
    if (newest === undefined || (await isNewer(each.version, newest.version))) newest = each;
  }
  return newest?.name;
}

async function isNewer(a, b) {
  return run("dpkg", ["--compare-versions", a, "gt", b]).then(
    () => true,
    () => false,
  );
}

function keep(work, name) {
  const unpacked = join(work, "unpacked");
  const image = readdirSync(join(unpacked, "boot")).find((file) => file.startsWith("vmlinuz-"));
  if (image === undefined) return undefined;
  mkdirSync(join(work, "kernel"));
  renameSync(join(unpacked, "boot", image), join(work, "kernel/vmlinuz"));
  const modules = ["lib/modules", "usr/lib/modules"]
    .map((path) => join(unpacked, path))
    .find((path) => existsSync(path));
  if (modules !== undefined) renameSync(modules, join(work, "kernel/modules"));
  return { version: image.slice("vmlinuz-".length), package: name, from: "the distribution's package" };
}

function copyFromBoot(work) {
  const readable = (existsSync("/boot") ? readdirSync("/boot") : [])
    .filter((name) => name.startsWith("vmlinuz-") && isReadable(join("/boot", name)) && canBeGuest(name))
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const name = readable.at(-1);
  if (name === undefined) return undefined;
  mkdirSync(join(work, "kernel"), { recursive: true });
  copyFileSync(join("/boot", name), join(work, "kernel/vmlinuz"));
  return { version: name.slice("vmlinuz-".length), package: null, from: join("/boot", name) };
}

/** What a guest cannot start without has to be in the kernel itself; a kernel whose configuration is not there is taken. */
const BUILT_IN = ["CONFIG_BLK_DEV_INITRD", "CONFIG_SERIAL_8250_CONSOLE"];

function canBeGuest(name) {
  const config = join("/boot", name.replace("vmlinuz-", "config-"));
  if (!isReadable(config)) return true;
  const lines = readFileSync(config, "utf8").split("\n");
  return BUILT_IN.every((option) => lines.includes(`${option}=y`));
}

function isReadable(path) {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** One rename where nothing was before; otherwise the old one steps aside first. */
function putInPlace(kernel) {
  const aside = `${directory()}.old-${process.pid}`;
  if (existsSync(directory())) renameSync(directory(), aside);
  renameSync(kernel, directory());
  rmSync(aside, { recursive: true, force: true });
}
