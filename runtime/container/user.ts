/**
 * Who a container's process is: `uid[:gid]` or `user[:group]`, names looked up in the container's own passwd(5) and
 * group(5). Numbers are strictly decimal; anything doubtful is refused (CVE-2026-30892 was a lenient parser).
 */
import { closeSync, readFileSync } from "node:fs";
import { openBelow } from "../../native/kernel.ts";
import { RingsideError } from "../error.ts";
import type { OciUser } from "../oci/config.ts";

export interface ResolvedUser extends OciUser {
  readonly additionalGids: readonly number[];
  readonly home: string;
}

/** (uid_t)-1 means "unchanged" to setresuid(2), so it is nobody. */
const MOST_ID = 0xffff_fffe;

type Reader = (path: string) => string;

/** Reads a file as the first of `roots` that has it shows it; "" when none has. No link leads out of a root. */
export function readerBelow(roots: readonly string[]): Reader {
  return (path) => {
    for (const root of roots) {
      try {
        const fd = openBelow(root, path);
        try {
          return readFileSync(fd, "utf8");
        } finally {
          closeSync(fd);
        }
      } catch {
        // Not in this layer.
      }
    }
    return "";
  };
}

function rows(text: string): string[][] {
  return text.split("\n").map((line) => line.split(":"));
}

function parseId(text: string): number | undefined {
  const id = /^(0|[1-9]\d{0,9})$/.test(text) ? Number(text) : Number.NaN;
  return id <= MOST_ID ? id : undefined;
}

function isNumber(text: string): boolean {
  return /^[0-9+-]/.test(text);
}

function unknown(what: string, text: string): never {
  throw new RingsideError(`the container has no ${what} ${JSON.stringify(text)}`, {
    fix: "give numbers, such as -u 1000:1000, or a name from the image's /etc/passwd and /etc/group",
  });
}

/**
 * Resolves `user` (empty: root).
 * @param read gives the text of the container's files, "" where there is none
 * @throws RingsideError for an unknown name or anything that is not a plain decimal number
 */
export function resolveUser(user: string, read: Reader): ResolvedUser {
  const [userPart = "", groupPart, ...rest] = (user === "" ? "0" : user).split(":");
  if (rest.length > 0) unknown("user", user);
  const passwd = rows(read("etc/passwd"));
  const row = passwd.find(([name, , uid]) => (isNumber(userPart) ? uid === userPart : name === userPart));
  const uid = parseId(isNumber(userPart) ? userPart : (row?.[2] ?? ""));
  if (uid === undefined) return unknown("user", userPart);
  const groups = rows(read("etc/group"));
  const gid = groupPart === undefined ? parseId(row?.[3] ?? "0") : resolveGroup(groupPart, groups);
  if (gid === undefined) return unknown("group", groupPart ?? userPart);
  const name = row?.[0];
  return {
    uid,
    gid,
    additionalGids: groupPart === undefined ? memberships(groups, name, gid) : [],
    home: row?.[5] ?? "/",
  };
}

/**
 * Resolves further groups, by name or number.
 * @throws RingsideError for an unknown name or anything that is not a plain decimal number
 */
export function resolveGroups(wanted: readonly string[], read: Reader): number[] {
  const groups = wanted.length === 0 ? [] : rows(read("etc/group"));
  return wanted.map((group) => resolveGroup(group, groups) ?? unknown("group", group));
}

function resolveGroup(group: string, groups: readonly string[][]): number | undefined {
  if (isNumber(group)) return parseId(group);
  return parseId(groups.find(([name]) => name === group)?.[2] ?? "");
}

function memberships(groups: readonly string[][], user: string | undefined, gid: number): number[] {
  if (user === undefined) return [];
  return groups
    .filter(([, , , members]) => members?.split(",").includes(user) === true)
    .flatMap(([, , id]) => parseId(id ?? "") ?? [])
    .filter((id) => id !== gid);
}
