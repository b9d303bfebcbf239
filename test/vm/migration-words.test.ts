/** What a migration is told and what is made of what it says, without a guest. */
import { expect, test } from "vitest";
import { argumentsOfProcess, destinationArguments, socketPlace } from "../../runtime/vm/migration/arguments.ts";
import { type CounterLine, CounterReader, continuityOf, standstillOf } from "../../runtime/vm/migration/counter.ts";

const SOURCE = [
  ...["/usr/bin/qemu-system-x86_64", "-machine", "microvm", "-m", "size=262136k", "-kernel", "/k"],
  ...["-initrd", "/proc/self/fd/5", "-append", "quiet -S -initrd x"],
  ...["-chardev", "stdio,id=console,signal=off", "-chardev", "file,id=milestones,path=/s/vm/id/milestones"],
  ...["-chardev", "socket,id=requests,path=/s/vm/id/requests.sock,server=on,wait=off"],
  ...["-netdev", "user,id=network,restrict=on,hostfwd=tcp:127.0.0.1:80-:8080,hostfwd=udp:127.0.0.1:1-:2,ipv6=off"],
  ...["-chardev", "socket,id=qmp,path=/s/vm/id/qmp.sock,server=on,wait=off"],
];

test("a destination is told what its source was, but for sockets, files, ports and what to boot from", () => {
  const destination = destinationArguments(SOURCE, "/s/vm/id/to");
  expect(destination).toEqual([
    ...["/usr/bin/qemu-system-x86_64", "-machine", "microvm", "-m", "size=262136k", "-kernel", "/k"],
    ...["-append", "quiet -S -initrd x"],
    ...["-chardev", "stdio,id=console,signal=off", "-chardev", "file,id=milestones,path=/s/vm/id/milestones,append=on"],
    ...["-chardev", "socket,id=requests,path=/s/vm/id/to/requests.sock,server=on,wait=off"],
    ...["-netdev", "user,id=network,restrict=on,ipv6=off"],
    ...["-chardev", "socket,id=qmp,path=/s/vm/id/to/qmp.sock,server=on,wait=off"],
    ...["-S", "-incoming", "defer"],
  ]);
  expect(destinationArguments(destination, "/s/vm/id/to")).toEqual(destination);
  expect(socketPlace(destinationArguments(destination, "/s/vm/id"))).toBe("/s/vm/id");
});

test("a place with a comma in its name stays one place", () => {
  const source = SOURCE.map((argument) => argument.replaceAll("/s/vm", "/s,,t/vm"));
  expect(socketPlace(source)).toBe("/s,t/vm/id");
  const moved = destinationArguments(source, "/s,t/vm/id/to");
  expect(moved).toContain("socket,id=qmp,path=/s,,t/vm/id/to/qmp.sock,server=on,wait=off");
});

test("a process that is no machine of ours, or none at all, cannot be moved", () => {
  expect(() => destinationArguments(argumentsOfProcess(process.pid), "/x")).toThrow(/no socket for QMP/);
  expect(() => argumentsOfProcess(2 ** 22 + 1)).toThrow(/cannot read how the virtual machine was started/);
});

const MS = 1e6;

/** A counter whose guest's clock is 1000 ms behind the host's. */
function line(count: number, guestMs: number, lateMs = 0): CounterLine {
  return { count, clockNs: guestMs * MS, wrongPages: 0, hostNs: (guestMs + 1000 + lateMs) * MS };
}

test("a line that two consoles share is one line, and what is no line of the counter is counted as strange", () => {
  const reader = new CounterReader();
  reader.read(Buffer.from("0 10 0\r\n1 20 0\n2 3"), 5);
  reader.read(Buffer.from("0 0\noops\n3 40 1\n4 50"), 6);
  expect(reader.lines).toEqual([
    { count: 0, clockNs: 10, wrongPages: 0, hostNs: 5 },
    { count: 1, clockNs: 20, wrongPages: 0, hostNs: 5 },
    { count: 2, clockNs: 30, wrongPages: 0, hostNs: 6 },
    { count: 3, clockNs: 40, wrongPages: 1, hostNs: 6 },
  ]);
  expect(continuityOf(reader.lines, reader.strange.length)).toEqual({
    lines: 4,
    missed: 0,
    doubled: 0,
    wrongPages: 1,
    strange: 1,
  });
});

test.each([
  { counts: [0, 1, 2, 3], missed: 0, doubled: 0 },
  { counts: [5, 6, 9, 10], missed: 2, doubled: 0 },
  { counts: [0, 1, 1, 2], missed: 0, doubled: 1 },
  { counts: [0, 1, 2, 0, 1, 2, 3], missed: 0, doubled: 3 },
  { counts: [], missed: 0, doubled: 0 },
])("of $counts $missed were missed and $doubled doubled", ({ counts, missed, doubled }) => {
  expect(
    continuityOf(
      counts.map((count) => line(count, count)),
      0,
    ),
  ).toMatchObject({ missed, doubled });
});

test("a guest whose clock stands still with it shows no gap, and is behind the host's afterwards", () => {
  const before = [0, 10, 20, 30].map((ms, count) => line(count, ms));
  // Stopped for 50 ms between two lines that the guest itself stamped 10 ms apart.
  const after = [40, 50, 60].map((ms, index) => line(4 + index, ms, 50));
  const standstill = standstillOf([...before, ...after], 1025 * MS, 1085 * MS);
  expect(standstill).toEqual({ guestPaceMs: 10, hostPaceMs: 10, byGuestClockMs: 0, byHostClockMs: 50, clockLagMs: 50 });
});

test("a guest that is held up while its clock goes on shows the gap itself, and is not behind", () => {
  const before = [0, 10, 20, 30].map((ms, count) => line(count, ms));
  const after = [80, 90, 100].map((ms, index) => line(4 + index, ms));
  const standstill = standstillOf([...before, ...after], 1025 * MS, 1075 * MS);
  expect(standstill).toMatchObject({ byGuestClockMs: 40, byHostClockMs: 40, clockLagMs: 0 });
});

test("too few lines on either side say nothing", () => {
  const lines = [0, 10, 20].map((ms, count) => line(count, ms));
  expect(standstillOf(lines, 1005 * MS, 1008 * MS)).toBeUndefined();
  expect(standstillOf(lines, 1015 * MS, 2000 * MS)).toBeUndefined();
});
