/**
 * What a fix is: a command to be copied, or a sentence that may name some. Servers and doctors say both.
 */

export type FixPart = { readonly kind: "text" | "command"; readonly text: string };

/** The programs that a fix may ask for, as the first word of a line. */
const PROGRAMS: ReadonlySet<string> = new Set([
  "apt-get",
  "apt",
  "chmod",
  "chown",
  "dnf",
  "echo",
  "export",
  "groupadd",
  "mkdir",
  "modprobe",
  "mount",
  "node",
  "npm",
  "npx",
  "ringside",
  "./ringside",
  "setfacl",
  "su",
  "sudo",
  "sysctl",
  "systemctl",
  "tee",
  "usermod",
  "xcode-select",
]);

/**
 * The parts of a fix, in order. What stands between backticks is a command; a line that begins with a program is one as a
 * whole.
 */
export function fixParts(fix: string): FixPart[] {
  const first = fix.trim().split(/\s/, 1)[0] ?? "";
  if (!fix.includes("`") && PROGRAMS.has(first)) return [{ kind: "command", text: fix.trim() }];
  return fix
    .split("`")
    .map((text, at): FixPart => ({ kind: at % 2 === 1 ? "command" : "text", text }))
    .filter(({ text }) => text !== "");
}
