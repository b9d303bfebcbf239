/**
 * The first program of a guest of another processor, for which our own init has not been compiled: a script for its busybox,
 * made for one start. It does what native/guest/init.cc does for a plain guest: mounts, name, console, one program, its
 * exit code to the host. Milestones and requests go over ports of virtio-serial, whose driver it loads; the program has the
 * service processor's terminal (drivers/s390/char/sclp_vt220.c) to itself.
 */
import type { RunFile } from "../run-file.ts";

/** Where busybox and the script lie in the guest. */
export const INIT_PATH = "ringside/init";
export const BUSYBOX_PATH = "ringside/busybox";
export const DRIVER_PATH = "ringside/virtio_console.ko";

const PROGRAM_CONSOLE = "/dev/ttysclp0";
/** Port 0 is a console's, which this machine has not. */
const MILESTONES = "/dev/vport0p1";
const REQUESTS = "/dev/vport0p2";
const PROGRAM_PID = "/run/ringside-program";

const MOUNTS: readonly (readonly [type: string, place: string, options: string])[] = [
  ["proc", "/proc", "nosuid,nodev,noexec"],
  ["sysfs", "/sys", "nosuid,nodev,noexec"],
  ["devtmpfs", "/dev", "nosuid,mode=755"],
  ["devpts", "/dev/pts", "nosuid,noexec,gid=5,mode=620,ptmxmode=666"],
  ["tmpfs", "/dev/shm", "nosuid,nodev,mode=1777"],
  ["tmpfs", "/run", "nosuid,nodev,mode=755"],
  ["tmpfs", "/tmp", "nosuid,nodev,mode=1777"],
];

/** @returns the script for one start */
export function initScript(run: Omit<RunFile, "nonce" | "setup">, nonce: string): string {
  const { hostname, directory, hasTerminal, columns, rows, environment, candidates } = run;
  const line = hasTerminal ? `sane rows ${rows} cols ${columns} erase '^?' iutf8` : "raw -echo";
  const program = `${environment.map(quoted).join(" ")} "$program" ${run.arguments.slice(1).map(quoted).join(" ")}`;
  return [
    `#!/${BUSYBOX_PATH} sh`,
    `b=/${BUSYBOX_PATH}`,
    ...MOUNTS.map(
      ([type, place, options]) => `$b mkdir -p ${place}; $b mount -t ${type} -o ${options} ${type} ${place}`,
    ),
    // The stamps are the guest's CLOCK_MONOTONIC as far as a shell can have it: hundredths of a second.
    `report() { read -r up rest </proc/uptime; echo "${nonce} $1 \${up%.*}\${up#*.}0000000 $2" >${MILESTONES}; }`,
    `$b insmod /${DRIVER_PATH}`,
    // The driver is told of its ports some time after it is there.
    ...[MILESTONES, REQUESTS].map(
      (port) => `until [ -c ${port} ] && true 2>/dev/null >${port}; do $b usleep 1000; done`,
    ),
    "report init 1",
    "$b ln -s /proc/self/fd /dev/fd",
    ...["stdin", "stdout", "stderr"].map((name, fd) => `$b ln -s /proc/self/fd/${fd} /dev/${name}`),
    `$b hostname ${quoted(hostname)}; $b ip link set lo up`,
    `$b stty -F ${PROGRAM_CONSOLE} ${line}`,
    "report ready 'mounts, names and the console are there'",
    `if ! cd ${quoted(directory)}; then report failed "125 there is no directory "${quoted(directory)}; $b poweroff -f; fi`,
    `program=; for one in ${candidates.map(quoted).join(" ")}; do [ -z "$program" ] && [ -x "$one" ] && [ -f "$one" ] && program=$one; done`,
    'if [ -z "$program" ]; then report failed "127 No such file or directory"; $b poweroff -f; fi',
    // A program of yet another processor would be taken for a script by the shell that starts it.
    ...refuseForeign(),
    'report exec "$program"',
    `while read -r word number; do [ "$word" = signal ] && kill -"$number" "$($b cat ${PROGRAM_PID})"; done <${REQUESTS} &`,
    // Its number is known to whoever passes signals on, and exec keeps it.
    `$b setsid -c $b sh -c 'echo $$ >${PROGRAM_PID}; exec "$@"' sh $b env -i ${program} ${redirections(hasTerminal)}`,
    'report exited "$?"',
    "report bye 0",
    "$b poweroff -f",
    "",
  ].join("\n");
}

/** Bytes 18 and 19 of an ELF file are its machine, in the file's own byte order: elf(5); 22 is S/390. */
function refuseForeign(): string[] {
  return [
    'if [ "$($b head -c 4 "$program" | $b od -An -tx1 | $b tr -d " ")" = 7f454c46 ] &&',
    '   [ "$($b dd if="$program" bs=1 skip=18 count=2 2>/dev/null | $b od -An -tx1 | $b tr -d " ")" != 0016 ]; then',
    '  report failed "126 Exec format error"; $b poweroff -f',
    "fi",
  ];
}

function redirections(hasTerminal: boolean): string {
  return `<${hasTerminal ? PROGRAM_CONSOLE : "/dev/null"} >${PROGRAM_CONSOLE} 2>&1`;
}

/** A word that the shell leaves as it is. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
