import type { NetworkInterfaceInfo } from "node:os";
import {
  addressForVisitors,
  namesToCertify,
  reachableAddresses,
  secureAddresses,
} from "../../src/http/addresses";

const at = (address: string, more: Partial<NetworkInterfaceInfo> = {}) =>
  ({ address, family: "IPv4", internal: false, ...more }) as NetworkInterfaceInfo;

const LAPTOP = {
  lo: [at("127.0.0.1", { internal: true })],
  wlan: [at("fe80::1", { family: "IPv6" }), at("192.0.2.7")],
  cable: [at("198.51.100.3")],
};

test.each([
  [
    "PUBLIC_URL, whatever else there is",
    { publicUrl: "https://booth.example.org", host: "", port: 1 },
    "https://booth.example.org",
  ],
  [
    "the first address on a network, where the laptop listens everywhere",
    { host: "", port: 8080 },
    "http://192.0.2.7:8080",
  ],
  ["the same for 0.0.0.0", { host: "0.0.0.0", port: 80 }, "http://192.0.2.7:80"],
  ["the same for ::", { host: "::", port: 80 }, "http://192.0.2.7:80"],
  ["the address that HOST names", { host: "198.51.100.3", port: 8080 }, "http://198.51.100.3:8080"],
  ["an IPv6 address in brackets", { host: "2001:db8::1", port: 8080 }, "http://[2001:db8::1]:8080"],
])("tablets reach the laptop at %s", (_what, settings, address) => {
  expect(reachableAddresses(settings, LAPTOP)[0]).toBe(address);
});

test("visitors' phones reach the laptop where tablets do, and not at all where it hears only itself", () => {
  const reached = (config: { publicUrl?: string; host: string }, interfaces = LAPTOP as object) =>
    addressForVisitors(
      { config: { port: 8080, ...config } },
      { localPort: 8104 },
      interfaces as typeof LAPTOP,
    );
  expect(reached({ host: "" })).toBe("http://192.0.2.7:8104");
  expect(reached({ host: "", publicUrl: "https://booth.example.org" })).toBe("https://booth.example.org");
  expect(reached({ host: "" }, { lo: LAPTOP.lo })).toBeUndefined();
  for (const host of ["127.0.0.1", "localhost", "::1"]) expect(reached({ host })).toBeUndefined();
});

test("without a network the laptop reaches itself", () => {
  expect(reachableAddresses({ host: "", port: 8080 }, { lo: LAPTOP.lo })).toEqual(["http://localhost:8080"]);
});

test("the network of the room comes before what a tablet hardly gets to", () => {
  const interfaces = {
    docker0: [at("172.17.0.1")],
    "br-0a1b2c": [at("172.18.0.1")],
    "vEthernet (WSL)": [at("172.29.160.1")],
    usb0: [at("169.254.7.7")],
    campus: [at("192.0.2.7")],
    utun3: [at("10.8.0.2")],
    "Local Area Connection": [at("172.31.0.5")],
    wlan0: [at("192.168.178.20"), at("fe80::1", { family: "IPv6" })],
  };
  const hosts = reachableAddresses({ host: "", port: 80 }, interfaces).map((each) => each.slice(7, -3));
  expect(hosts).toEqual([
    "172.31.0.5",
    "192.168.178.20",
    "192.0.2.7",
    "169.254.7.7",
    "172.17.0.1",
    "172.18.0.1",
    "172.29.160.1",
    "10.8.0.2",
  ]);
});

test("where there is a bridge alone, it is offered all the same", () => {
  const only = { docker0: [at("172.17.0.1")] };
  expect(reachableAddresses({ host: "", port: 80 }, only)).toEqual(["http://172.17.0.1:80"]);
});

test("where a hall has IPv6 alone, its addresses are offered, and those of a link never", () => {
  const six = { wlan0: [at("fe80::1", { family: "IPv6" }), at("2001:db8::7", { family: "IPv6" })] };
  expect(reachableAddresses({ host: "", port: 80 }, six)).toEqual(["http://[2001:db8::7]:80"]);
  const both = { wlan0: [...six.wlan0, at("192.0.2.7")] };
  expect(reachableAddresses({ host: "", port: 80 }, both)).toEqual(["http://192.0.2.7:80"]);
});

describe("the laptop's name on its network", () => {
  const localName = "boothlight.local";
  test("is offered after its addresses, which every device understands", () => {
    const [, ...others] = reachableAddresses({ host: "", port: 80, localName }, LAPTOP);
    expect(others).toEqual(["http://198.51.100.3:80", "http://boothlight.local:80"]);
  });

  test("is offered beside the one address that HOST names, and not where that is heard by the laptop alone", () => {
    const offered = (host: string) => reachableAddresses({ host, port: 80, localName }, LAPTOP);
    expect(offered("192.0.2.7")).toEqual(["http://192.0.2.7:80", "http://boothlight.local:80"]);
    for (const host of ["127.0.0.1", "localhost"]) expect(offered(host)).toEqual([`http://${host}:80`]);
  });
});

describe("secure addresses", () => {
  const authority = { name: "Boothlight on lamp", der: Buffer.of(), fingerprint: "" };
  const secure = (
    settings: { publicUrl?: string; host?: string },
    network: Parameters<typeof secureAddresses>[1],
  ) => secureAddresses({ host: "", ...settings }, network, LAPTOP);

  test("are the laptop's own, at the port of HTTPS, where tablets can trust it", () => {
    const https = { port: 8443, names: [], authority };
    expect(secure({}, { https, localName: "boothlight.local" })).toEqual([
      "https://192.0.2.7:8443",
      "https://198.51.100.3:8443",
      "https://boothlight.local:8443",
    ]);
  });

  test("are the names on a certificate of one's own", () => {
    const https = { port: 443, names: ["booth.example.org", "2001:db8::1"] };
    expect(secure({}, { https })).toEqual(["https://booth.example.org:443", "https://[2001:db8::1]:443"]);
  });

  test("are PUBLIC_URL alone where that is set, and none where it is not secure", () => {
    const https = { port: 8443, names: [], authority };
    expect(secure({ publicUrl: "https://booth.example.org" }, { https })).toEqual([
      "https://booth.example.org",
    ]);
    expect(secure({ publicUrl: "http://booth.example.org" }, { https })).toEqual([]);
  });

  test("are none without HTTPS", () => {
    expect(secure({}, { localName: "boothlight.local" })).toEqual([]);
  });
});

describe("the certificate is for", () => {
  const certified = (hostname: string, settings: { host?: string; localName?: string } = {}) =>
    namesToCertify({ host: "", ...settings }, hostname, LAPTOP);

  test("every name and address under which a device may come, and none of a single link", () => {
    expect(certified("Lamp")).toEqual([
      "boothlight.local",
      "lamp.local",
      "localhost",
      "127.0.0.1",
      "::1",
      "192.0.2.7",
      "198.51.100.3",
    ]);
  });

  test("the name that the laptop really has", () => {
    expect(certified("lamp", { localName: "boothlight-2.local" })[0]).toBe("boothlight-2.local");
  });

  test.each([
    ["lamp.example.org", "lamp.local"],
    ["LAMP.local", "lamp.local"],
  ])("%s as %s, which its authority may speak for", (hostname, name) => {
    expect(certified(hostname)[1]).toBe(name);
  });

  test.each(["Zoë's lamp", "", "-lamp", "l_amp", "a".repeat(64)])(
    "no name that no address can have: %j",
    (hostname) => {
      expect(certified(hostname)[1]).toBe("localhost");
    },
  );

  test("the address that HOST names, and no name of a web site", () => {
    expect(certified("lamp", { host: "203.0.113.9" })).toContain("203.0.113.9");
    expect(certified("lamp", { host: "booth.local" })).toContain("booth.local");
    expect(certified("lamp", { host: "0.0.0.0" })).not.toContain("0.0.0.0");
    expect(certified("lamp", { host: "booth.example.org" })).not.toContain("booth.example.org");
  });
});
