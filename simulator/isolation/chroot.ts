/** chroot: another root directory, and nothing else (chroot(2)). */
import { cell, type Isolation } from "./isolation.ts";

const PAGE = "chroot(2), Linux man-pages";
const NOTHING_ELSE = `${PAGE}: changes an ingredient in the resolution of path names, and does nothing else`;

export const CHROOT: Isolation = {
  id: "chroot",
  title: "chroot",
  system: "Linux",
  linux: { namespaces: [], without: "none", filter: "none" },
  cells: {
    root: cell("part", "a directory of the host's files is shown as /; root inside can get out again", PAGE),
    mounts: cell("host", "the same table of mounts", NOTHING_ELSE, true),
    processes: cell("host", "all processes of the machine, under their numbers", NOTHING_ELSE),
    users: cell("host", "the same user ids", NOTHING_ELSE),
    network: cell("host", "the same interfaces, addresses and ports", NOTHING_ELSE, true),
    ipc: cell("host", "the same queues, semaphores and segments", NOTHING_ELSE),
    hostname: cell("host", "the same name", NOTHING_ELSE, true),
    time: cell("host", "the same clock", NOTHING_ELSE, true),
    cpu: cell("host", "no limit but those that there were", NOTHING_ELSE),
    memory: cell("host", "no limit but those that there were", NOTHING_ELSE),
    modules: cell("host", "root inside loads what it likes into the one kernel", NOTHING_ELSE, true),
    calls: cell("host", "every system call", NOTHING_ELSE),
    rights: cell("host", "root inside is root", NOTHING_ELSE),
  },
};
