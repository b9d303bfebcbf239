/**
 * Whether an ordinary user may make a user namespace: user_namespaces(7). Distributions close this in different ways,
 * so it is tried as user nobody; the settings only explain a refusal.
 */
import { readFileSync } from "node:fs";
import { containerUsers } from "../container/users.ts";
import { type Check, gap, ok, type Question } from "./check.ts";

const NAME = "user namespaces for ordinary users";
const CLONE_NEWUSER = 0x1000_0000;
const NOBODY = 65534;

/** Settings that close it, with the value that opens it. */
const SETTINGS = [
  {
    path: "/proc/sys/kernel/unprivileged_userns_clone",
    closed: "0",
    fix: "sysctl -w kernel.unprivileged_userns_clone=1",
  },
  {
    path: "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
    closed: "1",
    fix: "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
  },
  { path: "/proc/sys/user/max_user_namespaces", closed: "0", fix: "sysctl -w user.max_user_namespaces=10000" },
];

export const askUserNamespaces: Question = async (lab) => {
  const becomeNobody = { op: "setUser", uid: NOBODY, gid: NOBODY, groups: [] } as const;
  const attempt = await lab.attempt([], 0, [
    ...(lab.isRoot ? [becomeNobody] : []),
    { op: "unshare", flags: CLONE_NEWUSER },
  ]);
  const closing = SETTINGS.find(({ path, closed }) => read(path) === closed);
  if (attempt.kind === "worked")
    return lab.isRoot ? [ok(NAME, "made one as user nobody")] : [ok(NAME, "made one as this user"), furtherUsers()];
  if (closing !== undefined) return [gap(NAME, "missing", `${closing.path} is ${closing.closed}`, closing.fix)];
  if (attempt.kind === "failed") return [gap(NAME, "missing", `refused (${attempt.operation}: ${attempt.code})`, null)];
  return [gap(NAME, "limited", `no setting forbids them; not tried: ${attempt.reason}`, null)];
};

/** Whether containers of this user can have more users than root. */
function furtherUsers(): Check {
  const name = "users of your containers";
  const [note] = containerUsers().notes;
  if (note === undefined) return ok(name, "yourself as root, and those of /etc/subuid and /etc/subgid");
  const [, why = note, fix = null] = /^(.*) \((.*)\)$/.exec(note) ?? [];
  return gap(name, "limited", why, fix);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}
