/** Amounts as tables show them; a dash where this machine does not count it. */

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** @returns such as `12.34%` */
export function percent(value: number | null): string {
  return value === null ? "-" : `${value.toFixed(2)}%`;
}

/** @returns such as `1.250GiB` */
export function bytesText(bytes: number | null): string {
  if (bytes === null) return "-";
  const power = Math.min(UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const amount = bytes / 1024 ** power;
  return `${power === 0 ? String(amount) : amount.toPrecision(4)}${UNITS[power] ?? ""}`;
}
