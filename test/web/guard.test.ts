/** The parts of the guards that need no server: the list of hosts, sessions and their token, secrets. */

import { hostname, networkInterfaces } from "node:os";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { allowedHosts, inAddress, isLoopback } from "../../web/server/guard/hosts.ts";
import { LIMITS } from "../../web/server/limits.ts";
import { newSecret, sameSecret, secretKey } from "../../web/server/secrets.ts";
import { Sessions } from "../../web/server/sessions.ts";

describe("the hosts that are answered", () => {
  test("on loopback are its three names with the port, and nothing else", () => {
    expect([...allowedHosts({ host: "127.0.0.1", port: 4014 })]).toEqual([
      "127.0.0.1:4014",
      "localhost:4014",
      "[::1]:4014",
    ]);
  });

  test("on an address of the network are that one as well", () => {
    const hosts = allowedHosts({ host: "192.168.1.20", port: 4014 });
    expect(hosts.has("192.168.1.20:4014")).toBe(true);
    expect(hosts.has("192.168.1.21:4014")).toBe(false);
  });

  test("on every address are the machine's own, and not any", () => {
    const hosts = allowedHosts({ host: "0.0.0.0", port: 4014 });
    const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    for (const { address } of own) expect(hosts.has(`${inAddress(address)}:4014`)).toBe(true);
    expect(hosts.has(`${hostname().toLowerCase()}:4014`)).toBe(true);
    expect(hosts.has("0.0.0.0:4014")).toBe(false);
    expect(hosts.has("attacker.example:4014")).toBe(false);
  });

  test("on port 80 may leave it out, as browsers do", () => {
    const hosts = allowedHosts({ host: "127.0.0.1", port: 80 });
    expect(hosts.has("localhost") && hosts.has("localhost:80")).toBe(true);
  });

  test("include what was added, with the port of the server unless it has one", () => {
    const hosts = allowedHosts({ host: "127.0.0.1", port: 4014 }, ["Class.example", "other.example:8080"]);
    expect(hosts.has("class.example:4014") && hosts.has("other.example:8080")).toBe(true);
    expect(hosts.has("other.example:4014")).toBe(false);
  });

  test.each([
    ["127.0.0.1", true],
    ["127.9.9.9", true],
    ["localhost", true],
    ["::1", true],
    ["0.0.0.0", false],
    ["::", false],
    ["192.168.1.20", false],
    ["127.0.0.1.example", false],
  ])("know whether %s is this machine alone: %s", (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });
});

describe("sessions", () => {
  test("open with the token, once", () => {
    const sessions = new Sessions();
    const token = sessions.token ?? "";
    const secret = sessions.exchange(token);
    expect(sessions.find(secret)).toEqual(expect.any(String));
    expect(sessions.exchange(token)).toBeUndefined();
    expect(sessions.token).toBeUndefined();
  });

  test("have an identity that is not the secret", () => {
    const sessions = new Sessions();
    const secret = sessions.exchange(sessions.token ?? "") ?? "";
    expect(sessions.find(secret)).not.toContain(secret);
  });

  test("do not open with a token that was replaced", () => {
    const sessions = new Sessions();
    const first = sessions.token ?? "";
    const second = sessions.renewToken();
    expect(sessions.exchange(first)).toBeUndefined();
    expect(sessions.exchange(second)).toEqual(expect.any(String));
  });

  test("are bounded: the oldest ends", () => {
    const sessions = new Sessions();
    const secrets = Array.from({ length: LIMITS.sessions + 1 }, () => sessions.exchange(sessions.renewToken()));
    expect(sessions.find(secrets[0])).toBeUndefined();
    expect(secrets.slice(1).every((secret) => sessions.find(secret) !== undefined)).toBe(true);
  });

  test("are nobody's without a secret", () => {
    const sessions = new Sessions();
    for (const guess of [undefined, "", "undefined", sessions.token]) expect(sessions.find(guess)).toBeUndefined();
  });
});

describe("secrets", () => {
  test("have 256 bits, are never the same, and fit into an address and a cookie", () => {
    const secrets = Array.from({ length: 200 }, newSecret);
    expect(new Set(secrets).size).toBe(200);
    expect(secrets.every((secret) => /^[\w-]{43}$/.test(secret))).toBe(true);
  });

  test("are the same exactly when their text is", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        expect(sameSecret(one, other)).toBe(one === other);
        expect(secretKey(one) === secretKey(other)).toBe(one === other);
      }),
    );
  });
});
