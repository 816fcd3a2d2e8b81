import { fileNameFor, fingerprintRows, securePlaces, systemOf } from "../../../src/access/trust/rules";

test.each([
  ["Mozilla/5.0 (Linux; Android 14; SM-X210) AppleWebKit/537.36 Chrome/126.0 Safari/537.36", "android"],
  ["Mozilla/5.0 (Android 13; Tablet; rv:126.0) Gecko/126.0 Firefox/126.0", "android"],
  ["Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1", "apple"],
  ["Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15", "apple"],
  [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.5 Safari/605.1.15",
    "apple",
  ],
  ["Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36", "laptop"],
  ["Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:126.0) Gecko/20100101 Firefox/126.0", "laptop"],
  ["", "laptop"],
  [undefined, "laptop"],
])("a browser that calls itself %s is shown the steps of %s first", (userAgent, system) => {
  expect(systemOf(userAgent)).toBe(system);
});

test.each([
  ["Boothlight on lamp", "boothlight-lamp.crt"],
  ["Boothlight on Zoë's Lamp 2", "boothlight-zoe-s-lamp-2.crt"],
  ["Boothlight on 東京", "boothlight.crt"],
  ["東京", "boothlight.crt"],
])("the certificate of %s is kept as %s", (authority, file) => {
  expect(fileNameFor(authority)).toBe(file);
});

test("a fingerprint is read in rows of eight pairs", () => {
  const pairs = Array.from({ length: 32 }, (_, index) => index.toString(16).padStart(2, "0"));
  const rows = fingerprintRows(pairs.join(":"));
  expect(rows).toHaveLength(4);
  expect(rows[1]).toBe("08 09 0a 0b 0c 0d 0e 0f");
  expect(rows.join(" ").split(" ")).toEqual(pairs);
});

describe("a device goes on", () => {
  const https = { port: 8443, names: ["boothlight.local", "192.0.2.7", "2001:db8::1"] };
  const network = { https, localName: "boothlight.local" };
  const others = ["https://elsewhere.local:8443"];

  test("at the laptop's name where it is not paired yet: it stays the same when addresses change", () => {
    expect(securePlaces({ host: "192.0.2.7", isPaired: false }, network, others)).toEqual([
      "https://boothlight.local:8443",
      "https://192.0.2.7:8443",
    ]);
  });

  test("at the host where it is paired", () => {
    expect(securePlaces({ host: "192.0.2.7", isPaired: true }, network, others)[0]).toBe(
      "https://192.0.2.7:8443",
    );
    expect(securePlaces({ host: "[2001:db8::1]", isPaired: true }, network, others)[0]).toBe(
      "https://[2001:db8::1]:8443",
    );
  });

  test("at one address where both are the same", () => {
    expect(securePlaces({ host: "BOOTHLIGHT.local", isPaired: true }, network, others)).toEqual([
      "https://boothlight.local:8443",
    ]);
  });

  test("at the laptop's other addresses where the certificate is not for the host of the page", () => {
    expect(securePlaces({ host: "lamp.lan", isPaired: true }, { https }, others)).toEqual(others);
    expect(securePlaces({ host: "lamp.lan", isPaired: false }, {}, [])).toEqual([]);
  });
});
