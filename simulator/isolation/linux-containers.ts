/** Containers of Linux: namespaces, control groups, capabilities and a filter, in four usual mixtures. */
import { cell, type Isolation } from "./isolation.ts";

const LXC5 = "lxc.container.conf(5)";
const LXC_COMMON = "lxc, config/templates/common.conf.in";
const LXC_ALL = `${LXC5}, lxc.namespace.clone: all that kernel and configuration support`;

export const LXC: Isolation = {
  id: "lxc",
  title: "LXC, as root",
  system: "Linux",
  linux: {
    namespaces: ["mount", "pid", "uts", "net", "ipc", "cgroup"],
    without: ["CAP_MAC_ADMIN", "CAP_MAC_OVERRIDE", "CAP_SYS_TIME", "CAP_SYS_MODULE", "CAP_SYS_RAWIO"],
    filter: "denies",
  },
  cells: {
    root: cell("own", "a root file system of its own, in its mount namespace", `${LXC5}, rootfs`),
    mounts: cell("own", "a mount namespace", LXC_ALL, true),
    processes: cell("own", "a pid namespace, with an init as number 1", `${LXC_ALL}; lxc.init.cmd`),
    users: cell("host", "the same ids, where no lxc.idmap is set", `${LXC5}, Description and lxc.idmap`),
    network: cell("own", "a network namespace; lxc.net says what is in it", `${LXC5}, lxc.net`, true),
    ipc: cell("own", "an IPC namespace", LXC_ALL),
    hostname: cell("own", "a UTS namespace, named by lxc.uts.name", `${LXC5}, lxc.uts.name`, true),
    time: cell("host", "the one clock; CAP_SYS_TIME is dropped", `${LXC_COMMON}: lxc.cap.drop`, false),
    cpu: cell("part", "what its control group says", `${LXC5}, lxc.cgroup2`),
    memory: cell("part", "what its control group says", `${LXC5}, lxc.cgroup2`),
    devices: cell("part", "a list of the control group: null, zero, full, tty, random …", LXC_COMMON),
    modules: cell("none", "CAP_SYS_MODULE is dropped, and the calls are filtered", `${LXC_COMMON}: lxc.cap.drop`),
    calls: cell("part", "all but a few that are not safe", `${LXC_COMMON}: lxc.seccomp.profile`),
    rights: cell("part", "root inside is root outside, without five capabilities", `${LXC_COMMON}: lxc.cap.drop`),
  },
};

const MOBY = "moby, oci/defaults.go";
const RUNC = "runc, libcontainer/SPEC.md";
const SECCOMP = "docs.docker.com, Seccomp security profiles for Docker";

export const DOCKER: Isolation = {
  id: "docker",
  title: "Docker (libcontainer)",
  system: "Linux",
  linux: { namespaces: ["mount", "net", "uts", "pid", "ipc"], without: "most", filter: "allows" },
  cells: {
    root: cell("own", "layers of an image, made the root by pivot_root", `${RUNC}, Filesystem`),
    mounts: cell("own", "a mount namespace, without the right to mount", `${MOBY}: Namespaces, Capabilities`, false),
    processes: cell("own", "a pid namespace, with the program as number 1", `${MOBY}: Namespaces`),
    users: cell("host", "the same ids; remapping is an option of the daemon", `${MOBY}; docs.docker.com, userns-remap`),
    network: cell("own", "a network namespace; not the right to change it", `${MOBY}: Namespaces, Capabilities`, false),
    ipc: cell("own", "an IPC namespace", `${MOBY}: Namespaces`),
    hostname: cell("own", "a UTS namespace; not the right to change it", `${MOBY}: Namespaces, Capabilities`, false),
    time: cell(
      "host",
      "the one clock, which is not namespaced; CAP_SYS_TIME is not given",
      `${MOBY}; ${SECCOMP}`,
      false,
    ),
    cpu: cell("part", "what its control group says", `${RUNC}, Resources`),
    memory: cell("part", "what its control group says", `${RUNC}, Resources`),
    devices: cell("part", "null, zero, full, tty, random, urandom, console, ptmx", `${MOBY}: Devices`),
    modules: cell("none", "CAP_SYS_MODULE is not given", `${MOBY}: DefaultCapabilities`),
    calls: cell("part", "what a list allows: some 44 of more than 300 are not in it", SECCOMP),
    rights: cell("part", "root inside is root outside, with 14 capabilities", `${MOBY}: DefaultCapabilities`),
  },
};

const PODMAN_RUN = "podman-run(1)";
const ROOTLESS = "podman, rootless.md";

export const PODMAN_ROOTLESS: Isolation = {
  id: "podman-rootless",
  title: "podman, rootless",
  system: "Linux",
  linux: { namespaces: ["user", "mount", "net", "uts", "pid", "ipc"], without: "most", filter: "allows" },
  cells: {
    root: cell("own", "a file system of its own", `${PODMAN_RUN}, Description`),
    processes: cell("own", "an isolated process tree of its own", `${PODMAN_RUN}, Description`),
    users: cell(
      "own",
      "a user namespace: root inside is whoever called podman, the others are of /etc/subuid",
      `${PODMAN_RUN}, --userns; podman, docs/tutorials/rootless_tutorial.md`,
    ),
    network: cell(
      "own",
      "a network namespace of its own, connected by pasta or slirp4netns",
      `${PODMAN_RUN}, Description; podman, docs/tutorials/rootless_tutorial.md`,
    ),
    cpu: cell("part", "its control group, with cgroup v2 only", `${ROOTLESS}: No cgroup V1 Support`),
    memory: cell("part", "its control group, with cgroup v2 only", `${ROOTLESS}: No cgroup V1 Support`),
    devices: cell("part", "no node can be made, even with --privileged", ROOTLESS, false),
    rights: cell("part", "nothing outside that the caller may not do himself", `${ROOTLESS}; user_namespaces(7)`),
  },
};

const PLAN = "the plan of a default container (ringside explain)";

export const RINGSIDE: Isolation = {
  id: "ringside",
  title: "Ringside, as root",
  system: "Linux",
  linux: { namespaces: ["pid", "mount", "net", "uts", "ipc", "cgroup"], without: "most", filter: "allows" },
  cells: {
    root: cell("own", "an overlay of the image and a layer, made the root by pivot_root", PLAN),
    mounts: cell("own", "a mount namespace, without the right to mount", PLAN, false),
    processes: cell("own", "a pid namespace, with the program as number 1", PLAN),
    users: cell("host", "the same ids, unless --userns auto is given", PLAN),
    network: cell("own", "a network namespace with a loopback", PLAN, false),
    ipc: cell("own", "an IPC namespace", PLAN),
    hostname: cell("own", "a UTS namespace; not the right to change it", PLAN, false),
    time: cell("host", "the one clock; CAP_SYS_TIME is not given", PLAN, false),
    cpu: cell("part", "what its control group says", PLAN),
    memory: cell("part", "what its control group says", PLAN),
    devices: cell("part", "a list of the control group: harmless ones", PLAN),
    modules: cell("none", "CAP_SYS_MODULE is not given", PLAN),
    calls: cell("part", "what a list allows", PLAN),
    rights: cell("part", "root inside is root outside, with 14 capabilities", PLAN),
  },
};
