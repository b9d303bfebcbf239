/**
 * Why the server closes a terminal's WebSocket (RFC 6455 §7.4; 4000 to 4999 are for applications). `reconnect` says
 * whether asking for a new ticket and connecting again can help.
 */

export const CLOSE_CODES = {
  /** The program has ended; its exit frame came before. */
  ended: { code: 4000, reconnect: false, reason: "the program has ended" },
  /** No valid `hello` came in time. */
  refused: { code: 4001, reconnect: true, reason: "the ticket is not valid" },
  /** Something came that is no frame. */
  malformed: { code: 4002, reconnect: false, reason: "the message is no frame of this protocol" },
  /** The machine was removed, or its terminal closed. */
  removed: { code: 4003, reconnect: false, reason: "the terminal is gone" },
  /** No answer to the heartbeat. */
  silent: { code: 4004, reconnect: true, reason: "no answer to the heartbeat" },
  /** Too many viewers, or connections that have not said hello. */
  crowded: { code: 4005, reconnect: true, reason: "too many connections" },
  /** The server stops. */
  stopping: { code: 4006, reconnect: true, reason: "the server stops" },
  /** More was typed or pasted than may wait for a program that does not read. */
  unread: { code: 4007, reconnect: true, reason: "the program does not read its input, and no more can wait for it" },
} as const;

export type CloseReason = keyof typeof CLOSE_CODES;

/**
 * Whether a client should try again after a close with this code. Codes that are not ours (1006: the connection broke)
 * are worth another try.
 */
export function mayReconnect(code: number): boolean {
  return Object.values(CLOSE_CODES).find((row) => row.code === code)?.reconnect ?? true;
}
