/**
 * The users of an ordinary user's container: its root is whoever started it, and the others are those that
 * /etc/subuid and /etc/subgid set aside, where newuidmap(1) and newgidmap(1) are there to map them; else there are no
 * others. user_namespaces(7), subuid(5).
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { RingsideError } from "../error.ts";
import type { OciIdMapping, OciMount, OciNamespace, OciUser } from "../oci/config.ts";
import { type Mapper, ownMapper } from "../plan/user-namespace.ts";
import type { ContainerConfig } from "./spec.ts";

export interface ContainerUsers {
  readonly uidMappings: readonly OciIdMapping[];
  readonly gidMappings: readonly OciIdMapping[];
  /** Why there are no more, in words with the fix. */
  readonly notes: readonly string[];
}

/** The lists of a machine, as text; "" where there is none. */
export interface UserLists {
  readonly passwd: string;
  readonly subuid: string;
  readonly subgid: string;
}

const ENOUGH_IDS = 65_536;

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** This machine's. */
export function ownLists(): UserLists {
  return { passwd: textOf("/etc/passwd"), subuid: textOf("/etc/subuid"), subgid: textOf("/etc/subgid") };
}

function nameOf(uid: number, passwd: string): string | undefined {
  return passwd
    .split("\n")
    .map((line) => line.split(":"))
    .find((row) => row[2] === String(uid))?.[0];
}

/** A line is `user:first:count`; the user by name or number. */
function mappingsFrom(list: string, owner: readonly string[], own: number): OciIdMapping[] {
  const mappings: OciIdMapping[] = [{ containerID: 0, hostID: own, size: 1 }];
  let containerID = 1;
  for (const line of list.split("\n")) {
    const [user = "", first = "", count = ""] = line.trim().split(":");
    if (!owner.includes(user) || !/^\d+$/.test(first) || !/^[1-9]\d*$/.test(count)) continue;
    mappings.push({ containerID, hostID: Number(first), size: Number(count) });
    containerID += Number(count);
  }
  return mappings;
}

function onlyOwn({ uid, gid }: Mapper, note: string): ContainerUsers {
  return {
    uidMappings: [{ containerID: 0, hostID: uid, size: 1 }],
    gidMappings: [{ containerID: 0, hostID: gid, size: 1 }],
    notes: [note],
  };
}

/**
 * The maps of an ordinary user's container.
 * @param mapper who starts it, and the helpers that are there
 */
export function containerUsers(mapper: Mapper = ownMapper(), lists: UserLists = ownLists()): ContainerUsers {
  const { uid, gid, find } = mapper;
  const only = "it has one user and one group, root, who is you outside";
  const missing = ["newuidmap", "newgidmap"].find((program) => find(program) === undefined);
  if (missing !== undefined) {
    return onlyOwn(mapper, `${only}: for more, ${missing} has to be there (apt-get install uidmap)`);
  }
  const name = nameOf(uid, lists.passwd);
  if (name === undefined) {
    return onlyOwn(mapper, `${only}: for more, user ${uid} needs a name (useradd -u ${uid} NAME)`);
  }
  const owner = [name, String(uid)];
  const uidMappings = mappingsFrom(lists.subuid, owner, uid);
  const gidMappings = mappingsFrom(lists.subgid, owner, gid);
  if (uidMappings.length > 1 && gidMappings.length > 1) return { uidMappings, gidMappings, notes: [] };
  const range = freeRange(lists);
  return onlyOwn(
    mapper,
    `${only}: for more, set some aside (usermod --add-subuids ${range} --add-subgids ${range} ${name})`,
  );
}

/** Behind all that is set aside for others. */
function freeRange({ subuid, subgid }: UserLists): string {
  const ends = `${subuid}\n${subgid}`.split("\n").map((line) => {
    const [, first, count] = line.split(":");
    return Number(first) + Number(count);
  });
  const first = Math.max(100_000, ...ends.filter(Number.isFinite));
  return `${first}-${first + ENOUGH_IDS - 1}`;
}

/** Whether one of the container's numbers stands for anybody. */
function isMapped(id: number, mappings: readonly OciIdMapping[]): boolean {
  return (
    mappings.length === 0 || mappings.some(({ containerID, size }) => id >= containerID && id < containerID + size)
  );
}

/**
 * What is left of a user where not every number stands for somebody: groups that the image alone gives are left out.
 * @param asked groups that were asked for, by number
 * @throws RingsideError for a user, or a group that was asked for, who is nobody there
 */
export function mappedUser<User extends OciUser>(
  user: User,
  { uidMappings, gidMappings, notes }: ContainerUsers,
  asked: readonly number[] = [],
): User {
  const refuse = (what: string): never => {
    const fix = notes[0]?.match(/\((.*)\)$/)?.[1];
    throw new RingsideError(`the container cannot have ${what}: no user of this machine is set aside for it`, {
      fix: fix ?? "give a lower number, or set aside more in /etc/subuid and /etc/subgid",
    });
  };
  if (!isMapped(user.uid, uidMappings)) refuse(`the user ${user.uid}`);
  if (!isMapped(user.gid, gidMappings)) refuse(`the group ${user.gid}`);
  for (const gid of asked) if (!isMapped(gid, gidMappings)) refuse(`the group ${gid}`);
  // With a single group nobody may leave or join groups at all (user_namespaces(7), /proc/pid/setgroups).
  const isAlone = gidMappings.length === 1 && gidMappings[0]?.size === 1;
  const { additionalGids = [] } = user;
  return { ...user, additionalGids: isAlone ? [] : additionalGids.filter((gid) => isMapped(gid, gidMappings)) };
}

/** A user namespace of its own, or that of the container whose other namespaces it joins: they are owned by it. */
function namespaceOf(namespaces: readonly OciNamespace[]): OciNamespace {
  const joined = namespaces.find(({ path }) => path !== undefined)?.path;
  return joined === undefined ? { type: "user" } : { type: "user", path: join(dirname(joined), "user") };
}

/** devpts gives terminals to the group tty; where that is nobody, to the user's own. */
function withoutNobody(mount: OciMount, { gidMappings }: ContainerUsers): OciMount {
  const { options } = mount;
  if (mount.type !== "devpts" || options === undefined) return mount;
  const isNobody = (option: string): boolean =>
    /^gid=\d+$/.test(option) && !isMapped(Number(option.slice("gid=".length)), gidMappings);
  return { ...mount, options: options.filter((option) => !isNobody(option)) };
}

/** The host's processes are seen in the host's /proc alone: another may be mounted only for processes of one's own. */
const HOSTS_PROC: OciMount = {
  destination: "/proc",
  source: "/proc",
  type: "bind",
  options: ["rbind", "rslave", "nosuid", "nodev", "noexec"],
};

/**
 * The configuration of a container that has these users.
 * @param own the user namespace is a new one whatever else it joins; unless given, that of who it joins
 */
export function withUsers(config: ContainerConfig, users: ContainerUsers, own = false): ContainerConfig {
  const { linux, mounts = [] } = config;
  const { namespaces = [] } = linux;
  const user: OciNamespace = own ? { type: "user" } : namespaceOf(namespaces);
  const { uidMappings, gidMappings } = users;
  const ownProcesses = namespaces.some(({ type }) => type === "pid");
  const shown = (mount: OciMount): OciMount =>
    mount.type === "proc" && !ownProcesses ? HOSTS_PROC : withoutNobody(mount, users);
  return {
    ...config,
    mounts: mounts.map(shown),
    linux: {
      ...linux,
      namespaces: [...namespaces, user],
      ...(user.path === undefined && { uidMappings, gidMappings }),
    },
  };
}
