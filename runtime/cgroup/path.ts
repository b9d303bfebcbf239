/**
 * Where a container's groups lie below the top of each hierarchy. config-linux.md, Cgroups Path: absolute means from the
 * top; relative is ours to place. Whatever is not a plain way down is refused, so that no group is made, emptied or
 * removed but the container's own.
 */
import { RingsideError } from "../error.ts";

/** Where relative paths begin. */
const RELATIVE_TOP = "ringside";
/** NAME_MAX. */
const LONGEST = 255;

/** A way down from the top of a hierarchy; the last component is the container's own group. */
export type CgroupPath = readonly string[];

/**
 * Ringside's own: one group for each container at the top, with no directory between. A shared parent would cost a mkdir
 * and an rmdir in every hierarchy and could vanish between the two of another start.
 *
 * @param name the container's id
 * @throws RingsideError when it could not be one component of a path
 */
export function ownPath(name: string): CgroupPath {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(name)) {
    throw new RingsideError(`cannot name a control group ${JSON.stringify(name)}`, {
      fix: "use letters, digits, dots, dashes and underscores, the first a letter or a digit",
    });
  }
  return [`ringside-${name}`];
}

/**
 * @param cgroupsPath as the configuration has it: `/a/b/c`, `a/b`
 * @throws RingsideError for `.` and `..`, a newline or a NUL, a component that is too long, and nothing at all
 */
export function parseCgroupsPath(cgroupsPath: string): CgroupPath {
  const components = cgroupsPath.split("/").filter((component) => component !== "");
  const wrong = components.find(isWrong);
  if (wrong !== undefined || components.length === 0 || cgroupsPath.includes("\0")) {
    const what = wrong === undefined ? "it names no group" : `${JSON.stringify(wrong)} is no name of a group`;
    throw new RingsideError(`linux.cgroupsPath: ${JSON.stringify(cgroupsPath)}: ${what}`, {
      fix: "write a path such as /machine/one, without . and ..",
    });
  }
  return cgroupsPath.startsWith("/") ? components : [RELATIVE_TOP, ...components];
}

/** The kernel's own files begin with `cgroup.`; a group of such a name could hide or be hidden by one of them. */
function isWrong(component: string): boolean {
  return (
    component === "." ||
    component === ".." ||
    component.startsWith("cgroup.") ||
    Buffer.byteLength(component) > LONGEST ||
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    /[\x00-\x1f\x7f]/.test(component)
  );
}

/** Every directory on the way down, the container's own last. */
export function directoriesBelow(top: string, path: CgroupPath): string[] {
  return path.map((_, index) => `${top}/${path.slice(0, index + 1).join("/")}`);
}
