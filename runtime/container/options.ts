/** Parsing of what people type, for the command line and the server alike. docker-run(1). */
import { RingsideError } from "../error.ts";
import type {
  NamespaceType,
  OciDevice,
  OciDeviceRule,
  OciMount,
  OciNamespace,
  OciResources,
  OciRlimit,
} from "../oci/config.ts";
import type { SeccompProfile } from "../oci/seccomp.ts";
import { DEFAULT_LOG_BOUNDS, type LogBounds } from "./monitor-steps.ts";
import type { TerminalSize } from "./running.ts";

export type Network = "none" | "host";

/** Whose users a container has: the machine's, or ids of its own that are nobody's outside. */
export type UserNamespaceChoice = "host" | "auto";

/** What to run, in whatever world. */
export interface ProgramOptions {
  readonly image: string;
  /** Empty: the image's own. */
  readonly command: readonly string[];
  readonly name?: string;
  readonly hostname?: string;
  /** `NAME=value`. */
  readonly env: readonly string[];
  readonly cwd?: string;
  /** `uid[:gid]` or `user[:group]`. */
  readonly user?: string;
}

/** What to run and how. Bytes, CPUs and counts are checked where they are enforced. */
export interface ContainerOptions extends ProgramOptions, FurtherOptions {
  readonly memoryBytes?: number;
  readonly cpus?: number;
  readonly pidsLimit?: number;
  readonly readOnly: boolean;
  readonly network: Network;
  readonly terminal?: TerminalSize;
  readonly stdio?: { readonly stdin: number; readonly stdout: number; readonly stderr: number };
  readonly remove: boolean;
  readonly labels?: Readonly<Record<string, string>>;
}

/** What most containers do not ask for. */
export interface FurtherOptions {
  /** In place of the image's; an empty list takes it away. */
  readonly entrypoint?: readonly string[];
  /** PID 1 is a program of ours that takes the exits of orphans and hands signals on (native/reaper.c). */
  readonly reaper?: boolean;
  readonly domainname?: string;
  /** Further groups, by name or number. */
  readonly groups?: readonly string[];
  /** Limits beside memoryBytes, cpus and pidsLimit, which win. */
  readonly resources?: OciResources;
  /** After the usual ones; one at the place of a usual one takes its place. */
  readonly mounts?: readonly OciMount[];
  readonly devices?: readonly OciDevice[];
  readonly deviceRules?: readonly OciDeviceRule[];
  /** In place of the usual ones. */
  readonly capabilities?: readonly string[];
  /** True unless said otherwise. */
  readonly noNewPrivileges?: boolean;
  /** In place of the usual one; null: every system call is allowed. */
  readonly seccomp?: SeccompProfile | null;
  readonly rlimits?: readonly OciRlimit[];
  readonly sysctl?: Readonly<Record<string, string>>;
  readonly shmBytes?: number;
  readonly oomScoreAdj?: number;
  /** Nothing of /proc and /sys is hidden or read-only. */
  readonly unguarded?: boolean;
  /** Namespaces that it shares with the host. */
  readonly hostNamespaces?: readonly NamespaceType[];
  /** Root's container has the machine's users unless said otherwise, an ordinary user's never. */
  readonly userNamespace?: UserNamespaceChoice;
  /** Namespaces of others that it joins. */
  readonly joinedNamespaces?: readonly OciNamespace[];
  /** Lines of hosts(5). */
  readonly extraHosts?: readonly string[];
  /** Lines of resolv.conf(5). */
  readonly resolver?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly stopSignal?: string;
  readonly stopTimeoutMs?: number;
}

const UNITS: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/**
 * Parses `64m`, `1.5g`, `1048576`, as Docker does: units of 1,024, upper or lower case, an optional `b` or `ib` behind.
 * @returns bytes
 * @throws RingsideError when it is not an amount of memory
 */
export function parseMemory(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([bkmgt])(?:i?b)?)?$/i.exec(text.trim());
  const unit = UNITS[(match?.[2] ?? "b").toLowerCase()];
  const bytes = Math.floor(Number(match?.[1]) * (unit ?? Number.NaN));
  if (Number.isSafeInteger(bytes)) return bytes;
  throw new RingsideError(`${JSON.stringify(text)} is not an amount of memory`, {
    fix: "write it as 64m, 1.5g or 67108864",
  });
}

/** Parses `0.5`, `2`. @throws RingsideError when it is not a positive decimal number */
export function parseCpus(text: string): number {
  const cpus = /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (cpus > 0) return cpus;
  throw new RingsideError(`${JSON.stringify(text)} is not a number of CPUs`, { fix: "write it as 0.5 or 2" });
}

/** Parses a whole number above 0. @throws RingsideError naming `what` */
export function parseCount(text: string, what: string): number {
  const count = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new RingsideError(`${JSON.stringify(text)} is not ${what}`, { fix: "write a whole number such as 100" });
}

/** Parses a whole number of seconds, 0 among them. @throws RingsideError when it is none */
export function parseSeconds(text: string): number {
  return text.trim() === "0" ? 0 : parseCount(text, "a number of seconds");
}

/** Checks a working directory. @throws RingsideError where it does not say from where it counts */
export function parseWorkdir(text: string): string {
  if (text.startsWith("/")) return text;
  throw new RingsideError(`--workdir ${JSON.stringify(text)} is not an absolute path`, {
    fix: "begin it with a slash",
  });
}

/** Parses the value of --network. @throws RingsideError for anything but none and host */
export function parseNetwork(text: string): Network {
  if (text === "none" || text === "host") return text;
  throw new RingsideError(`there is no network ${JSON.stringify(text)}`, {
    fix: "use --network none, --network host or --network container:NAME",
  });
}

/** Parses the value of --userns. @throws RingsideError for anything but host and auto */
export function parseUserNamespace(text: string): UserNamespaceChoice {
  if (text === "host" || text === "auto") return text;
  throw new RingsideError(`there is no --userns ${JSON.stringify(text)}`, {
    fix: "use --userns host for the machine's users, or --userns auto for users of its own",
  });
}

/**
 * Parses one -e option: `NAME=value`, or `NAME` for the caller's own value.
 * @returns undefined when the caller has no such variable, which is then left out, as Docker does
 */
export function parseEnv(text: string, environment: NodeJS.ProcessEnv = process.env): string | undefined {
  if (text === "" || text.startsWith("=") || text.includes("\0")) {
    throw new RingsideError(`${JSON.stringify(text)} is not a variable`, { fix: "write -e NAME=value" });
  }
  if (text.includes("=")) return text;
  const value = environment[text];
  return value === undefined ? undefined : `${text}=${value}`;
}

/**
 * Parses the --log-opt options, `max-size=8m` and `max-file=3`, by Docker's names.
 * @throws RingsideError for another name or a value that is none
 */
export function parseLogOptions(options: readonly string[]): LogBounds {
  let bounds = DEFAULT_LOG_BOUNDS;
  for (const option of options) {
    const equals = option.indexOf("=");
    const name = option.slice(0, Math.max(0, equals));
    const value = option.slice(equals + 1);
    if (name === "max-size") bounds = { ...bounds, fileBytes: parseLogSize(value) };
    else if (name === "max-file") bounds = { ...bounds, files: parseCount(value, "a number of files") };
    else {
      throw new RingsideError(`there is no --log-opt ${JSON.stringify(option)}`, {
        fix: "use max-size=8m and max-file=3",
      });
    }
  }
  return bounds;
}

/** One chunk of output must fit into a file. */
const LEAST_LOG_BYTES = 64 * 1024;

function parseLogSize(text: string): number {
  const bytes = parseMemory(text);
  if (bytes >= LEAST_LOG_BYTES) return bytes;
  throw new RingsideError(`cannot keep a log in files of ${bytes} bytes: the least is 64k`, {
    fix: "give --log-opt max-size=64k or more",
  });
}
