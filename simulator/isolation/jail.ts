/** FreeBSD's jail: a part of one system under the same numbers, with a root that is less than root. */
import { cell, type Isolation } from "./isolation.ts";

const JAIL8 = "FreeBSD jail(8) of 2019-05-18";
const JAIL2 = "FreeBSD jail(2)";
const PAPER = "Kamp and Watson, Jails: Confining the omnipotent root, 2000, section 5";

const CELLS: Isolation["cells"] = {
  root: cell("part", "the directory `path` of the host's files", `${JAIL8}: path`),
  mounts: cell(
    "part",
    "the mount that its root lies on; nothing can be mounted unless allow.mount says so",
    `${JAIL8}: enforce_statfs, Jails and File Systems`,
    false,
  ),
  processes: cell(
    "part",
    "signals reach the processes of the jail; from outside all are seen, each with its jail",
    `${JAIL8}: Managing the Jail; ${PAPER}`,
  ),
  users: cell("host", "the same user id in two jails is one user, with one quota", `${JAIL8}: Jails and File Systems`),
  network: cell("part", "the addresses of ip4.addr and ip6.addr, of one stack", `${JAIL8}: ip4.addr`, false),
  ipc: cell("none", "off by default; sysvmsg=new and the like give keys of its own", `${JAIL8}: allow.*, sysvmsg`),
  hostname: cell("own", "a setting of each jail; changes do not reach the host", `${JAIL8}: Sysctl MIB Entries`, true),
  cpu: cell("part", "the processors of its cpuset", `${JAIL8}: cpuset.id`),
  devices: cell(
    "part",
    "what a ruleset shows of devfs; no node can be made",
    `${JAIL8}: devfs_ruleset; ${JAIL2}`,
    false,
  ),
  modules: cell("none", "loading one is prohibited, and so is access to the running kernel", PAPER),
  rights: cell("part", "what would reach beyond the jail is refused to its root", `${JAIL2}: PRISON?; ${PAPER}`),
};

export const JAIL: Isolation = { id: "jail", title: "FreeBSD jail", system: "FreeBSD", cells: CELLS };

export const JAIL_WITH_STACK: Isolation = {
  id: "jail-vnet",
  title: "FreeBSD jail, vnet",
  system: "FreeBSD",
  cells: {
    ...CELLS,
    network: cell("own", "a network stack of its own: interfaces, addresses, routes", `${JAIL8}: vnet`, true),
  },
};
