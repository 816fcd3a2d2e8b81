import type { NetworkInterfaceInfo } from "node:os";
import { reachableAddress } from "../../src/http/addresses";

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
  expect(reachableAddress(settings, LAPTOP)).toBe(address);
});

test("without a network the laptop reaches itself", () => {
  expect(reachableAddress({ host: "", port: 8080 }, { lo: LAPTOP.lo })).toBe("http://localhost:8080");
});
