/** Flags of open(2) that Node does not name. These two are the same on every architecture; O_DIRECTORY is not. */
import { constants } from "node:fs";

export const O_PATH = 0o10000000;
export const O_CLOEXEC = 0o2000000;

/** A handle on a directory that reads nothing of it. */
export const O_PATH_DIRECTORY = O_PATH | constants.O_DIRECTORY;
