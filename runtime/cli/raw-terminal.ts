/**
 * The caller's terminal as a program inside wants it: every byte as it is, in both directions. Node's raw mode leaves
 * line feeds to be turned into carriage return and line feed, which a full-screen program that has put that off does not
 * expect; stty(1) puts it off here, too. termios(3), OPOST.
 */
import { spawnSync } from "node:child_process";

/** Makes standard input raw, which is a terminal. @returns puts it back */
export function makeRaw(): () => void {
  process.stdin.setRawMode(true);
  // Where there is no stty the picture may be less than perfect, and no more.
  spawnSync("stty", ["-opost"], { stdio: ["inherit", "ignore", "ignore"] });
  return () => {
    // One that has gone cannot be put back, and needs not.
    process.stdin.on("error", () => {});
    process.stdin.setRawMode(false);
  };
}
