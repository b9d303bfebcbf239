/** `--security-opt`: no-new-privileges and the filter of system calls. docker-run(1), seccomp(2). */
import { RingsideError } from "../error.ts";
import { parseJson, readJsonFile } from "../oci/json.ts";
import { Misfit, pathText } from "../oci/readers.ts";
import type { SeccompProfile } from "../oci/seccomp.ts";
import { seccompProfile } from "../oci/seccomp-fields.ts";
import type { FurtherOptions } from "./options.ts";

type SecurityOptions = Pick<FurtherOptions, "noNewPrivileges" | "seccomp">;

const USAGE = "use no-new-privileges[=true|false], seccomp=unconfined, seccomp=default or seccomp=FILE";

/** Parses one option. @throws RingsideError for one that there is not, and for a profile that cannot be used */
function parseOne(text: string): SecurityOptions {
  const separator = text.search(/[=:]/);
  const name = separator < 0 ? text : text.slice(0, separator);
  const value = separator < 0 ? undefined : text.slice(separator + 1);
  if (name === "no-new-privileges" && (value === undefined || value === "true")) return { noNewPrivileges: true };
  if (name === "no-new-privileges" && value === "false") return { noNewPrivileges: false };
  if (name === "seccomp" && value === "unconfined") return { seccomp: null };
  if (name === "seccomp" && (value === "default" || value === "builtin")) return {};
  if (name === "seccomp" && value !== undefined && value !== "") return { seccomp: readProfile(value) };
  throw new RingsideError(`there is no --security-opt ${JSON.stringify(text)}`, { fix: USAGE });
}

function readProfile(path: string): SeccompProfile {
  const value = parseJson(readJsonFile(path), path);
  refuseDockersOwn(value, path);
  try {
    return seccompProfile(value);
  } catch (cause) {
    if (!(cause instanceof Misfit)) throw cause;
    throw new RingsideError(`${path}: ${pathText(cause.path)}: ${cause.message}`, {
      cause,
      fix: cause.fix ?? "config-linux.md, Seccomp, has the fields",
    });
  }
}

/** Docker's profiles have conditions on rules that the specification has not; without them they would allow more. */
function refuseDockersOwn(value: unknown, path: string): void {
  if (typeof value !== "object" || value === null || !("syscalls" in value) || !Array.isArray(value.syscalls)) return;
  const conditional = value.syscalls.some(
    (rule: unknown) => typeof rule === "object" && rule !== null && ("includes" in rule || "excludes" in rule),
  );
  if (!conditional) return;
  throw new RingsideError(`${path}: it has rules with includes or excludes, which are Docker's own`, {
    fix: "give a profile of the OCI specification, with the rules that are meant for this machine",
  });
}

/** @throws RingsideError for an option that there is not, and for a profile that cannot be used */
export function parseSecurityOptions(texts: readonly string[]): SecurityOptions {
  return Object.assign({}, ...texts.map(parseOne));
}
