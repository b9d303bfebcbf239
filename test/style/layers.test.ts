/** Who may import whom: the rooms of the house and the doors between them, as ARCHITECTURE.md draws them. */
import { describe, expect, test } from "vitest";
import { findCycles } from "./cycles.ts";
import { type Import, isOurs, modules, parseModule } from "./tree.ts";

interface Door {
  /** A file, or a folder with a slash at its end. */
  readonly to: string;
  /** `type`: nothing of it may be left when the module runs. `late`: by import() only. */
  readonly only?: "type" | "late";
}

/** The native part as the runtime sees it: the door to the kernel, the bytes over its poll, its words, the plan's format. */
const NATIVE: readonly Door[] = [
  { to: "native/kernel.ts" },
  { to: "native/stream.ts" },
  { to: "native/error-code.ts" },
  { to: "native/fnv1a.ts" },
  { to: "native/step-error.ts" },
  { to: "native/wait-status.ts" },
  { to: "native/plan/" },
];
const SHARED: readonly Door[] = [{ to: "simulator/trace/" }, { to: "simulator/costs/" }];
const LESSON_SCHEMA: Door = { to: "lessons/schema.ts" };
const COMMAND_LINE = "runtime/cli/";
const SERVER = "web/server/";

/** The first row that a path begins with holds; every room may import itself. */
const DOORS: readonly (readonly [room: string, doors: readonly Door[]])[] = [
  ["simulator/", []],
  ["native/", []],
  ["lessons/", []],
  ["runtime/cli/serve.ts", [{ to: "runtime/" }, ...NATIVE, { to: SERVER, only: "late" }, { to: "web/protocol/" }]],
  [COMMAND_LINE, [{ to: "runtime/" }, { to: "simulator/" }, ...NATIVE, { to: "lessons/" }]],
  ["runtime/lesson/", [{ to: "runtime/" }, ...NATIVE, ...SHARED, { to: "lessons/" }]],
  // The names of packages are one table, which the set-up reads before there is any TypeScript.
  ["runtime/doctor/", [{ to: "runtime/" }, ...NATIVE, ...SHARED, { to: "set-up/packages.json" }]],
  // What is measured there is the simulator itself.
  ["runtime/bench/simulator/", [{ to: "runtime/" }, { to: "simulator/" }]],
  ["runtime/", [...NATIVE, ...SHARED]],
  [
    "web/protocol/",
    [
      { to: "simulator/trace/", only: "type" },
      { to: "lessons/schema.ts", only: "type" },
    ],
  ],
  // Runs on Node while the pages are built: it reads the lessons' files.
  ["web/client/build/", [{ to: "web/client/" }, { to: "lessons/" }]],
  ["web/client/", [{ to: "simulator/" }, { to: "web/protocol/" }, LESSON_SCHEMA]],
  [SERVER, [{ to: "web/protocol/" }, { to: "runtime/" }, { to: "simulator/" }, ...NATIVE, { to: "lessons/" }]],
  ["test/", [{ to: "" }]],
  // The number that every start would otherwise reckon anew.
  ["vite.cli.config.ts", [{ to: "native/plan/format-version.ts" }]],
  // vitest.config.ts takes its reporter and the order of the files from there.
  ["", [{ to: "test/support/closing-line.ts" }, { to: "test/support/longest-first.ts" }]],
];

/** What nobody imports: they compose the rest. */
const TOPS: readonly (readonly [top: string, except: (one: Import) => boolean])[] = [
  [COMMAND_LINE, (one) => one.from.startsWith(COMMAND_LINE)],
  [SERVER, (one) => one.from.startsWith(SERVER) || (one.from === "runtime/cli/serve.ts" && one.isLate)],
  ["test/", (one) => one.from === "vitest.config.ts"],
];

function problemOf(one: Import): string | undefined {
  const arrow = `${one.from} -> ${one.to}`;
  if (one.from.startsWith("test/")) return undefined;
  for (const [top, except] of TOPS) {
    if (one.to.startsWith(top) && !except(one)) return `${arrow}: nobody imports ${top}`;
  }
  const [room, doors] = DOORS.find(([prefix]) => one.from.startsWith(prefix)) ?? ["", []];
  if (room !== "" && one.to.startsWith(room)) return undefined;
  const fitting = doors.filter(({ to }) => (to.endsWith("/") ? one.to.startsWith(to) : one.to === to));
  const open = fitting.some(
    ({ only }) => only === undefined || (only === "type" && one.isType) || (only === "late" && one.isLate),
  );
  if (open) return undefined;
  if (fitting.length > 0) return `${arrow}: only ${fitting.map(({ only }) => only).join(" or ")} imports`;
  return `${arrow}: ${room || "the root"} has no door to it`;
}

const every = modules();
const ours = every.flatMap(({ imports }) => imports).filter(({ to }) => isOurs(to));

describe("the rooms", () => {
  test("import only through the doors that they have", () => {
    expect(ours.length).toBeGreaterThan(500);
    expect(ours.map(problemOf).filter((problem) => problem !== undefined)).toEqual([]);
  });

  test("have no cycles among their modules", () => {
    const graph = new Map(
      every.map(({ path, imports }) => [path, imports.filter((one) => !one.isLate).map(({ to }) => to)]),
    );
    expect(findCycles(graph).map((cycle) => cycle.join(" -> "))).toEqual([]);
  });

  test.each([
    ["simulator/engine/clock.ts", `import "../../runtime/error.ts"`],
    ["runtime/plan/root.ts", `import { x } from "../cli/main.ts"`],
    ["runtime/plan/root.ts", `import { x } from "../../simulator/linux/kernel.ts"`],
    ["runtime/cli/run.ts", `import { x } from "../../web/server/server.ts"`],
    ["runtime/cli/serve.ts", `import { x } from "../../web/server/server.ts"`],
    ["runtime/cli/run.ts", `const x = await import("../../web/server/server.ts")`],
    ["runtime/plan/root.ts", `import { x } from "../../native/reply.ts"`],
    ["web/protocol/race.ts", `import { x } from "../../simulator/trace/timeline.ts"`],
    ["web/client/app/main.ts", `export type { X } from "../../../runtime/error.ts"`],
    ["web/client/app/main.ts", `import { x } from "../../../native/kernel.ts"`],
    ["lessons/schema.ts", `import { x } from "../test/support/needs.ts"`],
  ])("would notice in %s: %s", (path, text) => {
    expect(parseModule(path, text).imports.map(problemOf)).toEqual([expect.stringContaining(path)]);
  });

  test.each([
    ["runtime/cli/serve.ts", `const x = await import("../../web/server/server.ts")`],
    ["web/protocol/race.ts", `import type { X } from "../../simulator/trace/timeline.ts"`],
    ["web/protocol/race.ts", `// import { x } from "../../runtime/error.ts"\nconst text = 'import "../server/x.ts"';`],
    ["runtime/plan/root.ts", `import { OPERATIONS } from "../../native/plan/operations.ts"`],
  ])("would let pass in %s: %s", (path, text) => {
    expect(parseModule(path, text).imports.map(problemOf)).toEqual(text.startsWith("//") ? [] : [undefined]);
  });
});
