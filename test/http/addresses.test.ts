import type { NetworkInterfaceInfo } from "node:os";
import { reachableAddresses } from "../../src/http/addresses";

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
