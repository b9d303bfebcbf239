/** A byte stream over a pipe: who writes is told when it has been taken, so that nothing piles up. */
import { describe, expect, test } from "vitest";
import { openStream } from "../../native/stream.ts";
import { openPipeIn } from "../../runtime/vm/console.ts";
import { readAll } from "../support/inside.ts";
import { needsLinux, needsNative, unless } from "../support/needs.ts";

/** Far more than a pipe holds (pipe(7), "Pipe capacity"). */
const MUCH = Buffer.alloc(1 << 20, "much ");

/** Whether it is settled by now, which a turn of the event loop shows. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  let settled = false;
  void promise.then(() => {
    settled = true;
  });
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

describe("writing to a stream", unless([needsLinux, needsNative]), () => {
  test("is done when all of it has been taken, and not before", async () => {
    const { readFd, writeFd } = openPipeIn();
    const stream = openStream(writeFd);
    const first = stream.write(MUCH);
    const last = stream.write(Buffer.from("end"));
    expect(await isSettled(first)).toBe(false);
    const text = readAll(readFd);
    await last;
    expect(await isSettled(first)).toBe(true);
    stream.close();
    expect(await text).toBe(`${MUCH}end`);
  });

  test("is done at once where there is room", async () => {
    const { readFd, writeFd } = openPipeIn();
    const stream = openStream(writeFd);
    expect(await isSettled(stream.write(Buffer.from("little")))).toBe(true);
    stream.close();
    expect(await readAll(readFd)).toBe("little");
  });

  test("is over when the stream is closed, or when nobody will ever read", async () => {
    const closed = openPipeIn();
    const ours = openStream(closed.writeFd);
    const written = ours.write(MUCH);
    ours.close();
    await written;
    openStream(closed.readFd).close();

    const { readFd, writeFd } = openPipeIn();
    const stream = openStream(writeFd);
    const lost = stream.write(MUCH);
    openStream(readFd).close();
    await lost;
    stream.close();
  });
});
