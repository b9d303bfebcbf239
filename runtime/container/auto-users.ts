/**
 * --userns auto for root: a user namespace with ids that nobody else has, so that whoever gets out of the container is
 * nobody outside. They come from what /etc/subuid and /etc/subgid set aside for `containers`, as with podman, else from
 * the upper part of what systemd leaves to containers (https://systemd.io/UIDS-GIDS). user_namespaces(7), subuid(5).
 */
import { RingsideError } from "../error.ts";
import type { OciIdMapping } from "../oci/config.ts";
import { listContainers } from "./state.ts";
import { type ContainerUsers, ownLists, type UserLists } from "./users.ts";

/** Whose lines in the lists are containers'. */
const OWNER = "containers";
/** As many as there are in the usual image: nobody (65534) is one of them. */
const IDS_PER_CONTAINER = 65_536;
const DEFAULT_FIRST = 0x6000_0000;
const DEFAULT_COUNT = 0x1000_0000;

interface Range {
  readonly first: number;
  readonly count: number;
}

function rangesOf(list: string, wanted: (user: string) => boolean): Range[] {
  return list.split("\n").flatMap((line) => {
    const [user = "", first = "", count = ""] = line.trim().split(":");
    if (!wanted(user) || !/^\d{1,10}$/.test(first) || !/^[1-9]\d{0,9}$/.test(count)) return [];
    return [{ first: Number(first), count: Number(count) }];
  });
}

/** One of them a container; what is less than that is no container's. */
function pieces({ first, count }: Range): number[] {
  return Array.from({ length: Math.floor(count / IDS_PER_CONTAINER) }, (_, n) => first + n * IDS_PER_CONTAINER);
}

function overlaps(first: number, { first: other, count }: Range): boolean {
  return first < other + count && other < first + IDS_PER_CONTAINER;
}

/** Where the ids of a container may begin. */
function beginnings(list: string): number[] {
  const own = rangesOf(list, (user) => user === OWNER);
  if (own.length > 0) return own.flatMap(pieces);
  const others = rangesOf(list, () => true);
  return pieces({ first: DEFAULT_FIRST, count: DEFAULT_COUNT }).filter(
    (first) => !others.some((range) => overlaps(first, range)),
  );
}

/** The numbers that the containers that there are have. */
function takenByOthers(): ReadonlySet<number> {
  return new Set(
    listContainers().flatMap(({ config }) => {
      const { linux } = config;
      const maps = typeof linux === "object" && linux !== null && "uidMappings" in linux ? linux.uidMappings : [];
      return (Array.isArray(maps) ? maps : []).flatMap((map: unknown) =>
        typeof map === "object" && map !== null && "hostID" in map ? [Number(map.hostID)] : [],
      );
    }),
  );
}

/**
 * The ids of one container. Where to look first depends on its own number, so that two that start at the same moment
 * most likely find different ones.
 *
 * @param id the container's, in hexadecimal
 * @throws RingsideError when all that is set aside is in use
 */
export function autoUsers(id: string, lists: UserLists = ownLists(), taken = takenByOthers()): ContainerUsers {
  const uids = beginnings(lists.subuid);
  const gids = beginnings(lists.subgid);
  const count = Math.min(uids.length, gids.length);
  const start = Number.parseInt(id, 16) || 0;
  for (let n = 0; n < count; n++) {
    const at = (start + n) % count;
    const uid = uids[at];
    const gid = gids[at];
    if (uid === undefined || gid === undefined || taken.has(uid)) continue;
    return { uidMappings: [mapping(uid)], gidMappings: [mapping(gid)], notes: [] };
  }
  throw new RingsideError(
    `--userns auto: each container needs ${IDS_PER_CONTAINER} ids of its own, and all ${count} times that many that are set aside for ${JSON.stringify(OWNER)} are in use`,
    {
      fix: `remove containers, or set aside more in /etc/subuid and /etc/subgid, such as ${OWNER}:${DEFAULT_FIRST}:${DEFAULT_COUNT}`,
    },
  );
}

function mapping(hostID: number): OciIdMapping {
  return { containerID: 0, hostID, size: IDS_PER_CONTAINER };
}
