/** Drivers for a guest's kernel: which, in which order, and without what would only cost it time. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { collectModules, withoutSignature } from "../../runtime/vm/modules.ts";
import { temporaryDirectory } from "../support/temporary.ts";

function moduleOf(depends: string): Buffer {
  return Buffer.from(`\x7fELF code\0license=GPL\0depends=${depends}\0name=x\0`, "latin1");
}

/** As the kernel's scripts/sign-file.c appends it. */
function signed(module: Buffer, signature: Buffer): Buffer {
  const info = Buffer.alloc(12);
  info.writeUInt32BE(signature.length, 8);
  return Buffer.concat([module, signature, info, Buffer.from("~Module signature appended~\n")]);
}

function kernelWith(files: Readonly<Record<string, Buffer>>): string {
  const directory = join(temporaryDirectory(), "6.1.0-test");
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  return directory;
}

describe("the modules of a guest's kernel", () => {
  test("come each after what it needs, once, and without those that are built in", () => {
    const directory = kernelWith({
      "kernel/net/virtio_net.ko": moduleOf("net_failover,virtio_ring"),
      "kernel/net/net-failover.ko": moduleOf("failover"),
      "kernel/net/failover.ko.zst": zstdCompressSync(moduleOf("")),
      "kernel/fs/overlay.ko": moduleOf(""),
      "modules.builtin": Buffer.from("kernel/drivers/virtio/virtio_ring.ko\nkernel/drivers/virtio/virtio-pci.ko\n"),
    });
    const modules = collectModules(directory, ["virtio_pci", "virtio_net", "overlay", "failover"]);
    expect(modules.map(({ name }) => name)).toEqual(["failover", "net_failover", "virtio_net", "overlay"]);
    expect(modules[0]?.content).toEqual(moduleOf(""));
    expect(collectModules(join(directory, "not-there"), [])).toEqual([]);
  });

  test("are missed in words, with the kernel's name and what to do", () => {
    const directory = kernelWith({ "kernel/a.ko": moduleOf("b") });
    expect(() => collectModules(directory, ["a"])).toThrow(/6\.1\.0-test.* no driver b/);
  });

  test("lose their signature and nothing else", () => {
    const module = moduleOf("");
    expect(withoutSignature(signed(module, Buffer.alloc(700, 1)))).toEqual(module);
    expect(withoutSignature(module)).toEqual(module);
    const lying = signed(module, Buffer.alloc(4));
    lying.writeUInt32BE(0xffff_fff0, lying.length - 32);
    expect(withoutSignature(lying)).toEqual(lying);
  });
});
