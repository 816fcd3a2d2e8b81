import type { NetworkInterfaceInfo } from "node:os";
import os from "node:os";
import type { Authority } from "./certificates";

/** The name that the laptop asks its network for. Where another Boothlight has it, it gets one with a number. */
export const WANTED_NAME = "boothlight.local";

/** How this laptop is reached, as it stands at the moment: doors open and names are taken while it runs. */
export interface Network {
  /** Port of HTTP. */
  port: number;
  /** The name that the laptop has on its network, such as boothlight.local; undefined while it has none. */
  localName?: string;
  /** Undefined where there is no HTTPS. */
  https?: {
    port: number;
    /** Host names and IP addresses that the certificate is for. */
    names: string[];
    /** Whom devices have to trust; undefined where the certificate is the organizer's own. */
    authority?: Authority;
  };
}

/** Containers, virtual machines and tunnels: a tablet in the room does not get there. */
const VIRTUAL = /^(docker|br-|veth|virbr|virtualbox|vboxnet|vmware|vmnet|tun|tap|utun|wg|zt|lo\d*$)/i;
/** RFC 1918: what the router of a room gives. */
const PRIVATE = /^(10|192\.168|172\.(1[6-9]|2\d|3[01]))\./;
/** RFC 3927: what a device gives itself where no router answers. */
const LINK_LOCAL = /^169\.254\./;
/** RFC 4291: good on one link alone, and no address in a browser can say on which. */
const LINK_LOCAL_6 = /^fe[89ab]/i;
const LOOPBACK = /^(localhost|127\.|::1$)/i;

type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;

/**
 * The addresses under which other devices may reach this laptop, the likeliest first, without a slash at the end:
 * `publicUrl` alone where it is set, the one that `host` names, else those of the laptop's networks and its name
 * there; where it has none, localhost. Always at least one.
 */
export function reachableAddresses(
  settings: {
    publicUrl?: string;
    host: string;
    port: number;
    localName?: string;
    scheme?: "http" | "https";
  },
  interfaces: Interfaces = os.networkInterfaces(),
): [string, ...string[]] {
  if (settings.publicUrl) return [settings.publicUrl];
  const at = (host: string) => addressAt(settings.scheme ?? "http", host, settings.port);
  const name = settings.localName && !isLoopback(settings.host) ? [settings.localName] : [];
  if (!isEverywhere(settings.host)) return [at(settings.host), ...name.map(at)];
  const near = Object.entries(interfaces)
    .flatMap(([name, addresses = []]) => addresses.map((each) => ({ ...each, name })))
    .filter((each) => !each.internal && !LINK_LOCAL_6.test(each.address))
    .map(({ name, address, family }) => ({ address, family, farness: farnessOf(name, address) }))
    .sort((a, b) => a.farness - b.farness);
  const short = near.filter(({ family }) => family === "IPv4");
  // Some halls have IPv6 alone. Its addresses are long to type and many, so they are shown there only.
  const [first = "localhost", ...others] = (short.length > 0 ? short : near).map(({ address }) => address);
  return [at(first), ...[...others, ...name].map(at)];
}

/**
 * The addresses at which a browser that trusts this laptop has a secure connection, the likeliest first; none where
 * there is no HTTPS. With a certificate of one's own these are the names on it.
 */
export function secureAddresses(
  { publicUrl, host }: { publicUrl?: string; host: string },
  { https, localName }: Pick<Network, "https" | "localName">,
  interfaces?: Interfaces,
): string[] {
  if (publicUrl) return publicUrl.startsWith("https:") ? [publicUrl] : [];
  if (!https) return [];
  const { port, names, authority } = https;
  if (!authority) return names.map((name) => addressAt("https", name, port));
  return reachableAddresses({ host, port, localName, scheme: "https" }, interfaces);
}

/** What the laptop's own certificate has to be for: every name and address under which a device may come. */
export function namesToCertify(
  { host, localName }: { host: string; localName?: string },
  hostname = os.hostname(),
  interfaces: Interfaces = os.networkInterfaces(),
): string[] {
  const [label = ""] = hostname.toLowerCase().split(".");
  const own = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label) ? [`${label}.local`] : [];
  const addresses = Object.values(interfaces)
    .flatMap((each) => each ?? [])
    .map(({ address }) => address)
    .filter((address) => !LINK_LOCAL_6.test(address));
  const chosen = /^[\d.]+$|:|\.local$/.test(host) && !isEverywhere(host) ? [host] : [];
  const names = [localName ?? WANTED_NAME, ...own, "localhost", "127.0.0.1", "::1", ...addresses, ...chosen];
  return [...new Set(names.map((name) => name.toLowerCase()))];
}

/** Whether a server that listens on `host` hears no device but the laptop itself. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/**
 * Where a visitor's phone reaches this laptop, without a slash at the end; undefined where none can. `asked`: the
 * connection that wants to know, for its port where the network says none.
 */
export function addressForVisitors(
  { config, network }: { config: { publicUrl?: string; host: string; port: number }; network?: Network },
  asked: { localPort?: number },
  interfaces?: Interfaces,
): string | undefined {
  const port = network?.port ?? asked.localPort ?? config.port;
  const [first] = reachableAddresses({ ...config, port, localName: network?.localName }, interfaces);
  return isLoopback(new URL(first).hostname.replace(/^\[|\]$/g, "")) ? undefined : first;
}

function isEverywhere(host: string): boolean {
  return ["0.0.0.0", "::", ""].includes(host);
}

function addressAt(scheme: "http" | "https", host: string, port: number): string {
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function farnessOf(name: string, address: string): number {
  const range = PRIVATE.test(address) ? 0 : LINK_LOCAL.test(address) ? 2 : 1;
  return VIRTUAL.test(name) ? 3 + range : range;
}
