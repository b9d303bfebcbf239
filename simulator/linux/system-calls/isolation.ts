/** System calls that containers are made with, and the one that ends everything. */
import { call, none, type SystemCallRow, unix } from "./row.ts";

const MOUNT_BY_STEPS = none("BPX2MNT mounts in one step");

export const ISOLATION_CALLS: readonly SystemCallRow[] = [
  call(155, "pivot_root", "new_root, put_old", "path_pivot_root, attach_mnt", none("chroot is the nearest"), {
    service: "pivot_root",
    cost: "container.call",
  }),
  call(161, "chroot", "path", "set_fs_root", unix("BPX1CRT"), { service: "chroot", cost: "linux.call.chdir" }),
  call(165, "mount", "source, target, filesystemtype, mountflags, data", "path_mount, do_new_mount", unix("BPX2MNT"), {
    service: "mount",
    cost: "container.call",
  }),
  call(166, "umount2", "target, flags", "path_umount, umount_tree", unix("BPX1UMT"), { cost: "container.call" }),
  call(
    169,
    "reboot",
    "magic, magic2, op, arg",
    "kernel_power_off",
    none("the operator quiesces and stops the system"),
    {
      service: "reboot",
      guest: "powerOff",
      gvisor: "refused",
    },
  ),
  call(170, "sethostname", "name, size", "writes the uts namespace", none("the system's name is SYSNAME of IEASYSxx"), {
    service: "sethostname",
  }),
  call(272, "unshare", "flags", "ksys_unshare, create_new_namespaces", unix("BPX1UNS"), {
    service: "unshare",
    cost: "container.call",
    gvisor: "partly",
  }),
  call(308, "setns", "fd, nstype", "validate_nsset, commit_nsset", unix("BPX1SNS"), {
    service: "setns",
    cost: "container.call",
  }),
  call(428, "open_tree", "dirfd, pathname, flags", "open_detached_copy", MOUNT_BY_STEPS, { cost: "container.call" }),
  call(429, "move_mount", "from_dirfd, from_pathname, to_dirfd, to_pathname, flags", "do_move_mount", MOUNT_BY_STEPS, {
    cost: "container.call",
    gvisor: "partly",
  }),
];
