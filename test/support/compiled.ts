/**
 * What has been compiled before. Programs in C that tests start: where there is a compiler they are compiled anew; the
 * guest of test/v2 has none, and finds them as its host has compiled them, and so it does with JavaScript.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { findProgram, type Need } from "./needs.ts";
import { ROOT } from "./ringside.ts";

/** No library, so that they run in any root. */
const FLAGS = ["-O2", "-static", "-Wall", "-Werror"];

/** Of the checkout; the guest is given all of them. */
export const C_SOURCES = [
  "test/process/supervisor.c",
  "test/security/attack.c",
  "test/security/exchange.c",
  "test/seccomp/calls.c",
] as const;

/** Programs by the names of their sources without the ending. */
const given = process.env.RINGSIDE_COMPILED;

/** A compiler, or what it would have made. */
export const needsCompiler: Need = () =>
  given !== undefined && existsSync(given)
    ? undefined
    : findProgram("gcc") === undefined
      ? "not installed: gcc"
      : undefined;

/**
 * Compiles a program.
 *
 * @param source one of C_SOURCES
 * @param program where it goes
 * @throws Error with the compiler's words
 */
export function compile(source: (typeof C_SOURCES)[number], program: string): void {
  const made = given === undefined ? undefined : join(given, compiledName(source));
  if (made !== undefined && existsSync(made)) copyFileSync(made, program);
  else execFileSync("gcc", [...FLAGS, join(ROOT, source), "-o", program]);
}

/** @returns under which name the guest is given a program */
export function compiledName(source: string): string {
  return source.replaceAll("/", "-").replace(/\.c$/, "");
}

/**
 * What has been compiled of JavaScript, where this process was told of a cache: for commands that are given an environment
 * of their own.
 *
 * @param place where the checkout's files lie for the command
 */
export function compileCacheVariables(place: (path: string) => string = (path) => path): Record<string, string> {
  const { NODE_COMPILE_CACHE: cache, NODE_COMPILE_CACHE_PORTABLE: portable } = process.env;
  if (cache === undefined || portable === undefined) return {};
  return { NODE_COMPILE_CACHE: place(cache), NODE_COMPILE_CACHE_PORTABLE: portable };
}
