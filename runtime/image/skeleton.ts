/**
 * What every root file system needs around its programs: mount points, users, and the few files below /etc that the C
 * library and shells look for. Follows hier(7), passwd(5), group(5), hosts(5) and os-release(5).
 */
import type { TreeBuilder } from "./entry.ts";

/** The unprivileged user of lessons. */
export const LEARNER = { name: "learner", uid: 1000, gid: 1000 } as const;

const FILES: Readonly<Record<string, string>> = {
  "etc/passwd": [
    "root:x:0:0:root:/root:/bin/sh",
    `${LEARNER.name}:x:${LEARNER.uid}:${LEARNER.gid}:learner:/home/${LEARNER.name}:/bin/sh`,
    "nobody:x:65534:65534:nobody:/nonexistent:/bin/false",
    "",
  ].join("\n"),
  "etc/group": ["root:x:0:", "tty:x:5:", `${LEARNER.name}:x:${LEARNER.gid}:`, "nogroup:x:65534:", ""].join("\n"),
  "etc/hostname": "",
  "etc/hosts": "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n",
  "etc/resolv.conf": "",
  "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
  "etc/os-release": ['NAME="Ringside base"', "ID=ringside", 'PRETTY_NAME="Ringside base"', "VARIANT_ID=base", ""].join(
    "\n",
  ),
  "etc/profile": [
    "# Read by login shells, and by interactive ones through ENV.",
    "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    // busybox expands \u, \h and \w at every prompt; other shells get the same by command substitution.
    "if [ -n \"$BB_ASH_VERSION\" ]; then PS1='\\u@\\h:\\w\\$ '; else PS1='$(id -un)@$(hostname):$PWD\\$ '; fi",
    "",
  ].join("\n"),
};

const DIRECTORIES: Readonly<Record<string, { mode?: number; uid?: number; gid?: number }>> = {
  dev: {},
  etc: {},
  [`home/${LEARNER.name}`]: { uid: LEARNER.uid, gid: LEARNER.gid },
  mnt: {},
  opt: {},
  proc: { mode: 0o555 },
  root: { mode: 0o700 },
  run: {},
  sys: { mode: 0o555 },
  tmp: { mode: 0o1777 },
  usr: {},
  "var/log": {},
  "var/tmp": { mode: 0o1777 },
};

/** Adds the skeleton to a tree. */
export function addSkeleton(tree: TreeBuilder): void {
  for (const [path, attributes] of Object.entries(DIRECTORIES)) tree.directory(path, attributes);
  for (const [path, content] of Object.entries(FILES)) tree.file(path, content);
}
