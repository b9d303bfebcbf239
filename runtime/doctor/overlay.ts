/**
 * The overlay file system, with which a container writes into a layer of its own: mounted once, on three directories
 * that are gone again afterwards. Documentation/filesystems/overlayfs.rst.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { release } from "node:os";
import { dirname, join } from "node:path";
import { places } from "../container/directories.ts";
import { gap, ok, type Question } from "./check.ts";

const NAME = "overlay file system";
const CLONE_NEWUSER = 0x1000_0000;
const CLONE_NEWNS = 0x0002_0000;

export const askOverlay: Question = async (lab) => {
  if (process.platform !== "linux") return [gap(NAME, "missing", "only Linux has it", "run Ringside on Linux")];
  if (!lab.isRoot) return [await askAsUser(() => lab.attempt([], CLONE_NEWUSER | CLONE_NEWNS, []))];
  const place = existingParent(places().layers);
  const work = makeDirectory(place);
  if (work === undefined) return [gap(NAME, "missing", `${place} cannot be written`, "run Ringside as root")];
  try {
    for (const name of ["lower", "upper", "work"]) mkdirSync(join(work, name));
    const mount = {
      op: "newOverlay",
      slot: 1,
      lower: [join(work, "lower")],
      upper: join(work, "upper"),
      work: join(work, "work"),
      options: [],
      attributes: 0,
    } as const;
    const attempt = await lab.attempt([mount], 0, []);
    switch (attempt.kind) {
      case "worked":
        return [ok(NAME, `mounted one on ${place}, where containers write`)];
      case "failed":
        return [gap(NAME, "missing", `could not be mounted on ${place} (${attempt.code})`, fixFor(attempt.code))];
      case "untried":
        return [gap(NAME, "limited", `not tried: ${attempt.reason}`, null)];
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
};

/** The directory that containers write in may only be made by the first of them. */
function existingParent(path: string): string {
  return existsSync(path) ? path : existingParent(dirname(path));
}

function makeDirectory(parent: string): string | undefined {
  try {
    return mkdtempSync(join(parent, "ringside-doctor-"));
  } catch {
    return undefined;
  }
}

async function askAsUser(makeNamespaces: () => Promise<{ kind: string }>) {
  const { kind } = await makeNamespaces();
  if (kind !== "worked")
    return gap(NAME, "missing", "needs root, since user namespaces are closed", "run Ringside as root");
  const [major = 0, minor = 0] = release().split(".").map(Number);
  return major > 5 || (major === 5 && minor >= 11)
    ? ok(NAME, "mounted in the user namespace of each container of yours")
    : gap(NAME, "missing", "needs root here: in a user namespace only since Linux 5.11", "run Ringside as root");
}

function fixFor(code: string): string | null {
  if (code === "ENODEV") return "modprobe overlay";
  // An overlay cannot be the upper directory of another one.
  if (code === "EINVAL")
    return "export RINGSIDE_ROOT=/run/ringside, or another directory that is not itself on an overlay";
  return code === "EPERM" ? "run Ringside outside of a container, or give that one CAP_SYS_ADMIN" : null;
}
