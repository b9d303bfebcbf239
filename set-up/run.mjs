/**
 * Runs one program quietly and keeps the end of what it said, so that a failure can show it.
 */
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const KEPT_CHARACTERS = 20_000;
const SHOWN_LINES = 15;

/** Thrown where a program fails: the message ends with the last lines that it printed. */
export class CommandError extends Error {
  constructor(command, reason, output) {
    // Where in a tool's own code it gave up helps nobody here.
    const lines = output.split("\n").filter((line) => line.trim() !== "" && !/^\s+at /.test(line));
    const tail = lines.slice(-SHOWN_LINES).join("\n    ");
    super(`${command}: ${reason}${tail === "" ? "" : `\n    ${tail}`}`);
    this.output = output;
  }
}

/**
 * @param {string} command a program, by name or path
 * @param {string[]} args
 * @param {{ cwd?: string, env?: object, timeoutMs?: number }} options
 * @returns {Promise<string>} what it printed on stdout
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: options.timeoutMs,
    });
    let stdout = "";
    let all = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
      all = (all + text).slice(-KEPT_CHARACTERS);
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      all = (all + text).slice(-KEPT_CHARACTERS);
    });
    const shown = [command, ...args].join(" ");
    child.on("error", (error) => reject(new CommandError(shown, error.message, all)));
    child.on("close", (code, signal) => {
      if (code === 0) resolve(stdout);
      else reject(new CommandError(shown, signal === null ? `exit code ${code}` : `ended by ${signal}`, all));
    });
  });
}

/** @returns {string | undefined} the path of a program; /usr/sbin is looked at even where PATH leaves it out */
export function which(name) {
  const directories = [...(process.env.PATH ?? "").split(delimiter), "/usr/local/sbin", "/usr/sbin", "/sbin"];
  return directories
    .filter((directory) => directory.startsWith("/"))
    .map((directory) => join(directory, name))
    .find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
