/** Addresses as people write them: `host:port`, `10.0.0.1:4100`, `[2001:db8::1]:4100`. */

export interface HostAndPort {
  /** A name, or an IP address without brackets. */
  readonly host: string;
  readonly port: number;
}

/** @returns undefined when it is none. Surrounding spaces are not taken away. */
export function parseAddress(address: string): HostAndPort | undefined {
  const found = /^(?:\[([0-9a-fA-F:.%]+[^\]\s]*)\]|([^:\s[\]]+)):(\d{1,5})$/.exec(address);
  if (!found) return undefined;
  const port = Number(found[3]);
  return port >= 1 && port <= 65_535 ? { host: found[1] ?? found[2], port } : undefined;
}
