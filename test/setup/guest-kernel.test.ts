/** Where the guest's kernel comes from: a made-up distribution, and Debian's own order of versions. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Checkout, findOnThisMachine, makeCheckout } from "./fixture.ts";

const hasDpkg = (() => {
  try {
    return findOnThisMachine("dpkg") !== "";
  } catch {
    return false;
  }
})();

/** dpkg's own order of versions is what counts, so the real one is needed. */
const onlyDebian = test.skipIf(!hasDpkg || process.arch !== "x64");

/** A distribution that offers kernels; what is downloaded "unpacks" to a file that holds its name. */
function makeDistribution(packages: readonly string[], download = "echo $last >$last.deb"): Checkout {
  const checkout = makeCheckout();
  checkout.offer("dpkg", "sed");
  checkout.script("apt-cache", `printf '%s\\n' ${packages.join(" ")}`);
  checkout.script("apt-get", `for last; do :; done; case "$1" in download) ${download} ;; esac`);
  checkout.script(
    "dpkg-deb",
    'name=$(cat "$2"); version=$(echo "$name" | sed s/linux-image-//); mkdir -p "$3/boot" "$3/lib/modules/$version"; echo "$name" >"$3/boot/vmlinuz-$version"',
  );
  // Nothing else is to be installed or built here.
  for (const tool of ["g++", "make", "python3", "qemu-system-x86_64"]) checkout.script(tool, "");
  return checkout;
}

const AMD64 = [
  "linux-image-6.1.0-9-cloud-amd64",
  "linux-image-6.1.0-50-cloud-amd64",
  "linux-image-6.12.9+deb12-cloud-amd64",
  "linux-image-6.12.117+deb12-cloud-amd64",
  "linux-image-6.12.118+deb12-cloud-amd64-dbg",
  "linux-image-6.12.119+deb12-cloud-amd64-unsigned",
  "linux-image-6.99.1-amd64",
  "linux-image-6.13-cloud-amd64",
  "linux-image-cloud-amd64",
];

describe("the guest's kernel", () => {
  onlyDebian("is the newest signed cloud kernel, by Debian's order of versions", async () => {
    const checkout = makeDistribution(AMD64);
    expect((await checkout.setUp("vm")).stderr).toMatch(/kernel for virtual machines .* s$/m);
    const directory = join(checkout.cache, "guest-kernel");
    expect(readFileSync(join(directory, "vmlinuz"), "utf8").trim()).toBe("linux-image-6.12.117+deb12-cloud-amd64");
    expect(JSON.parse(readFileSync(join(directory, "version.json"), "utf8"))).toMatchObject({
      version: "6.12.117+deb12-cloud-amd64",
      package: "linux-image-6.12.117+deb12-cloud-amd64",
    });
    expect(readdirSync(directory).sort()).toEqual(["modules", "version.json", "vmlinuz"]);
  });

  onlyDebian("is fetched once", async () => {
    const checkout = makeDistribution(AMD64, `echo downloaded >>${"$"}OLDPWD/downloads; echo $last >$last.deb`);
    await checkout.setUp("vm", { OLDPWD: checkout.root });
    expect((await checkout.setUp("vm", { OLDPWD: checkout.root })).stderr).not.toMatch(/kernel for virtual machines/);
  });

  onlyDebian("that cannot be downloaded leaves nothing half-unpacked in the cache", async () => {
    const checkout = makeDistribution(AMD64, "exit 100");
    const outcome = await checkout.setUp("vm");
    expect(outcome.code).toBe(0);
    const left = readdirSync(checkout.cache).filter((name) => name.includes("guest-kernel"));
    // A readable kernel in /boot serves instead, where this machine has one.
    expect(left.filter((name) => name !== "guest-kernel")).toEqual([]);
    if (left.length === 0)
      expect(outcome.stderr).toMatch(/no kernel for virtual machines could be found\n.*to fix it: /);
  });

  onlyDebian("is not asked of apt where RINGSIDE_NO_APT=1 forbids it", async () => {
    const checkout = makeDistribution(AMD64, `echo asked >${"$"}HOME/asked`);
    await checkout.setUp("vm", { RINGSIDE_NO_APT: "1" });
    expect(readdirSync(checkout.cache)).not.toContain("asked");
  });

  onlyDebian("that is there already is kept, whatever the distribution offers by now", async () => {
    const checkout = makeDistribution(AMD64);
    mkdirSync(join(checkout.cache, "guest-kernel"));
    writeFileSync(join(checkout.cache, "guest-kernel/vmlinuz"), "mine");
    writeFileSync(join(checkout.cache, "guest-kernel/version.json"), "{}");
    await checkout.setUp("vm");
    expect(readFileSync(join(checkout.cache, "guest-kernel/vmlinuz"), "utf8")).toBe("mine");
  });
});
