/** Looking at a detached container, and typing into it: from a real terminal, several at a time, and by hostile bytes. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { places } from "../../runtime/container/directories.ts";
import { openViewer, type Viewer } from "../../runtime/container/viewer.ts";
import { waitForContainer } from "../../runtime/container/wait.ts";
import { detached, ownRoot, printed, until, untilPrinted } from "../support/detached.ts";
import { CONTAINERS, describeWhere, needsPrograms } from "../support/needs.ts";
import { COMMAND_LINE, ringside } from "../support/ringside.ts";

const SIZE = { columns: 91, rows: 33 };
const CTRL_P_CTRL_Q = "\x10\x11";

interface Typist {
  readonly child: ChildProcess;
  type(text: string): void;
  until(wanted: RegExp): Promise<string>;
  readonly code: Promise<number | null>;
}

function typist(child: ChildProcess): Typist {
  let text = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const code = once(child, "exit").then(([status]) => (typeof status === "number" ? status : null));
  return {
    child,
    type: (keys) => void child.stdin?.write(keys),
    async until(wanted) {
      await until(() => wanted.test(text)).catch(() => {
        throw new Error(`${wanted} is not in ${JSON.stringify(text)}`);
      });
      return text;
    },
    code,
  };
}

/** A command in a terminal of its own, as script(1) makes it. */
function inTerminal(command: string): Typist {
  const sized = `stty rows ${SIZE.rows} cols ${SIZE.columns}; ${command}`;
  return typist(spawn("script", ["-qec", sized, "/dev/null"], { stdio: ["pipe", "pipe", "ignore"] }));
}

function attachCommand(id: string, ...options: readonly string[]): string {
  return [process.execPath, COMMAND_LINE, "attach", ...options, id].map((word) => `'${word}'`).join(" ");
}

/** Collects what a viewer sees. */
function watch(viewer: Viewer): { readonly text: () => string; readonly ended: Promise<void> } {
  const chunks: Uint8Array[] = [];
  onTestFinished(() => viewer.close());
  const ended = (async () => {
    for await (const record of viewer.output()) if (record.kind === "output") chunks.push(record.data);
  })();
  return { text: () => Buffer.concat(chunks).toString(), ended };
}

describeWhere([...CONTAINERS, needsPrograms("script", "stty")], "attach from a terminal", () => {
  test("gives its keys and its size, leaves by the detach keys, and puts the terminal back", async () => {
    ownRoot();
    const { id, state } = await detached("exec sh", { terminal: { columns: 80, rows: 24 } });
    const seat = inTerminal(`${attachCommand(id)}; echo left $?; stty -a | tr ' ' '\n' | grep -x icanon`);
    seat.type("stty size; tty\n");
    await seat.until(/33 91\s+\/dev\/pts\/0/);
    // Its child has the terminal by the time that it prints: then Ctrl-C is its.
    seat.type("sh -c 'echo $((40 + 2)); exec sleep 600'\n");
    await seat.until(/\n42\r/);
    seat.type("\x03echo after $?\n");
    await seat.until(/after 130/);
    seat.type(CTRL_P_CTRL_Q);
    await seat.until(/left 0\s+icanon/);
    expect(state().status).toBe("running");
  });

  test("gives every byte as it is, also a bare line feed", async () => {
    ownRoot();
    const { id } = await detached("stty -onlcr; read x; printf '%s\\n' one two", { terminal: SIZE });
    const seat = inTerminal(attachCommand(id));
    seat.type("\n");
    await seat.until(/one\ntwo\n/);
  });

  test("ends with its terminal, and leaves the container and the typing to others", async () => {
    ownRoot();
    const { id, state } = await detached("exec sh", { terminal: SIZE });
    const seat = inTerminal(attachCommand(id));
    seat.type("echo $((40 + 2))\n");
    await seat.until(/\n42\r/);
    seat.child.kill("SIGKILL");
    const next = await openViewer(state());
    await until(async () => (await next.requestWriting()) === "granted");
    next.close();
    expect(state().status).toBe("running");
  });

  test("ends with the container's exit code", async () => {
    ownRoot();
    const { id } = await detached("read x; exit 6", { terminal: SIZE });
    const seat = inTerminal(attachCommand(id, "--detach-keys", "ctrl-x"));
    seat.type("anything\n");
    expect(await seat.code).toBe(6);
  });
});

describeWhere(CONTAINERS, "viewers", () => {
  test("see the same; one may type until it leaves, then another", async () => {
    ownRoot();
    const { state } = await detached("exec sh", { terminal: SIZE });
    const [first, second] = [await openViewer(state()), await openViewer(state())];
    const [one, two] = [watch(first), watch(second)];
    expect(await first.requestWriting()).toBe("granted");
    expect(await second.requestWriting()).toBe("taken");
    await second.write(Buffer.from("echo not-typed-by-two\n"));
    second.resize({ columns: 10, rows: 10 });
    first.resize({ columns: 100, rows: 40 });
    await first.write(Buffer.from("stty size; echo typed $((1 + 1))\n"));
    await until(() => /40 100\s+typed 2/.test(one.text()) && /40 100\s+typed 2/.test(two.text()));
    expect(one.text()).not.toContain("not-typed");
    first.close();
    await until(async () => (await second.requestWriting()) === "granted");
    await second.write(Buffer.from("exit 9\n"));
    await two.ended;
    expect(await second.exitCode()).toBe(9);
  });

  test("type into a standard input that is no terminal, which stays open when they go", async () => {
    ownRoot();
    const { id, state } = await detached("while read line; do echo got $line; done", { input: true });
    for (const word of ["one", "two"]) {
      const viewer = await openViewer(state());
      await until(async () => (await viewer.requestWriting()) === "granted");
      await viewer.write(Buffer.from(`${word}\n`));
      await untilPrinted(id, `got ${word}`);
      viewer.close();
    }
    expect(state().status).toBe("running");
  });

  test("end when nobody reads what they print", async () => {
    ownRoot();
    const { id, state } = await detached("while :; do echo tick; sleep 0.05; done");
    const pipe = spawn("sh", ["-c", '"$@" | head -n 1', "sh", process.execPath, COMMAND_LINE, "attach", id]);
    onTestFinished(() => void pipe.kill("SIGKILL"));
    await once(pipe, "exit");
    expect(state().status).toBe("running");
  });

  test("cannot type where nothing is read", async () => {
    ownRoot();
    const { state } = await detached("sleep 600");
    const viewer = await openViewer(state());
    onTestFinished(() => viewer.close());
    expect(await viewer.requestWriting()).toBe("no-input");
  });

  test("that type more than is read are made to wait, and nothing of it is lost", async () => {
    ownRoot();
    const { id, state } = await detached("until [ -e /go ]; do sleep 0.02; done; head -c 1048576 | wc -c", {
      input: true,
    });
    const viewer = await openViewer(state());
    onTestFinished(() => viewer.close());
    expect(await viewer.requestWriting()).toBe("granted");
    const bytes = 1 << 20;
    const written = viewer.write(Buffer.alloc(bytes, "x"));
    const status = readFileSync(`/proc/${state().owner.pid}/status`, "utf8");
    expect((await ringside(["exec", id, "touch", "/go"])).code).toBe(0);
    await written;
    expect(Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1])).toBeLessThan(4096);
    await untilPrinted(id, String(bytes));
  });

  test("of a container that has ended are told so", async () => {
    ownRoot();
    const { id } = await detached("true", { name: "over" });
    await waitForContainer(id);
    const { code, stderr } = await ringside(["attach", "over"]);
    expect(code).toBe(125);
    expect(stderr).toMatch(/cannot attach to over: it has exited[\s\S]*fix: ringside logs over/);
  });

  test("hear of the end, and of all that was printed before it", async () => {
    ownRoot();
    const { id, state } = await detached("read x; seq 20000; exit 3", { input: true, remove: true });
    const viewer = await openViewer(state());
    const seen = watch(viewer);
    expect(await viewer.requestWriting()).toBe("granted");
    await viewer.write(Buffer.from("go\n"));
    await seen.ended;
    expect(seen.text()).toBe(Array.from({ length: 20_000 }, (_, index) => `${index + 1}\n`).join(""));
    expect(await viewer.exitCode()).toBe(3);
    viewer.close();
    await until(() => !existsSync(join(places().states, id)));
  });

  test("that send nonsense are let go, and harm nobody", async () => {
    ownRoot();
    const { id, state } = await detached("while :; do echo tick; sleep 0.05; done", { input: true });
    const seed = Number(process.env.RINGSIDE_SEED ?? Date.now() % 1_000_000);
    console.log(`seed ${seed} (RINGSIDE_SEED=${seed} repeats it)`);
    const directory = openSync(join(places().states, id), "r");
    onTestFinished(() => closeSync(directory));
    let random = seed;
    const next = (): number => {
      random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
      return random >>> 8;
    };
    for (let round = 0; round < 60; round++) {
      const socket = connect(`/proc/self/fd/${directory}/attach`);
      socket.on("error", () => undefined);
      await once(socket, "connect");
      socket.write(Buffer.from(Array.from({ length: next() % 200 }, () => next() % (round % 2 === 0 ? 256 : 6))));
      if (round % 3 > 0) socket.destroy();
      else onTestFinished(() => void socket.destroy());
    }
    const before = (await printed(id)).stdout.length;
    await until(async () => (await printed(id)).stdout.length > before + 20);
    expect(state().status).toBe("running");
    const viewer = await openViewer(state());
    viewer.close();
  });
});
