/** The options of `exec`, and the process that they describe: a file's, or the container's own with changes. */
import { readFileSync } from "node:fs";
import { RingsideError, reasonOf } from "../../error.ts";
import type { OciCapabilities, OciProcess, OciUser } from "../../oci/config.ts";
import { parseProcess } from "../../oci/parse.ts";
import { parseCapability } from "../../plan/capabilities.ts";
import type { Values } from "./arguments.ts";
import { parsePreserveFds } from "./create-options.ts";
import { UsageError } from "./usage-error.ts";

export const EXEC_OPTIONS = {
  process: { kind: "value", short: "p", help: "a file with the process as JSON; then no program is named" },
  detach: { kind: "flag", short: "d", help: "do not wait for its end" },
  "pid-file": { kind: "value", help: "a file that gets its number" },
  "console-socket": { kind: "value", help: "a unix socket that gets the terminal's master" },
  "preserve-fds": { kind: "value", help: "how many of our descriptors, from 3 on, it gets" },
  cwd: { kind: "value", help: "its working directory" },
  env: { kind: "values", short: "e", help: "NAME=VALUE, added to the container's" },
  user: { kind: "value", short: "u", help: "UID[:GID]" },
  "additional-gids": { kind: "values", short: "g", help: "a further group" },
  tty: { kind: "flag", short: "t", help: "give it a terminal" },
  cap: { kind: "values", short: "c", help: "a capability, added to the container's" },
  cgroup: { kind: "values", help: "[CONTROLLER:]PATH, a group below the container's own" },
  apparmor: { kind: "value", help: "its AppArmor profile" },
  "process-label": { kind: "value", help: "its SELinux label" },
  "no-new-privs": { kind: "flag", help: "it can gain no rights by set-user-ID programs" },
  "no-subreaper": { kind: "flag", help: "accepted: nobody here adopts orphans" },
  "ignore-paused": { kind: "flag", help: "also when the container is paused: it runs when that is over" },
} as const;

type ExecValues = Values<typeof EXEC_OPTIONS>;
/** Is told of what is left out. */
type Warn = (words: string) => void;

/** (uid_t)-1 means "unchanged" to setresuid(2), so it is nobody. */
const MOST_ID = 0xffff_fffe;

function parseId(text: string, what: string): number {
  const id = /^(0|[1-9]\d{0,9})$/.test(text) ? Number(text) : Number.NaN;
  if (id <= MOST_ID) return id;
  throw new RingsideError(`${what}: ${JSON.stringify(text)} is not a number from 0 to ${MOST_ID}`, {
    fix: "give numbers, such as --user 1000:1000",
  });
}

/** Strictly `UID` or `UID:GID`, decimal: CVE-2026-30892 was a lenient parser. */
export function parseUser(text: string): Pick<OciUser, "uid" | "gid"> {
  const [uid = "", gid, ...rest] = text.split(":");
  if (rest.length > 0) throw new UsageError(`--user ${JSON.stringify(text)}: not UID or UID:GID`);
  return { uid: parseId(uid, "--user"), gid: gid === undefined ? 0 : parseId(gid, "--user") };
}

/** What no kernel has is left out with a warning, as in a configuration (config.md, Linux Process). */
function knownCapabilities(names: readonly string[], warn: Warn): string[] {
  return names.filter((name) => {
    try {
      parseCapability(name);
      return true;
    } catch (error) {
      if (!(error instanceof RingsideError)) throw error;
      warn(`--cap: left out ${error.message}; ${error.fix}`);
      return false;
    }
  });
}

/** runc's meaning of --cap: in every set but the inheritable and ambient ones, which would outlive an exec by others. */
function withCapabilities(given: OciCapabilities | undefined, added: readonly string[]): OciCapabilities | undefined {
  if (added.length === 0) return given;
  const join = (set: readonly string[] = []) => [...new Set([...set, ...added])];
  const { bounding, effective, permitted, ...rest } = given ?? {};
  return { ...rest, bounding: join(bounding), effective: join(effective), permitted: join(permitted) };
}

function checkEnv(entries: readonly string[]): readonly string[] {
  for (const entry of entries) {
    if (!/^[^=\0]+=[^\0]*$/s.test(entry)) throw new UsageError(`--env ${JSON.stringify(entry)}: not NAME=VALUE`);
  }
  return entries;
}

/**
 * The process that is to be run.
 * @param own the container's own process, which all that is not said is taken from
 * @param warn is told of what is left out
 * @throws RingsideError when there is no program, or an option makes no sense
 */
export function execProcess(values: ExecValues, command: readonly string[], own: OciProcess, warn: Warn): OciProcess {
  // As runc has it: what is named beside the file goes unread.
  if (values.process !== undefined) return readProcess(values.process, warn);
  if (command.length === 0) throw new UsageError("exec needs a program, or --process");
  const { consoleSize: _, capabilities: given, ...rest } = own;
  const capabilities = withCapabilities(given, knownCapabilities(values.cap ?? [], warn));
  const gids = (values["additional-gids"] ?? []).map((gid) => parseId(gid, "--additional-gids"));
  return {
    ...rest,
    args: command,
    terminal: values.tty === true,
    user: {
      ...own.user,
      ...(values.user !== undefined && { ...parseUser(values.user), additionalGids: [] }),
      ...(gids.length > 0 && { additionalGids: gids }),
    },
    env: [...(own.env ?? []), ...checkEnv(values.env ?? [])],
    ...(values.cwd !== undefined && { cwd: values.cwd }),
    ...(capabilities !== undefined && { capabilities }),
    ...(values.apparmor !== undefined && { apparmorProfile: values.apparmor }),
    ...(values["process-label"] !== undefined && { selinuxLabel: values["process-label"] }),
    ...(values["no-new-privs"] === true && { noNewPrivileges: true }),
  };
}

function readProcess(path: string, warn: Warn): OciProcess {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new RingsideError(`the process in ${path} cannot be read: ${reasonOf(cause)}`, { cause });
  }
  const { value, warnings } = parseProcess(text, path);
  warnings.forEach(warn);
  return value;
}

/** How `exec` is to be done, beside the process itself. */
export interface ExecMode {
  readonly detach: boolean;
  readonly pidFile?: string;
  readonly consoleSocket?: string;
  readonly preserveFds: number;
  readonly cgroups: readonly string[];
  readonly ignorePaused: boolean;
}

/** @throws RingsideError for a value that makes no sense */
export function execMode(values: ExecValues): ExecMode {
  const pidFile = values["pid-file"];
  const consoleSocket = values["console-socket"];
  return {
    detach: values.detach === true,
    preserveFds: parsePreserveFds(values["preserve-fds"]),
    cgroups: values.cgroup ?? [],
    ignorePaused: values["ignore-paused"] === true,
    ...(pidFile !== undefined && pidFile !== "" && { pidFile }),
    ...(consoleSocket !== undefined && consoleSocket !== "" && { consoleSocket }),
  };
}
