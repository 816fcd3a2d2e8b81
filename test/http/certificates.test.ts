import { createPrivateKey, generateKeyPairSync, webcrypto, X509Certificate } from "node:crypto";
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { connect, createServer, type TLSSocket } from "node:tls";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import {
  certificateFromFiles,
  type LocalCertificate,
  localCertificate,
  RENEW_BEFORE,
} from "../../src/http/certificates";
import { temporaryFolder } from "../support/databases";

const NAMES = ["boothlight.local", "localhost", "127.0.0.1", "::1", "192.0.2.2", "fd00::2"];
const DAY = 24 * 3_600_000;
/** TLS goes by the real clock. */
const NOW = Date.now();

let root: string;
let folder: string;
beforeEach(() => {
  root = temporaryFolder();
  folder = path.join(root, "data", "certificates");
});
afterEach(() => rmSync(root, { recursive: true }));

const make = (names = NAMES, now = NOW, laptop = "lamp") => localCertificate(folder, { laptop, names }, now);
const inFolder = (name: string) => path.join(folder, name);
const read = (name: string) => readFileSync(inFolder(name), "utf8");

/** Connects to a server that presents a certificate, as a browser that trusts `ca` alone; gives what it says of it. */
async function visit(presented: { cert: string; key: string }, ca: string, host: string): Promise<string> {
  const server = createServer(presented, (socket) => socket.end());
  // Who refuses the certificate hangs up.
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const verdict = await new Promise<string>((resolve) => {
    const isName = /[a-z]/.test(host) && !host.includes(":");
    const socket: TLSSocket = connect(
      { port, host: "127.0.0.1", ca, ...(isName ? { servername: host } : {}), checkServerIdentity },
      () => {
        socket.end();
        resolve("trusted");
      },
    );
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.message));
    function checkServerIdentity(_servername: string, peer: { raw: Buffer }): Error | undefined {
      const certificate = new X509Certificate(peer.raw);
      const isFor = isName ? certificate.checkHost(host) : certificate.checkIP(host);
      return isFor ? undefined : new Error("not for this name");
    }
  });
  await new Promise((resolve) => server.close(resolve));
  return verdict;
}

describe("the laptop's certificate", () => {
  test("is trusted for each of its names and addresses by whoever trusts its authority, and by nobody else", async () => {
    const made = await make();
    for (const name of NAMES)
      expect([name, await visit(made, read("authority.crt"), name)]).toEqual([name, "trusted"]);
    expect(await visit(made, read("authority.crt"), "other.local")).toBe("not for this name");
    folder = path.join(root, "elsewhere");
    await make();
    expect(await visit(made, read("authority.crt"), "localhost")).toMatch(/self-signed|unable to/);
  });

  test("is what browsers ask of one: for servers, with names in their place, for 398 days at most", async () => {
    const { cert } = await make();
    const leaf = new X509Certificate(cert);
    expect(leaf.ca).toBe(false);
    expect(leaf.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
    expect(leaf.subjectAltName).toContain("DNS:boothlight.local, DNS:localhost, IP Address:127.0.0.1");
    const days = (Date.parse(leaf.validTo) - Date.parse(leaf.validFrom)) / DAY;
    expect(days).toBeLessThanOrEqual(398);
    expect(days).toBeGreaterThan(365);
    expect(leaf.publicKey.asymmetricKeyDetails?.namedCurve).toBe("prime256v1");
    // Of a tablet's clock that is late.
    expect(Date.parse(leaf.validFrom)).toBeLessThanOrEqual(NOW - DAY + 1000);
  });

  test("is kept as long as it holds", async () => {
    const first = await make();
    expect(first.news).toHaveLength(1);
    const second = await make(NAMES, NOW + 300 * DAY);
    expect(second).toEqual({ ...first, news: [] });
  });

  test("is made anew, with a line that says so, when an address has come; not when one went away", async () => {
    const first = await make();
    expect((await make(NAMES.slice(0, 4))).news).toEqual([]);
    const moved = await make([...NAMES.slice(0, 4), "198.51.100.7"]);
    expect(moved.news).toEqual([
      "The laptop's addresses changed: Boothlight made a new certificate for boothlight.local, localhost, 127.0.0.1, ::1, 198.51.100.7.",
    ]);
    expect(moved.authority).toEqual(first.authority);
    expect(await visit(moved, read("authority.crt"), "198.51.100.7")).toBe("trusted");
    expect(await visit(moved, read("authority.crt"), "192.0.2.2")).toBe("not for this name");
  });

  test("is made anew a month before it runs out, by the same authority", async () => {
    const first = await make();
    const end = Date.parse(new X509Certificate(first.cert).validTo);
    expect((await make(NAMES, end - RENEW_BEFORE - 1000)).news).toEqual([]);
    const renewed = await make(NAMES, end - RENEW_BEFORE);
    expect(renewed.news[0]).toMatch(/^The certificate runs out: /);
    expect(renewed.authority).toEqual(first.authority);
    expect(Date.parse(new X509Certificate(renewed.cert).validTo)).toBeGreaterThan(end + 300 * DAY);
  });

  test("never outlives its authority, and comes with a new one when that runs out", async () => {
    const first = await make();
    const end = Date.parse(new X509Certificate(first.authority.der).validTo);
    expect((end - NOW) / DAY).toBeGreaterThan(3 * 365);
    const last = await make(NAMES, end - 90 * DAY);
    expect(last.authority).toEqual(first.authority);
    expect(Date.parse(new X509Certificate(last.cert).validTo)).toBe(end);
    const next = await make(NAMES, end - 40 * DAY);
    expect(next.news).toEqual([expect.stringMatching(/^The certificate authority ran out: .*\/trust\.$/)]);
    expect(next.authority.fingerprint).not.toBe(first.authority.fingerprint);
  });

  test("is made anew where the clock was years ahead when it was made", async () => {
    const ahead = await make(NAMES, NOW + 2000 * DAY);
    const now = await make();
    expect(now.authority.fingerprint).not.toBe(ahead.authority.fingerprint);
    expect(await visit(now, read("authority.crt"), "localhost")).toBe("trusted");
  });
});

describe("the laptop's authority", () => {
  let made: LocalCertificate;
  beforeEach(async () => {
    made = await make();
  });

  test("tells whose it is, and shows the fingerprint that devices show", () => {
    expect(made.authority.name).toBe("Boothlight on lamp");
    expect(made.authority.der).toEqual(new X509Certificate(read("authority.crt")).raw);
    expect(made.authority.fingerprint).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  });

  test.each([
    ["Zoë's laptop, the 2nd", "Boothlight on Zoë's laptop the 2nd"],
    ["東京ノート", "Boothlight on 東京ノート"],
    ["long".repeat(40), `Boothlight on ${"long".repeat(40)}`.slice(0, 64)],
    ['with "quotes" = \\ and + signs\nCN=else', "Boothlight on with quotes and signs CN else"],
    ["", "Boothlight on a laptop"],
  ])("has a name whatever the laptop is called: %j", async (laptop, name) => {
    folder = path.join(root, "named");
    const { authority } = await make(NAMES, NOW, laptop);
    expect(authority.name).toBe(name);
    expect(await visit(await make(), read("authority.crt"), "localhost")).toBe("trusted");
  });

  test("is one for certificates alone, under which no other may stand, and says so where it cannot be overlooked", () => {
    const certificate = new x509.X509Certificate(read("authority.crt"));
    const critical = certificate.extensions.filter((each) => each.critical).map((each) => each.type);
    expect(critical.sort()).toEqual(["2.5.29.15", "2.5.29.19", "2.5.29.30"]);
    expect(certificate.getExtension(x509.BasicConstraintsExtension)).toMatchObject({
      ca: true,
      pathLength: 0,
    });
    expect(certificate.getExtension(x509.KeyUsagesExtension)?.usages).toBe(
      x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
    );
  });

  test.each([
    ["a web site", "example.com"],
    ["a web site with local in its name", "local.example.com"],
    ["one whose name ends alike", "notlocal"],
  ])("cannot vouch for %s, even where its key was stolen", async (_what, name) => {
    const forged = await forge(name);
    expect(await visit(forged, read("authority.crt"), name)).toBe("permitted subtree violation");
    expect(await visit(await forge("booth.local"), read("authority.crt"), "booth.local")).toBe("trusted");
  });

  test("has its key where the owner alone reads it, also after somebody copied the folder", async () => {
    const mode = (name: string) => statSync(inFolder(name)).mode & 0o777;
    expect(mode(".")).toBe(0o700);
    expect([mode("authority.key"), mode("laptop.key")]).toEqual([0o600, 0o600]);
    chmodSync(inFolder("authority.key"), 0o644);
    chmodSync(folder, 0o755);
    expect((await make()).news).toEqual([]);
    expect([mode("."), mode("authority.key")]).toEqual([0o700, 0o600]);
    expect(readdirSync(folder).sort()).toEqual([
      "authority.crt",
      "authority.key",
      "laptop.crt",
      "laptop.key",
    ]);
  });

  /** What somebody makes who has the authority's key, without the program. */
  async function forge(name: string) {
    const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
    const der = createPrivateKey(read("authority.key")).export({ format: "der", type: "pkcs8" });
    const certificate = await x509.X509CertificateGenerator.create(
      {
        subject: `CN=${name}`,
        issuer: new x509.X509Certificate(read("authority.crt")).subjectName,
        publicKey: keys.publicKey,
        signingKey: await webcrypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]),
        signingAlgorithm: algorithm,
        notBefore: new Date(NOW - DAY),
        notAfter: new Date(NOW + DAY),
        extensions: [new x509.SubjectAlternativeNameExtension([{ type: "dns", value: name }])],
      },
      webcrypto,
    );
    const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
    return {
      cert: certificate.toString("pem"),
      key: createPrivateKey({ key, format: "der", type: "pkcs8" }).export({
        format: "pem",
        type: "pkcs8",
      }) as string,
    };
  }
});

describe("files that are broken", () => {
  beforeEach(async () => {
    await make();
  });

  const AUTHORITY = /^The (files|key) of the certificate authority (are|is) /;
  test.each<[string, () => void, RegExp, boolean]>([
    [
      "an authority's certificate that is empty",
      () => truncateSync(inFolder("authority.crt")),
      AUTHORITY,
      true,
    ],
    [
      "an authority's certificate cut in half",
      () => truncateSync(inFolder("authority.crt"), 300),
      AUTHORITY,
      true,
    ],
    [
      "an authority's key that is something else",
      () => writeFileSync(inFolder("authority.key"), "?"),
      AUTHORITY,
      true,
    ],
    ["an authority's key that is gone", () => rmSync(inFolder("authority.key")), AUTHORITY, true],
    [
      "another authority's key",
      () => writeFileSync(inFolder("authority.key"), aKey()),
      /^The key of the certificate authority is another one's/,
      true,
    ],
    [
      "a certificate that is no authority's",
      () => writeFileSync(inFolder("authority.crt"), read("laptop.crt")),
      AUTHORITY,
      true,
    ],
    [
      "a laptop's certificate cut in half",
      () => truncateSync(inFolder("laptop.crt"), 300),
      /^The files of the laptop's certificate are damaged/,
      false,
    ],
    [
      "a laptop's key that is empty",
      () => truncateSync(inFolder("laptop.key")),
      /^The files of the laptop's certificate are damaged/,
      false,
    ],
    [
      "another laptop's key",
      () => writeFileSync(inFolder("laptop.key"), aKey()),
      /^The key of the laptop's certificate is another one's/,
      false,
    ],
    [
      "no laptop's certificate",
      () => {
        rmSync(inFolder("laptop.crt"));
        rmSync(inFolder("laptop.key"));
      },
      /^There was none yet/,
      false,
    ],
  ])("%s: they are made again, and one line says so", async (_what, breakIt, line, isNewAuthority) => {
    const before = read("authority.crt");
    breakIt();
    const made = await make();
    expect(made.news).toEqual([expect.stringMatching(line)]);
    expect(made.news[0]).not.toContain("\n");
    expect(read("authority.crt") !== before).toBe(isNewAuthority);
    expect(await visit(made, read("authority.crt"), "boothlight.local")).toBe("trusted");
    expect((await make()).news).toEqual([]);
  });

  test("what a start that was cut off left behind does no harm", async () => {
    writeFileSync(inFolder("laptop.key.new"), "half a k");
    const made = await make([...NAMES, "203.0.113.7"]);
    expect(await visit(made, read("authority.crt"), "203.0.113.7")).toBe("trusted");
    expect(existsSync(inFolder("laptop.key.new"))).toBe(false);
  });

  test("a certificate of an authority that was taken away is made again by the new one", async () => {
    const left = read("laptop.crt");
    for (const file of ["authority.crt", "authority.key"]) rmSync(inFolder(file));
    const made = await make();
    expect(made.news).toEqual([expect.stringMatching(/^There was none yet: /)]);
    expect(made.cert).not.toContain(left);
    expect(await visit(made, read("authority.crt"), "localhost")).toBe("trusted");
  });

  test("a folder that cannot be made is an error that names it", async () => {
    writeFileSync(path.join(root, "a file"), "");
    folder = path.join(root, "a file", "certificates");
    await expect(make()).rejects.toThrow(/a file/);
  });
});

describe("a certificate of one's own", () => {
  let certificate: string;
  let key: string;
  beforeEach(async () => {
    // Any authority's will do: this one's is at hand.
    await make(["booth.local", "192.0.2.2"]);
    certificate = inFolder("laptop.crt");
    key = inFolder("laptop.key");
  });

  test("is taken as it is, with the names that it is for", async () => {
    const own = await certificateFromFiles({ certificate, key });
    expect(own).toMatchObject({ cert: read("laptop.crt"), key: read("laptop.key") });
    expect(own.names).toEqual(["booth.local", "192.0.2.2"]);
    expect(await visit(own, read("authority.crt"), "booth.local")).toBe("trusted");
  });

  const other = () => path.join(root, "other.pem");
  const aFile = (text: string) => {
    writeFileSync(other(), text);
    return other();
  };
  test.each<[string, () => object, string]>([
    ["that is not there", () => ({ certificate: other() }), "CERTIFICATE: there is no file"],
    ["whose key is not there", () => ({ key: other() }), "CERTIFICATE_KEY: there is no file"],
    ["that is a folder", () => ({ certificate: root }), "CERTIFICATE .* cannot be read: EISDIR"],
    ["that is none", () => ({ certificate: key }), "CERTIFICATE .* is no certificate in PEM form"],
    [
      "whose key is none",
      () => ({ key: certificate }),
      "CERTIFICATE_KEY .* is no unlocked private key in PEM form",
    ],
    [
      "whose key is locked",
      () => ({ key: aFile(aKey({ cipher: "aes-256-cbc", passphrase: "lamp" })) }),
      "CERTIFICATE_KEY .* is no unlocked private key",
    ],
    ["with another one's key", () => ({ key: aFile(aKey()) }), "is not the key of CERTIFICATE"],
  ])("%s is refused in one line", async (_what, wrong, message) => {
    const files = { certificate, key, ...wrong() };
    const error: Error = await certificateFromFiles(files).then(
      () => new Error("taken"),
      (reason) => reason,
    );
    expect(error.message).toMatch(new RegExp(message));
    expect(error.message).not.toContain("\n");
  });
});

function aKey(locked: object = {}): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ format: "pem", type: "pkcs8", ...locked }) as string;
}
