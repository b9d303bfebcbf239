/**
 * Flow control between the pty and the browser's parser. A WebSocket hides how far behind its reader is, so the client
 * says how many bytes of `data` frames its terminal has parsed, and the server reads the pty only as far ahead as this
 * allows (xtermjs.org/docs/guides/flowcontrol). Snapshots do not count.
 */

/** The client sends an `ack` whenever this many bytes have been parsed since the last one. */
export const ACK_EVERY_BYTES = 64 * 1024;

/** Above this many unacknowledged bytes the server stops sending to a viewer. */
export const HIGH_WATER_BYTES = 256 * 1024;

/** Below this many it goes on. At least ACK_EVERY_BYTES, or a client that waits for more never acknowledges the rest. */
export const LOW_WATER_BYTES = 64 * 1024;
