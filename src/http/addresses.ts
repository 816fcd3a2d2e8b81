import type { NetworkInterfaceInfo } from "node:os";
import os from "node:os";

/**
 * The address under which other devices reach this laptop: `publicUrl` where it is set, else the first
 * address on a network, else localhost. No slash at the end.
 */
export function reachableAddress(
  settings: { publicUrl?: string; host: string; port: number },
  interfaces: NodeJS.Dict<NetworkInterfaceInfo[]> = os.networkInterfaces(),
): string {
  if (settings.publicUrl) return settings.publicUrl;
  const everywhere = ["0.0.0.0", "::", ""].includes(settings.host);
  const onNetwork = Object.values(interfaces)
    .flatMap((each) => each ?? [])
    .find((each) => !each.internal && each.family === "IPv4")?.address;
  const host = everywhere ? (onNetwork ?? "localhost") : settings.host;
  return `http://${host.includes(":") ? `[${host}]` : host}:${settings.port}`;
}
