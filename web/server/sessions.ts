/**
 * Who may use the server: whoever opened the address that it printed. The address carries a one-time token; the first
 * browser that presents it gets a session, and the token is worth nothing afterwards.
 */

import { LIMITS } from "./limits.ts";
import { newSecret, sameSecret, secretKey } from "./secrets.ts";

export class Sessions {
  #token: string | undefined;
  readonly #keys = new Set<string>();

  /** @param token the first one-time token; made here where it is not given */
  constructor(token: string = newSecret()) {
    this.#token = token;
  }

  /** The token that would open a session now, if it has not been used. */
  get token(): string | undefined {
    return this.#token;
  }

  /** Makes a new one-time token; an unused earlier one becomes worthless. */
  renewToken(): string {
    this.#token = newSecret();
    return this.#token;
  }

  /**
   * Exchanges the token for a new session's secret, or refuses. Beyond LIMITS.sessions the oldest session ends.
   */
  exchange(token: string): string | undefined {
    if (this.#token === undefined || !sameSecret(token, this.#token)) return undefined;
    this.#token = undefined;
    const secret = newSecret();
    this.#keys.add(secretKey(secret));
    const [oldest] = this.#keys;
    if (this.#keys.size > LIMITS.sessions && oldest !== undefined) this.#keys.delete(oldest);
    return secret;
  }

  /** The session's identity, which is not its secret, or undefined where the secret opens none. */
  find(secret: string | undefined): string | undefined {
    if (secret === undefined) return undefined;
    const key = secretKey(secret);
    return this.#keys.has(key) ? key : undefined;
  }
}
