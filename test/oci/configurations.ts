/** Configurations with one thing in them, and what the parser says of them. */
import { RingsideError } from "../../runtime/error.ts";
import { parseConfig } from "../../runtime/oci/parse.ts";

export const MINIMAL = { ociVersion: "1.3.0", root: { path: "rootfs" } };
export const PROCESS = { user: { uid: 0, gid: 0 }, args: ["true"], cwd: "/" };

/** What a file with these fields beside the required ones is answered with. */
export function problemOf(fields: object): { message: string; fix: string | undefined } {
  try {
    parseConfig(JSON.stringify({ ...MINIMAL, ...fields }));
  } catch (error) {
    if (error instanceof RingsideError) return { message: error.message, fix: error.fix };
    throw error;
  }
  return { message: "none", fix: undefined };
}

export const withProcess = (fields: object) => ({ process: { ...PROCESS, ...fields } });
export const withLinux = (...types: string[]) => {
  return (fields: object) => ({ linux: { namespaces: types.map((type) => ({ type })), ...fields } });
};
export const linux = withLinux("mount");
export const resources = (fields: object) => linux({ resources: fields });
export const seccomp = (fields: object) => linux({ seccomp: { defaultAction: "SCMP_ACT_ALLOW", ...fields } });
export const mapping = (containerID: number, hostID: number, size: number) => ({ containerID, hostID, size });
