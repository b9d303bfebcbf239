/**
 * The security headers of every answer (@fastify/helmet). The policy lets the app load from its own origin only.
 */

import type { FastifyHelmetOptions } from "@fastify/helmet";

export const HELMET_OPTIONS: FastifyHelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      "default-src": ["'self'"],
      "script-src": ["'self'"],
      "script-src-attr": ["'none'"],
      // xterm.js writes style elements, code listings and charts style attributes; neither can run anything.
      "style-src": ["'self'", "'unsafe-inline'"],
      "img-src": ["'self'", "data:"],
      "connect-src": ["'self'"],
      "object-src": ["'none'"],
      "base-uri": ["'none'"],
      "form-action": ["'self'"],
      "frame-ancestors": ["'self'"],
    },
  },
  // Plain HTTP, on loopback or in a class: there is no HTTPS to promise.
  strictTransportSecurity: false,
  frameguard: { action: "sameorigin" },
  // Not no-referrer: that turns the Origin of some requests into "null".
  referrerPolicy: { policy: "same-origin" },
};
