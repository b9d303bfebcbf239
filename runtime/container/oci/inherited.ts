/** What a process gets though its configuration does not say so, as crun and runc do it: a home, and sockets to listen on. */
import type { OciProcess } from "../../oci/config.ts";
import { readerBelow, resolveUser } from "../user.ts";

/**
 * The process with HOME in its environment: its user's in the container's passwd(5), else `/`.
 * @param root a directory that shows the container's files
 */
export function withHome<Process extends OciProcess>(process: Process, root: string): Process {
  const { env = [], user } = process;
  if (env.some((entry) => entry.startsWith("HOME="))) return process;
  const { home } = resolveUser(String(user.uid), readerBelow([root]));
  return { ...process, env: [...env, `HOME=${home}`] };
}

/** How many sockets we were handed to pass on (sd_listen_fds(3)); those meant for another process are none of ours. */
export function listenDescriptors({ LISTEN_FDS, LISTEN_PID }: NodeJS.ProcessEnv, pid = process.pid): number {
  const count = /^\d{1,2}$/.test(LISTEN_FDS ?? "") ? Number(LISTEN_FDS) : 0;
  return LISTEN_PID === String(pid) ? count : 0;
}
