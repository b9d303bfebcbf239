/**
 * What virtual machines of another processor start from: the distribution's kernel for it and its static busybox, from
 * its mirror, unpacked into the cache, never installed. apt-get(8) is asked with lists and a cache of its own
 * (Dir::State, Dir::Cache, APT::Architecture of apt.conf(5)), so that nothing of the system's own settings, lists or
 * architectures changes; where the packages come from is what the system's own sources say.
 *
 * What is kept, below `foreign/s390x`: `vmlinuz`, `virtio_console.ko` (the one driver that a guest's first program needs),
 * `busybox`, of which the image ringside/s390x is made, and `version.json`.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { cacheDirectory } from "./cache.mjs";
import { newestOf } from "./guest-kernel.mjs";
import { isDebian, staticBusybox } from "./packages.mjs";
import { Gap } from "./report.mjs";
import { run } from "./run.mjs";

/** Debian's name of the architecture, which is also the processor's. */
const ARCHITECTURE = "s390x";
const IMAGE = "ringside/s390x";
const DRIVER = "virtio_console.ko";

const LISTS_TIMEOUT_MS = 120_000;
const DOWNLOAD_TIMEOUT_MS = 180_000;

const directory = () => join(cacheDirectory(), "foreign", ARCHITECTURE);

export function foreignGuestIsFresh() {
  const there = ["vmlinuz", DRIVER, "busybox", "version.json"].every((name) => existsSync(join(directory(), name)));
  return there && existsSync(join(cacheDirectory(), "images", `${encodeURIComponent(IMAGE)}.json`));
}

/**
 * Puts kernel and busybox into the cache, and makes the image.
 *
 * @returns {Promise<string>} the kernel's version
 * @throws {Gap} where the distribution has none for this architecture, or cannot be asked
 */
export async function fetchForeignGuest(root, { node }) {
  if (process.env.RINGSIDE_NO_APT === "1" || !isDebian()) {
    throw new Gap(
      `a kernel and busybox for ${ARCHITECTURE} come from Debian's packages, and apt-get is not there or not to be used`,
      `on a Debian machine: node set-up.mjs ${ARCHITECTURE}`,
    );
  }
  mkdirSync(join(cacheDirectory(), "foreign"), { recursive: true });
  const work = mkdtempSync(join(cacheDirectory(), ".foreign-"));
  try {
    const kernel = await download(work);
    writeFileSync(join(work, "kept/version.json"), `${JSON.stringify(kernel, null, 2)}\n`);
    putInPlace(join(work, "kept"));
    await buildImage(root, node);
    return kernel.version;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function download(work) {
  const env = { ...process.env, APT_CONFIG: configure(work) };
  await run("apt-get", ["update", "-q"], { env, timeoutMs: LISTS_TIMEOUT_MS });
  const names = await run("apt-cache", ["pkgnames", "linux-image-"], { env });
  const kernel = await newestOf(
    names.split("\n"),
    new RegExp(`^linux-image-(\\d+\\.\\d+\\.\\d+\\S*)-${ARCHITECTURE}$`),
  );
  if (kernel === undefined) {
    throw new Gap(
      `the distribution's mirror has no kernel for ${ARCHITECTURE}`,
      `use a mirror that carries ${ARCHITECTURE}, as Debian's own do`,
    );
  }
  await run("apt-get", ["download", "-q", kernel, "busybox-static"], {
    cwd: work,
    env,
    timeoutMs: DOWNLOAD_TIMEOUT_MS,
  });
  for (const file of readdirSync(work).filter((name) => name.endsWith(".deb"))) {
    await run("dpkg-deb", ["-x", join(work, file), join(work, "unpacked")]);
  }
  return keep(work, kernel);
}

/** Lists, cache and the record of what is installed are those of nobody else. @returns the path of the configuration */
function configure(work) {
  for (const place of ["state/lists/partial", "cache/archives/partial"]) {
    mkdirSync(join(work, place), { recursive: true });
  }
  writeFileSync(join(work, "status"), "");
  const path = join(work, "apt.conf");
  writeFileSync(
    path,
    [
      `Dir::State "${work}/state";`,
      `Dir::State::status "${work}/status";`,
      `Dir::Cache "${work}/cache";`,
      `APT::Architecture "${ARCHITECTURE}";`,
      `APT::Architectures { "${ARCHITECTURE}"; };`,
      // The user that apt would become may not write into our cache.
      ...(process.getuid() === 0 ? ['APT::Sandbox::User "root";'] : []),
      'Acquire::Languages "none";',
      'Acquire::Retries "1";',
      'Acquire::http::Timeout "30";',
      "",
    ].join("\n"),
  );
  return path;
}

async function keep(work, name) {
  const unpacked = join(work, "unpacked");
  const image = readdirSync(join(unpacked, "boot")).find((file) => file.startsWith("vmlinuz-"));
  const busybox = ["bin/busybox", "usr/bin/busybox"]
    .map((path) => join(unpacked, path))
    .find((path) => existsSync(path));
  if (image === undefined || busybox === undefined) {
    throw new Gap(`the packages ${name} and busybox-static hold no ${image === undefined ? "kernel" : "busybox"}`);
  }
  mkdirSync(join(work, "kept"));
  renameSync(join(unpacked, "boot", image), join(work, "kept/vmlinuz"));
  renameSync(busybox, join(work, "kept/busybox"));
  await keepDriver(unpacked, join(work, "kept", DRIVER));
  return { version: image.slice("vmlinuz-".length), package: name, from: "the distribution's package" };
}

/** Newer kernels come with their modules compressed; a guest's busybox loads them as they are. */
async function keepDriver(unpacked, place) {
  const path = readdirSync(unpacked, { recursive: true })
    .map((inner) => join(unpacked, inner))
    .find((file) => basename(file).startsWith(DRIVER));
  if (path === undefined) throw new Gap(`the kernel for ${ARCHITECTURE} has no driver ${DRIVER}`);
  if (path.endsWith(".xz")) await run(staticBusybox() ?? "busybox", ["unxz", path]);
  renameSync(path.replace(/\.xz$/, ""), place);
}

/** The image is made by runtime/image, in a Node that runs TypeScript. */
async function buildImage(root, node) {
  const script = `import { buildForeignImage } from ${JSON.stringify(join(root, "runtime/image/foreign.ts"))};
    buildForeignImage();`;
  await run(node, ["--no-warnings", "--input-type=module", "-e", script], { cwd: root });
}

function putInPlace(kept) {
  const aside = `${directory()}.old-${process.pid}`;
  if (existsSync(directory())) renameSync(directory(), aside);
  renameSync(kept, directory());
  rmSync(aside, { recursive: true, force: true });
}
