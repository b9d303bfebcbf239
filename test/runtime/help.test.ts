/** What every command's help has, and how a usage error reads. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { expect, test } from "vitest";
import { completeHelp, configureHelp } from "../../runtime/cli/help.ts";
import { ROOT, ringside } from "../support/ringside.ts";

const DIRECTORY = join(ROOT, "runtime/cli");

async function wholeProgram(): Promise<Command> {
  const program = configureHelp(new Command("ringside").enablePositionalOptions());
  const files = readdirSync(DIRECTORY).filter(
    (file) => file.endsWith(".ts") && /^export function register/m.test(readFileSync(join(DIRECTORY, file), "utf8")),
  );
  for (const file of files) {
    const module: unknown = await import(join(DIRECTORY, file));
    for (const [name, register] of Object.entries(module ?? {})) {
      if (name.startsWith("register") && typeof register === "function") register(program);
    }
  }
  completeHelp(program);
  return program;
}

/** Those that do something themselves, not by a command below them. */
function leaves(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}

function helpOf(command: Command): string {
  let text = "";
  const writeOut = (part: string): void => {
    text += part;
  };
  command.configureOutput({ writeOut }).outputHelp();
  return text;
}

test("every command has examples in its help, and no default that says nothing", async () => {
  const helps = leaves(await wholeProgram())
    // The command line of an OCI runtime has a help of its own.
    .filter((command) => command.name() !== "oci")
    .map((command) => ({ name: command.name(), help: helpOf(command) }));
  expect(helps.length).toBeGreaterThan(25);
  expect(helps.filter(({ help }) => !/^Examples:\n {2}ringside /m.test(help)).map(({ name }) => name)).toEqual([]);
  expect(helps.filter(({ help }) => /default: (\[\]|")/.test(help)).map(({ name }) => name)).toEqual([]);
});

test.each([
  [["run", "--frobnicate"], "unknown option '--frobnicate'", "ringside run --help"],
  [["exec", "clock"], "missing required argument 'command'", "ringside exec --help"],
  [["bench", "startup", "--runs", "x"], "argument 'x' is invalid", "ringside bench startup --help"],
  [["frobnicate"], "unknown command 'frobnicate'", "ringside --help"],
])("%j fails as Docker's own failures do, and says what to type", async (args, why, fix) => {
  const { stdout, stderr, code } = await ringside(args);
  expect({ stdout, code }).toEqual({ stdout: "", code: 125 });
  const [first = "", second = ""] = stderr.split("\n");
  expect(first).toMatch(/^ringside: /);
  expect(first).toContain(why);
  expect(second).toContain(`fix: ${fix}`);
});
