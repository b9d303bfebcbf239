/** Packages of the distribution: an apt-get that writes down what it is asked, and fails when told to. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import PACKAGES from "../../set-up/packages.json" with { type: "json" };
import { makeElf } from "../image/make-elf.ts";
import { type Checkout, makeCheckout } from "./fixture.ts";

const isRoot = process.getuid?.() === 0;

/** The set-up installs only as root; elsewhere there is nothing to see. */
const onlyRoot = test.skipIf(process.platform !== "linux" || !isRoot);
const onlyLinux = test.skipIf(process.platform !== "linux");

/**
 * A Debian whose apt-get writes down what it is asked, and installs by putting programs on the search path.
 *
 * @param install what the script does when it is asked to install; $log is where it writes
 */
function makeDebian(install: string): Checkout & { aptCalls(): string[] } {
  const checkout = makeCheckout();
  const log = join(checkout.root, "apt.log");
  const made = join(checkout.root, "static-busybox");
  writeFileSync(made, makeElf(), { mode: 0o755 });
  checkout.script("dpkg", "");
  checkout.script("apt-cache", "");
  checkout.script(
    "apt-get",
    `echo "$*" >>${log}
     put() { cp ${made} ${checkout.programs}/$1; }
     case "$*" in
       install*) ${install} ;;
     esac`,
  );
  for (const tool of ["g++", "make", "python3"]) checkout.script(tool, "");
  const words = (line: string) =>
    line.split(" ").filter((word, index, all) => !word.startsWith("-") && all[index - 1] !== "-o");
  return {
    ...checkout,
    aptCalls: () =>
      existsSync(log)
        ? readFileSync(log, "utf8")
            .split("\n")
            .filter(Boolean)
            .map((line) => words(line).join(" "))
        : [],
  };
}

const INSTALL =
  'case "$*" in *busybox-static*) put busybox ;; esac; case "$*" in *qemu*) put qemu-system-x86_64 ;; esac';

describe("packages of the distribution", () => {
  onlyRoot("are named and installed where they are missing, and not asked for again", async () => {
    const debian = makeDebian(INSTALL);
    const outcome = await debian.setUp("start");
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toMatch(/^set-up: packages busybox-static qemu-system-x86 .* s$/m);
    const installs = () => debian.aptCalls().filter((call) => call.startsWith("install"));
    expect(installs()).toEqual(["install busybox-static qemu-system-x86"]);
    await debian.setUp("start");
    expect(installs()).toHaveLength(1);
  });

  onlyRoot("of tests are installed for tests only", async () => {
    const debian = makeDebian(INSTALL);
    await debian.setUp("run");
    expect(debian.aptCalls().at(-1)).toBe("install busybox-static");
    await debian.setUp("test");
    const call = debian.aptCalls().find((each) => each.includes("chromium"));
    // Some may be there already: /usr/sbin is looked at wherever the search path leads, and a file is where it is.
    const asked = call?.split(" ").slice(1) ?? [];
    const wanted = Object.entries(PACKAGES).filter(([, one]) => one.for !== "compiler" && one.for !== "busybox");
    expect(asked).toEqual(wanted.map(([name]) => name).filter((name) => asked.includes(name)));
    expect(asked).toEqual(expect.arrayContaining(["qemu-system-x86", "chromium", "crun", "squashfs-tools", "strace"]));
  });

  onlyRoot("are tried again with fresh lists, as an old list names versions that are gone", async () => {
    const debian = makeDebian(`[ -e updated ] || exit 100; ${INSTALL}`);
    const script = readFileSync(join(debian.programs, "apt-get"), "utf8");
    debian.script("apt-get", script.replace('case "$*" in', 'case "$*" in update*) touch updated ;;'));
    await debian.setUp("run");
    expect(debian.aptCalls().filter((call) => !call.startsWith("download"))).toEqual([
      "install busybox-static",
      "update",
      "install busybox-static",
    ]);
    expect(existsSync(join(debian.programs, "busybox"))).toBe(true);
  });

  onlyRoot("that fail are named with apt's own reason and the line to type; the others come all the same", async () => {
    const debian = makeDebian(
      `case "$*" in *qemu*) echo "E: Unable to locate package qemu-system-x86" >&2; exit 100 ;; esac; ${INSTALL}`,
    );
    const outcome = await debian.setUp("start");
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toMatch(/qemu-system-x86 could not be installed: Unable to locate package/);
    expect(outcome.stderr).toMatch(/to fix it: apt-get install -y --no-install-recommends qemu-system-x86$/m);
    expect(existsSync(join(debian.programs, "busybox"))).toBe(true);
  });

  onlyLinux("are only named where RINGSIDE_NO_APT=1 forbids to install them", async () => {
    const debian = makeDebian(INSTALL);
    const outcome = await debian.setUp("start", { RINGSIDE_NO_APT: "1" });
    expect(outcome.code).toBe(0);
    expect(debian.aptCalls()).toEqual([]);
    expect(outcome.stderr).toMatch(/not installed: busybox-static, qemu-system-x86/);
    expect(outcome.stderr).toMatch(
      /to fix it: (sudo )?apt-get install -y --no-install-recommends busybox-static qemu-system-x86$/m,
    );
  });

  onlyLinux("have the names of other distributions there", async () => {
    const checkout = makeCheckout();
    checkout.script("dnf", "");
    const { stderr } = await checkout.setUp("start");
    expect(stderr).toMatch(/to fix it: (sudo )?dnf install -y busybox qemu-system-x86-core$/m);
  });

  onlyLinux("that could be there but need not are not mentioned at every command", async () => {
    const checkout = makeCheckout();
    for (const tool of ["g++", "make", "python3"]) checkout.script(tool, "");
    mkdirSync(join(checkout.cache, "trees/00"), { recursive: true });
    mkdirSync(join(checkout.cache, "images"));
    writeFileSync(join(checkout.cache, "images/ringside%2Fbase.json"), '{"tree":"00","inputs":[]}');
    await checkout.setUp("run");
    expect(await checkout.setUp("run")).toEqual({ code: 0, stdout: "", stderr: "" });
  });
});
