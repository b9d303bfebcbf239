/** What a process gets though its configuration does not say so: HOME, and sockets to listen on. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { listenDescriptors, withHome } from "../../runtime/container/oci/inherited.ts";
import { needsLinux, needsNative, unless } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";

function rootWith(passwd: string): string {
  const root = temporaryDirectory();
  mkdirSync(join(root, "etc"));
  writeFileSync(join(root, "etc/passwd"), passwd);
  return root;
}

const process = (uid: number, env?: readonly string[]) => ({
  user: { uid, gid: 0 },
  args: ["x"],
  cwd: "/",
  ...(env !== undefined && { env }),
});

describe("HOME", unless([needsLinux, needsNative]), () => {
  test("is the user's own in the container's passwd", () => {
    const root = rootWith("root:x:0:0:root:/root:/bin/sh\nweb:x:33:33::/var/www:/bin/sh\n");
    expect(withHome(process(33, ["A=b"]), root).env).toEqual(["A=b", "HOME=/var/www"]);
    expect(withHome(process(0), root).env).toEqual(["HOME=/root"]);
  });

  test("is / for a user whom nobody knows, and without a passwd", () => {
    expect(withHome(process(77), rootWith("root:x:0:0::/root:\n")).env).toEqual(["HOME=/"]);
    expect(withHome(process(77), temporaryDirectory()).env).toEqual(["HOME=/"]);
  });

  test("stays what the configuration says", () => {
    expect(withHome(process(0, ["HOME=/here"]), rootWith("root:x:0:0::/root:\n")).env).toEqual(["HOME=/here"]);
  });

  test("is not read from a passwd outside of the root", () => {
    const root = temporaryDirectory();
    mkdirSync(join(root, "etc"));
    symlinkSync("/etc/passwd", join(root, "etc/passwd"));
    expect(withHome(process(0), root).env).toEqual(["HOME=/"]);
  });
});

test.each([
  [{ LISTEN_FDS: "2", LISTEN_PID: "12" }, 2],
  [{ LISTEN_FDS: "2", LISTEN_PID: "13" }, 0],
  [{ LISTEN_FDS: "2" }, 0],
  [{ LISTEN_FDS: "two", LISTEN_PID: "12" }, 0],
  [{ LISTEN_FDS: "-1", LISTEN_PID: "12" }, 0],
  [{}, 0],
])("sockets to listen on in the environment %j are %i", (environment, count) => {
  expect(listenDescriptors(environment, 12)).toBe(count);
});
