import type { NetworkInterfaceInfo } from "node:os";
import os from "node:os";

/** Containers, virtual machines and tunnels: a tablet in the room does not get there. */
const VIRTUAL = /^(docker|br-|veth|virbr|virtualbox|vboxnet|vmware|vmnet|tun|tap|utun|wg|zt|lo\d*$)/i;
/** RFC 1918: what the router of a room gives. */
const PRIVATE = /^(10|192\.168|172\.(1[6-9]|2\d|3[01]))\./;
/** RFC 3927: what a device gives itself where no router answers. */
const LINK_LOCAL = /^169\.254\./;

/**
 * The addresses under which other devices may reach this laptop, the likeliest first, without a slash at the end:
 * `publicUrl` alone where it is set, the one that `host` names, else those of the laptop's networks; where it has
 * none, localhost. Always at least one.
 */
export function reachableAddresses(
  settings: { publicUrl?: string; host: string; port: number },
  interfaces: NodeJS.Dict<NetworkInterfaceInfo[]> = os.networkInterfaces(),
): [string, ...string[]] {
  if (settings.publicUrl) return [settings.publicUrl];
  const at = (host: string) => `http://${host.includes(":") ? `[${host}]` : host}:${settings.port}`;
  if (!["0.0.0.0", "::", ""].includes(settings.host)) return [at(settings.host)];
  const [first = "localhost", ...others] = Object.entries(interfaces)
    .flatMap(([name, addresses = []]) => addresses.map((each) => ({ ...each, name })))
    .filter((each) => !each.internal && each.family === "IPv4")
    .map(({ name, address }) => ({ address, farness: farnessOf(name, address) }))
    .sort((a, b) => a.farness - b.farness)
    .map(({ address }) => address);
  return [at(first), ...others.map(at)];
}

function farnessOf(name: string, address: string): number {
  const range = PRIVATE.test(address) ? 0 : LINK_LOCAL.test(address) ? 2 : 1;
  return VIRTUAL.test(name) ? 3 + range : range;
}
