/** The options that `create` and `run` share. */
import type { CreateOptions } from "../../container/oci/create.ts";
import { RingsideError } from "../../error.ts";
import type { Values } from "./arguments.ts";
import type { GlobalOptions } from "./command.ts";
import { UsageError } from "./usage-error.ts";

export const CREATE_OPTIONS = {
  bundle: { kind: "value", short: "b", help: "the bundle's directory (default: this one)" },
  "console-socket": { kind: "value", help: "a unix socket that gets the terminal's master" },
  "pid-file": { kind: "value", help: "a file that gets the first process's number" },
  "preserve-fds": { kind: "value", help: "how many of our descriptors, from 3 on, the program gets" },
  "no-pivot": { kind: "flag", help: "enter the root with chroot(2): for hosts that run from an initramfs" },
  "no-new-keyring": { kind: "flag", help: "keep the caller's session key ring" },
  "no-subreaper": { kind: "flag", help: "accepted: nobody here adopts orphans" },
} as const;

/** What the launcher can be sent, less the plan and standard input, output and error (native/protocol.h). */
const MOST_PRESERVED = 60;

/** How many descriptors we were started with, from 3 on: native/oci.cc says so, since Node opens its own behind them. */
function inheritedFds(environment: NodeJS.ProcessEnv): number | undefined {
  const text = environment.RINGSIDE_OCI_DESCRIPTORS;
  return text === undefined ? undefined : Number(text);
}

/**
 * Reads --preserve-fds.
 * @throws RingsideError when it is no number, or when there are not so many
 */
export function parsePreserveFds(text: string | undefined, environment: NodeJS.ProcessEnv = process.env): number {
  if (text === undefined) return 0;
  const count = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  if (!(count <= MOST_PRESERVED)) {
    throw new UsageError(`--preserve-fds ${text}: not a number from 0 to ${MOST_PRESERVED}`);
  }
  const there = inheritedFds(environment);
  if (there !== undefined && count > there) {
    throw new RingsideError(`--preserve-fds ${count}: descriptor ${3 + there} is not open`, {
      fix: "give as many as the caller has opened, from 3 on and without a gap",
    });
  }
  return count;
}

/** @throws RingsideError for a value that makes no sense */
export function createOptions(
  id: string,
  values: Values<typeof CREATE_OPTIONS>,
  { root, systemdCgroup }: GlobalOptions,
): CreateOptions {
  const pidFile = values["pid-file"];
  const consoleSocket = values["console-socket"];
  return {
    root,
    id,
    bundle: values.bundle ?? ".",
    preserveFds: parsePreserveFds(values["preserve-fds"]),
    noPivot: values["no-pivot"] === true,
    noNewKeyring: values["no-new-keyring"] === true,
    systemdCgroup,
    ...(pidFile !== undefined && pidFile !== "" && { pidFile }),
    ...(consoleSocket !== undefined && consoleSocket !== "" && { consoleSocket }),
  };
}
