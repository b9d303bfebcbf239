/**
 * The addresses of the server, once, for both sides. Identifiers go in encoded.
 */

const item = (...parts: string[]): string => parts.map((part) => `/${encodeURIComponent(part)}`).join("");

export const ROUTES = {
  doctor: "/api/doctor",
  lab: "/api/lab",
  machine: (id: string): string => `/api/lab${item(id)}`,
  plan: (id: string): string => `/api/lab${item(id)}/plan`,
  terminals: (id: string): string => `/api/lab${item(id)}/terminals`,
  tickets: "/api/tickets",
  terminal: "/api/terminal",
  race: "/api/race",
  benchmark: "/api/benchmark",
  benchmarkLimits: "/api/benchmark/limits",
  benchmarkLines: "/api/benchmark/lines",
  benchmarkHistory: "/api/benchmark/history",
  benchmarkFile: (id: string, file: string): string => `/api/benchmark/history${item(id, file)}`,
  benchmarkComparison: (before: string, after: string): string =>
    `/api/benchmark/compare?${new URLSearchParams({ before, after })}`,
  lessonLab: (slug: string): string => `/api/lessons${item(slug)}/lab`,
  lessonCheck: (slug: string): string => `/api/lessons${item(slug)}/check`,
  lessonReset: (slug: string): string => `/api/lessons${item(slug)}/reset`,
} as const;
