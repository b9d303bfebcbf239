/** Texts that are made of data: fixes, sentences, requests, what is known about a span. */

import { describe, expect, it } from "vitest";
import { fixParts } from "../../web/client/app/fix-words.ts";
import { sentence } from "../../web/client/app/sentence.ts";
import { machineRequest, splitCommand } from "../../web/client/lab/machine-request.ts";
import { argumentWords } from "../../web/client/timeline/arguments.ts";

const SIZE = { columns: 80, rows: 24 };
const EMPTY = { kind: "container" as const, image: "", command: "", memoryMib: "", cpus: "", pids: "" };

describe("what to do about a failure", () => {
  it("knows a command from a sentence", () => {
    expect(fixParts("apt-get install qemu-system-x86")).toEqual([
      { kind: "command", text: "apt-get install qemu-system-x86" },
    ]);
    expect(fixParts("remove one first")).toEqual([{ kind: "text", text: "remove one first" }]);
    expect(fixParts("run `ringside doctor` for more")).toEqual([
      { kind: "text", text: "run " },
      { kind: "command", text: "ringside doctor" },
      { kind: "text", text: " for more" },
    ]);
  });

  it("makes sentences of messages", () => {
    expect(sentence("the server stops")).toBe("The server stops.");
    expect(sentence("Really?")).toBe("Really?");
  });
});

describe("the request for a machine", () => {
  it("asks for the default image and leaves every limit to the server", () => {
    expect(machineRequest(EMPTY, SIZE)).toEqual({ kind: "container", image: "ringside/base", size: SIZE });
  });

  it("takes over what was filled in, in the server's units", () => {
    expect(
      machineRequest({ ...EMPTY, memoryMib: "64", cpus: "0.5", pids: "32", command: "sh -c 'echo hi'" }, SIZE),
    ).toEqual({
      kind: "container",
      image: "ringside/base",
      size: SIZE,
      command: ["sh", "-c", "echo hi"],
      memoryBytes: 67_108_864,
      cpus: 0.5,
      pidsLimit: 32,
    });
  });

  it("does not ask a virtual machine for what only a control group can hold", () => {
    expect(machineRequest({ ...EMPTY, kind: "vm", cpus: "1", pids: "5" }, SIZE)).toEqual({
      kind: "vm",
      image: "ringside/base",
      size: SIZE,
    });
  });

  it("ignores what is no number", () => {
    expect(machineRequest({ ...EMPTY, memoryMib: "lots", cpus: "-1", pids: "0" }, SIZE)).toEqual(
      machineRequest(EMPTY, SIZE),
    );
  });

  it.each([
    ["sh -c 'echo a  b'", ["sh", "-c", "echo a  b"]],
    ['echo "" x', ["echo", "", "x"]],
    ["  ls   -l ", ["ls", "-l"]],
    ["a'b'\"c\"", ["abc"]],
    ["", []],
  ])("splits %s into words", (line, words) => {
    expect(splitCommand(line)).toEqual(words);
  });
});

describe("what is known about a span", () => {
  it("gives the reason first, and the rest in words", () => {
    expect(argumentWords({ count: 37, manual: "mount(2)", why: "A root of its own." })).toBe(
      "A root of its own.  ·  × 37  ·  mount(2)",
    );
    expect(argumentWords({ evidence: "recalled", source: "a manual" })).toBe("recalled, not verified  ·  a manual");
    expect(argumentWords(undefined)).toBe("");
  });
});
