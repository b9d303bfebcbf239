/**
 * What Firecracker is sent, checked against its published API, and in which order, checked with a small server in its
 * place: the real program is not on every machine, and needs a KVM that boots kernels.
 */

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import { guestKernel } from "../../runtime/vm/guest-files.ts";
import {
  type ApiRequest,
  callApi,
  DESCRIBE,
  DESCRIBE_MACHINE,
  PAUSE,
  POWERDOWN,
  RESUME,
  startRequests,
} from "../../runtime/vm/vmm/firecracker-api.ts";
import { SerialSplitter } from "../../runtime/vm/vmm/serial-milestones.ts";
import { vmlinuxOf } from "../../runtime/vm/vmm/vmlinux.ts";
import { chance } from "../support/chance.ts";
import { testWhere } from "../support/needs.ts";
import { needsGuestKernel } from "../support/needs-guest-kernel.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { problemsOf } from "./firecracker-api.ts";

const MACHINE = {
  memoryBytes: 256 * 1024 ** 2,
  kernelPath: "/k",
  initrdPath: "/i",
  kernelArguments: "quiet",
  diskPath: "/d",
};

const problems = ({ method, path, body }: ApiRequest): string[] => problemsOf(method, path, body);

describe("what Firecracker is sent", () => {
  test("is what its published API takes", () => {
    const all = [...startRequests(MACHINE), PAUSE, RESUME, POWERDOWN, DESCRIBE, DESCRIBE_MACHINE];
    expect(all.flatMap(problems)).toEqual([]);
  });

  test("would be noticed where the API does not take it", () => {
    expect(problems({ method: "PUT", path: "/boot-source", body: { initrd: "/i" } })).toHaveLength(2);
    expect(
      problems({ method: "PUT", path: "/machine-config", body: { mem_size_mib: 1.5, vcpu_count: 33 } }),
    ).toHaveLength(2);
    expect(problems({ method: "PUT", path: "/actions", body: { action_type: "Stop" } })).toHaveLength(1);
    expect(problems({ method: "PUT", path: "/vm" })).toHaveLength(1);
  });
});

/** A server in Firecracker's place, which keeps what it was sent. */
async function server(answer: (request: { method: string; path: string }) => { status: number; body?: unknown }) {
  const seen: { method: string; path: string; body: unknown }[] = [];
  const path = join(temporaryDirectory(), "api.sock");
  const http = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    request.on("end", () => {
      const { method = "", url = "" } = request;
      seen.push({ method, path: url, body: text === "" ? undefined : JSON.parse(text) });
      const { status, body } = answer({ method, path: url });
      response.writeHead(status, { "Content-Type": "application/json" });
      response.end(body === undefined ? "" : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => http.listen(path, resolve));
  onTestFinished(() => {
    http.closeAllConnections();
    http.close();
  });
  return { path, seen };
}

describe("a server in Firecracker's place", () => {
  test("gets the machine and what it boots from before it is started, each as the API wants it", async () => {
    const { path, seen } = await server(() => ({ status: 204 }));
    for (const request of startRequests(MACHINE)) await callApi(path, request);
    expect(seen.flatMap(({ method, path: at, body }) => problemsOf(method, at, body))).toEqual([]);
    expect(seen.map((one) => one.path)).toEqual(["/machine-config", "/boot-source", "/drives/root", "/actions"]);
    expect(seen.at(-1)?.body).toEqual({ action_type: "InstanceStart" });
  });

  test("is believed in its own words when it refuses", async () => {
    const { path } = await server(() => ({ status: 400, body: { fault_message: "no such kernel" } }));
    await expect(callApi(path, PAUSE)).rejects.toThrow(/PATCH \/vm: no such kernel/);
  });

  test("answers a question with a body", async () => {
    const { path } = await server(() => ({ status: 200, body: { state: "Paused" } }));
    expect(await callApi(path, DESCRIBE)).toEqual({ state: "Paused" });
  });

  test("is given up when it answers without end", async () => {
    const { path } = await server(() => ({ status: 200, body: "x".repeat(2 * 1024 ** 2) }));
    await expect(callApi(path, DESCRIBE)).rejects.toThrow(/no end/);
  });
});

const ELF = Buffer.concat([Buffer.from("\x7fELF", "latin1"), Buffer.alloc(500, 7)]);

/** The least that is a bzImage: Documentation/arch/x86/boot.rst. */
function bzImage(payload: Uint8Array): Buffer {
  const setup = Buffer.alloc(1024);
  setup.writeUInt8(1, 0x1f1);
  setup.write("HdrS", 0x202, "latin1");
  setup.writeUInt16LE(0x020f, 0x206);
  setup.writeUInt32LE(16, 0x248);
  setup.writeUInt32LE(payload.length + 4, 0x24c);
  return Buffer.concat([setup, Buffer.alloc(16), payload, Buffer.alloc(4)]);
}

describe("the kernel for Firecracker", () => {
  test.each([
    ["gzip", gzipSync(ELF)],
    ["zstd", zstdCompressSync(ELF)],
  ])("is taken out of an image that is packed with %s", (_, payload) => {
    expect(Buffer.from(vmlinuxOf(bzImage(payload)))).toEqual(ELF);
  });

  test("is itself where it is an ELF file already", () => {
    expect(Buffer.from(vmlinuxOf(ELF))).toEqual(ELF);
  });

  test.each([
    ["what is none", Buffer.alloc(2000), /not a bzImage/],
    ["an image that is cut off", bzImage(gzipSync(ELF)).subarray(0, 1060), /cut off/],
    ["a packing that cannot be read here", bzImage(Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 1])), /xz/],
    ["what holds no kernel", bzImage(gzipSync(Buffer.from("no kernel"))), /no ELF/],
  ])("is refused as %s", (_, image, why) => {
    expect(() => vmlinuxOf(image)).toThrow(why);
  });

  testWhere([needsGuestKernel], "is in the guest's kernel of this machine: 64 bits, for x86-64", () => {
    const kernel = Buffer.from(vmlinuxOf(readFileSync(guestKernel().path)));
    expect({ bits: kernel[4], machine: kernel.readUInt16LE(18) }).toEqual({ bits: 2, machine: 62 });
  });
});

describe("milestones on the console's own line", () => {
  test("are taken out of it, wherever the pieces are cut", () => {
    const random = chance();
    const nonce = "0123456789abcdef";
    const words = [
      "hello ",
      "0123",
      `${nonce} init 12 1\n`,
      "wor\nld",
      `${nonce} exited 99 0\n`,
      "0123456789abcde",
      "!",
    ];
    for (let round = 0; round < 50; round++) {
      const order = Array.from({ length: 12 }, () => words[random.integer(0, words.length - 1)] ?? "");
      const whole = Buffer.from(order.join(""));
      let console = "";
      let lines = "";
      const splitter = new SerialSplitter(
        nonce,
        (chunk) => {
          console += Buffer.from(chunk).toString();
        },
        (line) => {
          lines += Buffer.from(line).toString();
        },
      );
      for (let at = 0; at < whole.length; ) {
        const length = random.integer(1, 9);
        splitter.push(whole.subarray(at, at + length));
        at += length;
      }
      splitter.end();
      expect(lines).toBe(order.filter((word) => word.startsWith(nonce)).join(""));
      expect(console).toBe(order.filter((word) => !word.startsWith(nonce)).join(""));
    }
  });

  test("end a line that has no end", () => {
    let printed = 0;
    const splitter = new SerialSplitter(
      "nonce",
      (chunk) => (printed += chunk.length),
      () => {},
    );
    splitter.push(Buffer.from("nonce "));
    for (let turn = 0; turn < 100; turn++) splitter.push(Buffer.alloc(100, 97));
    expect(printed).toBeGreaterThan(9000);
  });
});
