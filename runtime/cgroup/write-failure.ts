/** What an errno means when a control file is written, and what to do about it: the kernel has few of them for many reasons. */

/** The first row that fits counts. */
const FIXES: readonly { readonly file: RegExp; readonly codes: readonly string[]; readonly fix: string }[] = [
  {
    file: /^cpuset\.(cpus|mems)$/,
    codes: ["ERANGE", "EINVAL", "EACCES", "ENOSPC"],
    fix: "name CPUs and nodes that are there: lscpu lists them, and a group above may have fewer",
  },
  {
    file: /^(blkio\.|io\.)/,
    codes: ["ENODEV", "EINVAL", "ENXIO"],
    fix: "name a whole disk that is there: lsblk lists their numbers",
  },
  {
    file: /^memory\.(memsw\.)?limit_in_bytes$/,
    codes: ["EINVAL"],
    fix: "give memory and swap together (--memory and --memory-swap): the one is part of the other",
  },
  { file: /^memory\./, codes: ["EBUSY"], fix: "give more than is in use: ringside stats shows it" },
  { file: /^cpu\.rt_/, codes: ["EINVAL"], fix: "give the groups above it real-time first: a new one has none" },
  {
    file: /^cpu\.(cfs_|max)/,
    codes: ["EINVAL"],
    fix: "give a quota of at least the burst, and no more than the group above has",
  },
  {
    file: /^devices\.(allow|deny)$/,
    codes: ["EPERM", "EINVAL"],
    fix: "run Ringside as root with CAP_SYS_ADMIN, and ask for no device that the group above is denied",
  },
  {
    file: /^cgroup\.subtree_control$/,
    codes: ["EBUSY"],
    fix: "move the processes of that group into one below it: a v2 group with processes hands nothing down",
  },
];

/**
 * @param path of the control file
 * @param code errno's name
 * @returns undefined where the errno says all that can be said
 */
export function controlFileFix(path: string, code: string): string | undefined {
  const file = path.slice(path.lastIndexOf("/") + 1);
  return FIXES.find((row) => row.file.test(file) && row.codes.includes(code))?.fix;
}

/** The same for the program that guards devices on v2 (bpf(2)). */
export function deviceFilterFix(code: string): string {
  if (code === "EPERM") return "run Ringside as root with CAP_BPF or CAP_SYS_ADMIN, not in a user namespace";
  return "use a kernel with CONFIG_CGROUP_BPF, or mount v1's devices controller";
}
