/**
 * What others got wrong (reference: CVE-2023-26114, CVE-2025-24964, GHSA-vg6x-rcgg-rjx6, CVE-2024-28179 and their like),
 * tried on this server: a page of another origin, a name that was made to point here, a missing cookie, a token or a
 * ticket used twice or late, too much of anything.
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CLOSE_CODES } from "../../web/protocol/close-codes.ts";
import { encodeFrame, MAX_FRAME_BYTES } from "../../web/protocol/frame.ts";
import { TICKET_LIFETIME_MS } from "../../web/protocol/terminals.ts";
import { LIMITS, RATES } from "../../web/server/limits.ts";
import { MemoryServer } from "../support/web/visitor.ts";

let parent: string;
let test0: MemoryServer;
let cookie: string;

beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), "ringside-web-"));
  mkdirSync(join(parent, "app", "assets"), { recursive: true });
  writeFileSync(join(parent, "app", "index.html"), "<!doctype html><title>The app</title>");
  writeFileSync(join(parent, "app", "assets", "main-abc.js"), "console.log(1)");
  writeFileSync(join(parent, "app", ".hidden"), "the secret too");
  writeFileSync(join(parent, "secret.txt"), "the secret");
});
afterAll(() => rmSync(parent, { recursive: true }));

beforeEach(async () => {
  test0 = await MemoryServer.listen(join(parent, "app"));
  cookie = await test0.signIn();
});
afterEach(async () => {
  await test0.server.close();
  expect(test0.reports).toEqual([]);
});

const SIZE = { columns: 80, rows: 24 };
const CREATE = { kind: "container", image: "ringside/base", size: SIZE };

async function newTerminal(): Promise<string> {
  const { id } = JSON.parse((await test0.call(cookie, "POST", "/api/lab", CREATE)).body);
  return JSON.parse((await test0.call(cookie, "GET", `/api/lab/${id}/terminals`)).body).terminals[0].id;
}

describe("the Host of a request", () => {
  test.each(["127.0.0.1", "localhost", "[::1]", "LOCALHOST"])("%s with our port is answered", async (name) => {
    expect((await test0.ask("/", { headers: { host: `${name}:${test0.port}` } })).status).toBe(200);
  });

  test.each([
    ["a name that was made to point here (DNS rebinding)", () => `attacker.example:${test0.port}`],
    ["our name without our port", () => "localhost"],
    ["our name with another port", () => `localhost:${test0.port + 1}`],
    ["a name that begins like ours", () => `localhost.attacker.example:${test0.port}`],
    ["a name with a user in it", () => `localhost:${test0.port}@attacker.example`],
    ["another address of loopback", () => `127.0.0.2:${test0.port}`],
  ])("%s is refused, for the app, the API and an upgrade", async (_what, host) => {
    const headers = { host: host(), cookie, origin: test0.origin };
    expect((await test0.ask("/", { headers })).status).toBe(403);
    expect((await test0.ask("/assets/main-abc.js", { headers })).status).toBe(403);
    expect((await test0.ask("/api/lab", { headers })).status).toBe(403);
    expect(await test0.upgradeStatus("/api/terminal", headers)).toBe(403);
  });

  test("that is missing or empty is refused", async () => {
    for (const head of ["GET /api/lab HTTP/1.0", "GET / HTTP/1.1\r\nHost:", "GET http:/// HTTP/1.1\r\nHost: "]) {
      expect(await rawStatus(`${head}\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`)).toMatch(
        /^HTTP\/1\.1 40[03]/,
      );
    }
  });

  test("in the first line does not stand in for the header", async () => {
    const bytes = `GET http://localhost:${test0.port}/api/lab HTTP/1.1\r\nHost: evil.example\r\nCookie: ${cookie}\r\n`;
    expect(await rawStatus(`${bytes}Connection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 403/);
  });

  test("given twice is refused, whichever of the two is ours", async () => {
    const ours = `localhost:${test0.port}`;
    for (const pair of [`Host: ${ours}\r\nHost: evil.example`, `Host: evil.example\r\nHost: ${ours}`]) {
      expect(
        await rawStatus(`GET /api/lab HTTP/1.1\r\n${pair}\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`),
      ).toMatch(/^HTTP\/1\.1 40[03]/);
    }
  });
});

describe("the Origin of a request", () => {
  const foreign: readonly (readonly [string, () => string])[] = [
    ["another site", () => "https://attacker.example"],
    ["another port of this host", () => `http://127.0.0.1:${test0.port + 1}`],
    ["another scheme", () => `https://127.0.0.1:${test0.port}`],
    ["another of our names than the Host", () => `http://localhost:${test0.port}`],
    ["null, as of a sandboxed frame", () => "null"],
    ["ours with something after it", () => `http://127.0.0.1:${test0.port}.attacker.example`],
    ["ours with a slash", () => `http://127.0.0.1:${test0.port}/`],
    ["nothing", () => ""],
  ];
  test.each(foreign)(
    "that is %s is refused for whatever changes something, and for an upgrade",
    async (_what, origin) => {
      const headers = { cookie, origin: origin(), "content-type": "application/json" };
      const body = JSON.stringify(CREATE);
      expect((await test0.ask("/api/lab", { method: "POST", headers, body })).status).toBe(403);
      expect((await test0.ask("/api/lab/x", { method: "DELETE", headers })).status).toBe(403);
      expect((await test0.ask("/api/race", { method: "POST", headers, body: '{"worlds":["process"]}' })).status).toBe(
        403,
      );
      expect(await test0.upgradeStatus("/api/terminal", { cookie, origin: origin() })).toBe(403);
      expect(test0.backend.machines).toEqual([]);
      expect(test0.backend.lanes).toEqual([]);
    },
  );

  test("that is absent is refused for whatever changes something, and for an upgrade", async () => {
    const headers = { cookie, "content-type": "application/json" };
    expect((await test0.ask("/api/lab", { method: "POST", headers, body: JSON.stringify(CREATE) })).status).toBe(403);
    expect(await test0.upgradeStatus("/api/terminal", { cookie })).toBe(403);
  });

  test("that is foreign gets no permission to read, asked for politely or not", async () => {
    const origin = "https://attacker.example";
    const preflight = {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type",
    };
    for (const [method, headers] of [
      ["OPTIONS", preflight],
      ["GET", { origin, cookie }],
    ] as const) {
      const answer = await test0.ask("/api/lab", { method, headers });
      expect(answer.status).toBe(403);
      expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control-"))).toEqual([]);
    }
  });

  test("that is ours gets no CORS header either: nobody needs one", async () => {
    const answer = await test0.call(cookie, "GET", "/api/lab");
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control-"))).toEqual([]);
  });

  test.each(["cross-site", "same-site"])("of a %s page that sends none, such as an image, is refused", async (site) => {
    expect((await test0.ask("/api/lab", { headers: { cookie, "sec-fetch-site": site } })).status).toBe(403);
  });
});

describe("without a session", () => {
  test.each(["/api/lab", "/api/doctor", "/api/nothing", "/%61pi/lab", "/api/lab/x/plan"])(
    "%s is refused",
    async (path) => {
      for (const headers of [{}, { cookie: `ringside-${test0.port}=guess` }, { cookie: "ringside-1=x" }]) {
        const answer = await test0.ask(path, { headers });
        expect(answer.status).toBe(401);
        expect(JSON.parse(answer.body)).toEqual({
          error: expect.any(String),
          fix: expect.stringContaining("ringside serve"),
        });
      }
    },
  );

  test("nothing can be changed", async () => {
    expect((await test0.call("", "POST", "/api/lab", CREATE)).status).toBe(401);
    expect((await test0.call("", "POST", "/api/tickets", { terminal: "x" })).status).toBe(401);
    expect(test0.backend.machines).toEqual([]);
  });

  test("no terminal's WebSocket opens", async () => {
    expect(await test0.upgradeStatus("/api/terminal", { origin: test0.origin })).toBe(401);
  });

  test("the app's own files are shown, so that it can say what to do", async () => {
    expect((await test0.ask("/")).body).toContain("The app");
    expect((await test0.ask("/assets/main-abc.js")).status).toBe(200);
  });
});

describe("the one-time token", () => {
  test("opens a session, leaves the address bar, and sets a cookie that scripts and other sites cannot use", async () => {
    const answer = await test0.ask(`/?token=${test0.sessions.renewToken()}`);
    expect(answer.status).toBe(303);
    expect(answer.headers.location).toBe("/");
    expect(answer.headers["cache-control"]).toBe("no-store");
    const [setCookie = ""] = answer.headers["set-cookie"] ?? [];
    expect(setCookie).toMatch(new RegExp(`^ringside-${test0.port}=[\\w-]{43};`));
    expect(setCookie).toContain("HttpOnly");
    expect(setCookie).toContain("SameSite=Strict");
    expect(setCookie).toContain("Path=/");
    expect(setCookie).not.toContain("Domain");
  });

  test("used a second time by somebody else gets a page that says so, and no session", async () => {
    const token = test0.sessions.renewToken();
    await test0.ask(`/?token=${token}`);
    const answer = await test0.ask(`/?token=${token}`, { headers: { accept: "text/html" } });
    expect(answer.status).toBe(403);
    expect(answer.headers["set-cookie"]).toBeUndefined();
    expect(answer.headers["content-type"]).toContain("text/html");
    expect(answer.body).toContain("has been used already");
  });

  test("used a second time by the browser that has the session just leads to the app", async () => {
    const token = test0.sessions.renewToken();
    const [first = ""] = (await test0.ask(`/?token=${token}`)).headers["set-cookie"] ?? [];
    const again = await test0.ask(`/?token=${token}`, { headers: { cookie: first.split(";")[0] ?? "" } });
    expect([again.status, again.headers.location]).toEqual([303, "/"]);
  });

  test("is not used up by a program that only looks at the link", async () => {
    const token = test0.sessions.renewToken();
    expect((await test0.ask(`/?token=${token}`, { method: "HEAD" })).headers["set-cookie"]).toBeUndefined();
    expect((await test0.ask(`/?token=${token}`)).status).toBe(303);
  });

  test("that is wrong does not use up the right one", async () => {
    const token = test0.sessions.renewToken();
    expect((await test0.ask(`/?token=${token.slice(1)}`)).status).toBe(403);
    expect((await test0.ask(`/?token=${token}`)).status).toBe(303);
  });

  test("of an earlier start opens nothing", async () => {
    const token = test0.sessions.renewToken();
    await using restarted = await MemoryServer.listen(join(parent, "app"));
    expect((await restarted.ask(`/?token=${token}`)).status).toBe(403);
    expect((await restarted.ask("/api/lab", { headers: { cookie } })).status).toBe(401);
  });
});

describe("a ticket", () => {
  test("lets one connection in, and never a second", async () => {
    const terminal = await newTerminal();
    const ticket = await test0.ticket(cookie, terminal);
    const first = await test0.connect(cookie);
    first.send({ kind: "hello", ticket });
    await first.until((frame) => frame.kind === "snapshot");
    const second = await test0.connect(cookie);
    second.send({ kind: "hello", ticket });
    expect((await second.closed).code).toBe(CLOSE_CODES.refused.code);
    expect(second.frames).toEqual([]);
  });

  test("is worth nothing after half a minute", async () => {
    const ticket = await test0.ticket(cookie, await newTerminal());
    test0.clock.advance(TICKET_LIFETIME_MS);
    const viewer = await test0.connect(cookie);
    viewer.send({ kind: "hello", ticket });
    expect((await viewer.closed).code).toBe(CLOSE_CODES.refused.code);
  });

  test("of one session is worth nothing in another, and is used up by the attempt", async () => {
    const ticket = await test0.ticket(cookie, await newTerminal());
    const thief = await test0.connect(await test0.signIn());
    thief.send({ kind: "hello", ticket });
    expect((await thief.closed).code).toBe(CLOSE_CODES.refused.code);
    const owner = await test0.connect(cookie);
    owner.send({ kind: "hello", ticket });
    expect((await owner.closed).code).toBe(CLOSE_CODES.refused.code);
  });

  test("is given for terminals that exist only", async () => {
    expect((await test0.call(cookie, "POST", "/api/tickets", { terminal: "nothing" })).status).toBe(404);
  });

  test("has to come first: anything else closes the connection before it can do harm", async () => {
    await newTerminal();
    const viewer = await test0.connect(cookie);
    viewer.type("rm -rf /\n");
    expect((await viewer.closed).code).toBe(CLOSE_CODES.refused.code);
    expect(test0.backend.machines[0]?.programs[0]?.input).toBe("");
  });

  test("has to come soon", async () => {
    const viewer = await test0.connect(cookie);
    test0.clock.advance(LIMITS.helloMs);
    expect((await viewer.closed).code).toBe(CLOSE_CODES.refused.code);
  });
});

describe("too much", () => {
  test("in a body is refused", async () => {
    const answer = await test0.call(cookie, "POST", "/api/lab", { ...CREATE, command: ["x".repeat(LIMITS.bodyBytes)] });
    expect(answer.status).toBe(413);
    expect(test0.backend.machines).toEqual([]);
  });

  test("in a frame closes the connection (RFC 6455: 1009)", async () => {
    const viewer = await test0.view(cookie, await newTerminal());
    viewer.sendRaw(new Uint8Array(MAX_FRAME_BYTES + 1));
    expect((await viewer.closed).code).toBe(1009);
    expect(test0.backend.machines[0]?.programs[0]?.input).toBe("");
  });

  test("waiting without a ticket is refused, and those who have one get in", async () => {
    const strangers = await Promise.all(Array.from({ length: LIMITS.strangers }, () => test0.connect(cookie)));
    const another = await test0.connect(cookie);
    expect((await another.closed).code).toBe(CLOSE_CODES.crowded.code);
    for (const stranger of strangers) stranger.close();
  });

  test("of machines is refused with what to do", async () => {
    for (let made = 0; made < LIMITS.runningMachines; made++) await test0.call(cookie, "POST", "/api/lab", CREATE);
    const answer = await test0.call(cookie, "POST", "/api/lab", CREATE);
    expect([answer.status, JSON.parse(answer.body).fix]).toEqual([409, "remove one first"]);
  });
});

describe("too many requests", () => {
  test("that would create something are refused for a while, with how long", async () => {
    const statuses: number[] = [];
    for (let count = 0; count <= RATES.create.max; count++) {
      statuses.push((await test0.call(cookie, "POST", "/api/lab", {})).status);
    }
    expect(new Set(statuses.slice(0, -1))).toEqual(new Set([400]));
    const answer = await test0.call(cookie, "POST", "/api/lab", CREATE);
    expect([statuses.at(-1), answer.status]).toEqual([429, 429]);
    expect(JSON.parse(answer.body).fix).toMatch(/^wait .* and try again$/);
    expect((await test0.call(cookie, "GET", "/api/lab")).status).toBe(200);
  });

  test("for tickets that nobody uses are refused until they have expired", async () => {
    const terminal = await newTerminal();
    for (let count = 0; count < LIMITS.tickets; count++) await test0.ticket(cookie, terminal);
    expect((await test0.call(cookie, "POST", "/api/tickets", { terminal })).status).toBe(429);
    test0.clock.advance(TICKET_LIFETIME_MS);
    expect((await test0.call(cookie, "POST", "/api/tickets", { terminal })).status).toBe(200);
  });
});

describe("a message that is no frame closes the connection and reaches no program", () => {
  test.each<readonly [string, string | Uint8Array]>([
    ["text", "ls\n"],
    ["an opcode of nobody", Uint8Array.of(99, 1, 2)],
    ["a server's frame", encodeFrame({ kind: "snapshot", size: SIZE, ansi: "x" })],
    ["a second hello", encodeFrame({ kind: "hello", ticket: "x" })],
    ["a size of nothing", Uint8Array.of(1, 0, 0, 0, 0)],
  ])("%s", async (_what, message) => {
    const viewer = await test0.view(cookie, await newTerminal());
    viewer.sendRaw(message);
    expect((await viewer.closed).code).toBe(CLOSE_CODES.malformed.code);
    expect(test0.backend.machines[0]?.programs[0]?.input).toBe("");
  });
});

describe("bodies", () => {
  test.each<readonly [string, unknown]>([
    ["nothing", null],
    ["a kind that does not exist", { ...CREATE, kind: "rocket" }],
    ["a field that nobody knows", { ...CREATE, privileged: true }],
    ["an image that is a path upwards", { ...CREATE, image: "../../etc" }],
    ["a command with a zero byte", { ...CREATE, command: ["sh\0x"] }],
    ["an empty command", { ...CREATE, command: [] }],
    ["memory below zero", { ...CREATE, memoryBytes: -1 }],
    ["half a byte", { ...CREATE, memoryBytes: 1e8 + 0.5 }],
    ["a size that is none", { ...CREATE, size: { columns: 0, rows: 1e9 } }],
    ["no size", { kind: "container", image: "ringside/base" }],
  ])("with %s are refused and start nothing", async (_what, body) => {
    const answer = await test0.call(cookie, "POST", "/api/lab", body);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body).error).toEqual(expect.any(String));
    expect(test0.backend.machines).toEqual([]);
  });

  test.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])(
    "of the type %s, which any page may send, are refused",
    async (type) => {
      const headers = { cookie, origin: test0.origin, "content-type": type };
      const answer = await test0.ask("/api/lab", { method: "POST", headers, body: JSON.stringify(CREATE) });
      expect(answer.status).toBe(415);
    },
  );

  test("that would change every object's prototype are refused", async () => {
    const headers = { cookie, origin: test0.origin, "content-type": "application/json" };
    const body = '{"__proto__":{"kind":"container"},"image":"ringside/base","size":{"columns":1,"rows":1}}';
    expect((await test0.ask("/api/lab", { method: "POST", headers, body })).status).toBe(400);
  });
});

describe("the app's files", () => {
  test.each([
    "/../secret.txt",
    "/assets/../../secret.txt",
    "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/assets/..%2f..%2fsecret.txt",
    "/%2e%2e%2fsecret.txt",
    "/..\\secret.txt",
    "/assets/%252e%252e/secret.txt",
    "//../secret.txt",
    "/.hidden",
    "/assets/main-abc.js%00.txt",
  ])("%s leads nowhere outside", async (path) => {
    const answer = await test0.ask(path);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.body).not.toContain("the secret");
    expect(answer.body).not.toContain("the secret too");
  });

  test("an address of the app that is no file is the app's page; one of the API or of a missing file is not", async () => {
    expect((await test0.ask("/lab/some-machine")).body).toContain("The app");
    expect((await test0.ask("/assets/missing.js")).status).toBe(404);
    expect((await test0.call(cookie, "GET", "/api/missing")).status).toBe(404);
    expect((await test0.call(cookie, "POST", "/race")).status).toBe(404);
  });
});

describe("the headers of every answer", () => {
  test.each(["/", "/api/lab", "/api/missing", "/assets/main-abc.js", "/missing.js", "/?token=x"])(
    "%s",
    async (path) => {
      const { headers } = await test0.ask(path, { headers: { cookie } });
      const policy = new Map(
        String(headers["content-security-policy"])
          .split(";")
          .map((directive) => directive.trim().split(/ (.*)/s, 2))
          .map(([name = "", value = ""]) => [name, value]),
      );
      expect(policy.get("default-src")).toBe("'self'");
      expect(policy.get("script-src")).toBe("'self'");
      expect(policy.get("frame-ancestors")).toBe("'self'");
      expect(policy.get("object-src")).toBe("'none'");
      expect(policy.has("upgrade-insecure-requests")).toBe(false);
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["strict-transport-security"]).toBeUndefined();
      expect(headers["x-powered-by"]).toBeUndefined();
    },
  );

  test("also of a refusal", async () => {
    const { headers } = await test0.ask("/", { headers: { host: "evil.example" } });
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["content-security-policy"]).toContain("default-src 'self'");
  });

  test("answers of the API are kept nowhere", async () => {
    expect((await test0.call(cookie, "GET", "/api/lab")).headers["cache-control"]).toBe("no-store");
  });
});

test("what a request wrote into its address comes back as text, never as markup", async () => {
  const answer = await test0.ask("/<script>alert(1)</script>.html", { headers: { accept: "text/html" } });
  expect(answer.status).toBe(404);
  expect(answer.body).not.toContain("<script>");
});

/** The first line of the answer to bytes as they are. */
async function rawStatus(bytes: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connectSocket(test0.port, "127.0.0.1", () => socket.write(bytes));
  let received = "";
  socket.on("data", (chunk) => {
    received += chunk.toString("latin1");
  });
  socket.on("error", reject);
  socket.on("close", () => resolve(received.split("\r\n")[0] ?? ""));
  return promise;
}
