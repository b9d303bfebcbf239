/** Hostile and random configurations: understood, or refused in words; never anything else. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RingsideError } from "../../runtime/error.ts";
import { parseConfig, parseProcess, parseResources } from "../../runtime/oci/parse.ts";
import { arbitraryConfig, arbitraryProcess, arbitraryResources } from "../support/arbitrary-config.ts";
import { stringifyExact } from "../support/exact-json.ts";
import { problemOf } from "./configurations.ts";

describe("hostile input", () => {
  const refused = (text: string) => {
    expect(() => parseConfig(text)).toThrow(RingsideError);
    return expect(() => parseConfig(text));
  };

  test.each(["", "{", "nonsense", "null", "7", '"text"', "[]", "\u0000"])("%j is no configuration", (text) => {
    refused(text).toThrow(/^config\.json: /);
  });

  test("deep nesting ends with a word, not with the stack", () => {
    const deep = (levels: number) =>
      `{"ociVersion":"1.0.0","root":{"path":"r"},"x":${"[".repeat(levels)}${"]".repeat(levels)}}`;
    refused(deep(200)).toThrow("nested more than 128 levels deep");
    refused(deep(1_000_000)).toThrow("nested more than 128 levels deep");
    refused(`${'{"a":'.repeat(100_000)}12345678901234567890${"}".repeat(100_000)}`).toThrow("nested more than 128");
    expect(() => parseConfig(deep(100))).not.toThrow();
  });

  test("__proto__ and constructor are keys like any other", () => {
    const text = `{"ociVersion":"1.0.0","root":{"path":"r","__proto__":{"readonly":true}},"__proto__":{"hostname":"x"},
      "annotations":{"__proto__":"a","constructor":"b"}}`;
    const { config } = parseConfig(text);
    expect(config.hostname).toBeUndefined();
    expect(config.root.readonly).toBeUndefined();
    expect(Object.entries(config.annotations ?? {})).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
    ]);
    expect(Object.getPrototypeOf(config.annotations)).toBe(Object.prototype);
    expect(Reflect.get({}, "hostname")).toBeUndefined();
  });

  test("of two equal keys the last one counts, as for every other runtime", () => {
    expect(parseConfig(`{"ociVersion":"9","root":{"path":"a"},"ociVersion":"1.0.0"}`).config.ociVersion).toBe("1.0.0");
  });

  test("lists and files are bounded", () => {
    const many = `[${"1,".repeat(100_000)}1]`;
    refused(`{"ociVersion":"1.0.0","root":{"path":"r"},"mounts":${many}}`).toThrow("at most 100000 entries");
    refused(`"${"x".repeat(10 * 1024 * 1024)}"`).toThrow("larger than 10 MiB");
  });

  test("long values are cut short in errors", () => {
    expect(problemOf({ ociVersion: "x".repeat(5000) }).message.length).toBeLessThan(200);
    expect(problemOf({ annotations: { ["k".repeat(5000)]: 1 } }).message.length).toBeLessThan(200);
  });
});

describe("random configurations", () => {
  test("come back as they went in", () => {
    fc.assert(
      fc.property(arbitraryConfig, (config) => {
        const { config: parsed, warnings } = parseConfig(stringifyExact(config));
        expect(parsed).toEqual(config);
        expect(warnings).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  test("of a process and of limits alone, as exec and update take them, come back too", () => {
    fc.assert(
      fc.property(arbitraryProcess, arbitraryResources, (process, resources) => {
        expect(parseProcess(stringifyExact(process)).value).toEqual(process);
        expect(parseResources(stringifyExact(resources)).value).toEqual(resources);
      }),
      { numRuns: 200 },
    );
  });

  const junk = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom<unknown>(
      null,
      -1,
      0.5,
      2 ** 60,
      "",
      "\0",
      "../..",
      [],
      {},
      true,
      "SCMP_ACT_ALLOW",
      "x".repeat(300),
    ),
  );

  test("with anything in any place are understood, or refused with the path of a field", () => {
    const mutated = fc.tuple(arbitraryConfig, fc.array(fc.tuple(fc.nat(), junk), { minLength: 1, maxLength: 3 }));
    fc.assert(
      fc.property(mutated, ([config, changes]) => {
        const value: unknown = JSON.parse(stringifyExact(config));
        for (const [where, what] of changes) replaceAt(value, where, what);
        try {
          parseConfig(JSON.stringify(value));
        } catch (error) {
          expect(error).toBeInstanceOf(RingsideError);
          expect(String(error)).toMatch(/^RingsideError: config\.json: ([A-Za-z_][\w.[\]"]*|.*\[.*): ./s);
        }
      }),
      { numRuns: 800 },
    );
  });
});

/** Puts a value into one of all the places of another, counted through. */
function replaceAt(root: unknown, where: number, what: unknown): void {
  const places: [object, string][] = [];
  const collect = (value: unknown) => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, entry] of Object.entries(value)) {
      places.push([value, key]);
      collect(entry);
    }
  };
  collect(root);
  const place = places[where % places.length];
  if (place !== undefined) Reflect.set(place[0], place[1], what);
}
