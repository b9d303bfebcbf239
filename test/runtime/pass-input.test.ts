/** What is typed or piped in reaches the program no faster than it reads: a large file does not come to lie in memory. */
import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { passInput } from "../../runtime/cli/pass-input.ts";

const CHUNK_BYTES = 1024;

test("input is read on when what was read before has been taken", async () => {
  let read = 0;
  const source = new Readable({
    highWaterMark: CHUNK_BYTES,
    read() {
      read++;
      this.push(read > 100 ? null : Buffer.alloc(CHUNK_BYTES, read));
    },
  });
  let taken = 0;
  let most = 0;
  passInput(source, async () => {
    await new Promise((resolve) => setImmediate(resolve));
    taken++;
    most = Math.max(most, read - taken);
  });
  await new Promise((resolve) => source.once("end", resolve));
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  expect(taken).toBe(100);
  expect(most).toBeLessThan(5);
});

test("input that is no longer wanted is left alone", async () => {
  const source = Readable.from([Buffer.from("one"), Buffer.from("two")]);
  const seen: string[] = [];
  const stop = passInput(source, async (chunk) => {
    seen.push(Buffer.from(chunk).toString());
    stop();
  });
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  expect(seen).toEqual(["one"]);
});
