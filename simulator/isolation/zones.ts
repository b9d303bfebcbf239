/**
 * Solaris zones: systems within a system, of which the global one sees all. A sparse zone takes
 * its programs from the global zone, a whole-root zone has copies of them.
 */
import { type Cell, cell, type Isolation, type Resource } from "./isolation.ts";

const ZONES7 = "illumos zones(7) of 2021-05-23";
const GUIDE = "Oracle, Solaris Containers: Resource Management and Zones, 817-1592";
const TABLE = `${GUIDE}, table 27-1, Status of Privileges in Zones`;
const NOT_GLOBAL = `${ZONES7}: restrictions are of zones aside from the global zone`;

export const GLOBAL_ZONE: Isolation = {
  id: "zone-global",
  title: "Solaris, global zone",
  system: "Solaris",
  cells: {
    root: cell("host", "it is the system that the hardware has booted", "Sun BigAdmin, Solaris Zones partitioning, 1"),
    processes: cell("host", "all processes of all zones", `${NOT_GLOBAL}: Process Access Restrictions`),
    network: cell("host", "the interfaces, which it gives to zones", `${ZONES7}: Networking`, true),
    cpu: cell("host", "its administrator sets the shares of all zones", `${GUIDE}, FSS Share Division`, true),
    devices: cell("host", "all devices", `${NOT_GLOBAL}: Device Restrictions`),
    rights: cell("host", "all privileges", `${NOT_GLOBAL}: Privilege Restrictions`),
  },
};

const OF_ALL: Readonly<Partial<Record<Resource, Cell>>> = {
  mounts: cell("own", "what is mounted in a zone is of that zone, and goes with it", `${ZONES7}: File Systems`, true),
  processes: cell(
    "part",
    "those of the zone; of any other it is said that there is none",
    `${ZONES7}: Process Access Restrictions`,
  ),
  network: cell("part", "its own addresses and port numbers, of one stack (shared IP)", `${ZONES7}: Networking`, false),
  ipc: cell("part", "what its own processes have made", `${ZONES7}: Description`),
  hostname: cell("own", "a node name of its own", `${GUIDE}, Non-Global Zone Node Name`),
  time: cell("host", "the one clock; sys_time is not among a zone's usual privileges", TABLE, false),
  cpu: cell("part", "zone.cpu-shares of the fair share scheduler", `${GUIDE}, FSS Share Division`),
  memory: cell(
    "part",
    "a cap, where capped-memory is set",
    "Oracle Solaris 11.1 Administration, Physical Memory Control and the capped-memory Resource",
  ),
  devices: cell("part", "a few pseudo devices that are safe", `${ZONES7}: Device Restrictions`, false),
  rights: cell("part", "a subset of the privileges; sys_config and sys_devices are prohibited", TABLE),
};

const SHARED_STACK = { system: "Solaris" } as const;

export const SPARSE_ZONE: Isolation = {
  ...SHARED_STACK,
  id: "zone-sparse",
  title: "Solaris zone, sparse root",
  cells: {
    root: cell(
      "part",
      "its own directory, in which the global zone's programs are mounted read-only (inherit-pkg-dir); about 100 MB",
      `${GUIDE}, Sparse Root Zones`,
    ),
    ...OF_ALL,
  },
};

export const WHOLE_ZONE: Isolation = {
  ...SHARED_STACK,
  id: "zone-whole",
  title: "Solaris zone, whole root",
  cells: {
    root: cell("own", "all packages are installed into file systems of its own", `${GUIDE}, Whole Root Zones`),
    ...OF_ALL,
  },
};

export const EXCLUSIVE_ZONE: Isolation = {
  ...SHARED_STACK,
  id: "zone-exclusive-ip",
  title: "Solaris zone, exclusive IP",
  cells: {
    ...WHOLE_ZONE.cells,
    network: cell("own", "interfaces and an IP layer of its own (exclusive IP)", `${ZONES7}: Networking`, true),
  },
};
