/**
 * What a container's process may do, as people type it: capabilities, limits, kernel settings, names of hosts.
 * docker-run(1), capabilities(7), setrlimit(2).
 */
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { RingsideError, reasonOf } from "../error.ts";
import type { OciRlimit } from "../oci/config.ts";
import { RLIMITS } from "../oci/kernel-names.ts";
import { CAPABILITIES } from "../plan/capabilities.ts";
import { grantableCapabilities } from "../plan/capability-sets.ts";

const ALL = "ALL";
/** A setting's value that means no limit. */
const UNLIMITED = -1;

function capabilityName(option: string, text: string): string {
  const upper = text.toUpperCase();
  const name = upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
  if (upper === ALL || Object.hasOwn(CAPABILITIES, name)) return upper === ALL ? ALL : name;
  throw new RingsideError(`${option} ${JSON.stringify(text)}: there is no such capability`, {
    fix: "use a name of capabilities(7) such as NET_ADMIN, or ALL",
  });
}

/** The capabilities that Ringside can give here, since it has them itself. */
export function grantableNames(): string[] {
  const grantable = grantableCapabilities();
  return Object.entries(CAPABILITIES).flatMap(([name, bit]) => ((grantable >> BigInt(bit)) & 1n ? [name] : []));
}

/**
 * The capabilities that are left after all dropping and adding, as Docker counts: ALL first, then one by one.
 * @param usual without any of the options
 * @param all what ALL adds
 * @throws RingsideError for a capability that there is not
 */
export function chosenCapabilities(
  usual: readonly string[],
  added: readonly string[],
  dropped: readonly string[],
  all: () => readonly string[] = grantableNames,
): readonly string[] {
  const add = added.map((text) => capabilityName("--cap-add", text));
  const drop = dropped.map((text) => capabilityName("--cap-drop", text));
  const base = add.includes(ALL) ? all() : drop.includes(ALL) ? [] : usual;
  const kept = base.filter((name) => !drop.includes(name));
  return [...new Set([...kept, ...add.filter((name) => name !== ALL)])];
}

/** Parses `nofile=1024`, `nofile=1024:2048`, `core=-1`. @throws RingsideError for anything else */
export function parseUlimit(text: string): OciRlimit {
  const [, name = "", soft = "", hard = soft] = /^(\w+)=(-1|\d{1,16})(?::(-1|\d{1,16}))?$/.exec(text) ?? [];
  const type = `RLIMIT_${name.toUpperCase()}`;
  const limit = { type, soft: Number(soft), hard: Number(hard) };
  const fits = limit.hard === UNLIMITED || (limit.soft !== UNLIMITED && limit.soft <= limit.hard);
  const isExact = Number.isSafeInteger(limit.soft) && Number.isSafeInteger(limit.hard);
  if (soft !== "" && Object.hasOwn(RLIMITS, type) && fits && isExact) return limit;
  throw new RingsideError(`--ulimit ${JSON.stringify(text)} is not a limit`, {
    fix: "write nofile=1024, or nofile=1024:2048 with the second not less than the first, or core=-1 for none; getrlimit(2) has the names",
  });
}

/** Parses `name=value`. @throws RingsideError when there is no name or no value */
export function parsePair(option: string, text: string): readonly [name: string, value: string] {
  const equals = text.indexOf("=");
  if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)];
  throw new RingsideError(`${option} ${JSON.stringify(text)} is not a name and a value`, {
    fix: `write ${option} name=value`,
  });
}

/** Parses `name=value`, or `name` alone for an empty value. @throws RingsideError when there is no name */
export function parseLabel(text: string): readonly [name: string, value: string] {
  return text.includes("=") || text === "" ? parsePair("--label", text) : [text, ""];
}

/** Parses `name:address` and `name=address`. @returns a line of hosts(5); @throws RingsideError for anything else */
export function parseExtraHost(text: string): string {
  const [, name = "", address = ""] = /^([A-Za-z0-9._-]+)[:=]\[?([0-9A-Fa-f.:]+)\]?$/.exec(text) ?? [];
  if (isIP(address) !== 0) return `${address}\t${name}`;
  throw new RingsideError(`--add-host ${JSON.stringify(text)} is not a name and an address`, {
    fix: "write --add-host name:192.0.2.1",
  });
}

/** Parses the address of a name server. @throws RingsideError when it is none */
export function parseNameServer(text: string): string {
  if (isIP(text) !== 0) return text;
  throw new RingsideError(`--dns ${JSON.stringify(text)} is not an address`, { fix: "write --dns 192.0.2.53" });
}

/** Lines `NAME=value` or `NAME`; empty ones and those with # in front are left out. @throws RingsideError when it cannot be read */
export function readEnvFile(path: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new RingsideError(`--env-file ${path} cannot be read: ${reasonOf(cause)}`, { cause, fix: "check the path" });
  }
  return text
    .split(/\r?\n/)
    .map((line) => line.trimStart())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** Parses a value of the OOM score's adjustment. proc_pid_oom_score_adj(5). @throws RingsideError beyond ±1000 */
export function parseOomScore(text: string): number {
  const score = /^-?\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (Math.abs(score) <= 1000) return score;
  throw new RingsideError(`--oom-score-adj ${JSON.stringify(text)} is not a number from -1000 to 1000`, {
    fix: "give 0 for no difference, 1000 for the first to be killed",
  });
}
