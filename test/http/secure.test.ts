import { X509Certificate } from "node:crypto";
import { cpSync, mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { get } from "node:https";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { connect, type TLSSocket } from "node:tls";
import pino from "pino";
import type { Network } from "../../src/http/addresses";
import { localCertificate } from "../../src/http/certificates";
import { type SecureServer, type SecureSettings, secureServer } from "../../src/http/secure";
import { temporaryFolder } from "../support/databases";

const DAY = 24 * 3_600_000;

let dataDir: string;
let network: Network;
let clock: number;
let logged: { level: number; msg: string }[];
let secure: SecureServer;
beforeEach(() => {
  dataDir = temporaryFolder();
  network = { port: 8080 };
  clock = Date.now();
  logged = [];
});
afterEach(async () => {
  const closed = new Promise((resolve) => secure.server.close(resolve));
  secure.server.closeAllConnections();
  await closed;
  rmSync(dataDir, { recursive: true });
});

async function open(settings: Partial<SecureSettings> = {}): Promise<number> {
  secure = await secureServer((_req, res) => res.end("lit"), {
    config: { dataDir, host: "", ...settings },
    network,
    log: pino({}, { write: (line: string) => void logged.push(JSON.parse(line)) }),
    now: () => clock,
  });
  await secure.listen(
    () =>
      new Promise((resolve) =>
        secure.server.listen(0, "127.0.0.1", () => resolve((secure.server.address() as AddressInfo).port)),
      ),
  );
  return (secure.server.address() as AddressInfo).port;
}

/** The certificate that whoever connects is shown. */
function shown(port: number): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      resolve(new X509Certificate(socket.getPeerCertificate().raw));
      socket.end();
    });
    socket.on("error", reject);
  });
}

function read(port: number, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ port, host: "localhost", ca, agent: false }, (answer) => {
      answer.setEncoding("utf8");
      answer.on("data", resolve);
    }).on("error", reject);
  });
}

/** PEM of the authority that pages hand out. */
function authority(): string {
  return new X509Certificate(network.https?.authority?.der as Buffer).toString();
}

test("a page comes to whoever trusts the authority, and the network knows at which port and for which names", async () => {
  expect(network.https).toBeUndefined();
  const port = await open();
  expect(network.https?.port).toBe(port);
  expect(network.https?.names).toEqual(
    expect.arrayContaining(["boothlight.local", "localhost", "127.0.0.1"]),
  );
  expect(await read(port, authority())).toBe("lit");
});

test("the name that the laptop really has on its network is on its certificate from the next connection on", async () => {
  const port = await open();
  const before = await shown(port);
  network.localName = "boothlight-2.local";
  await secure.look();
  const after = await shown(port);
  expect(before.checkHost("boothlight-2.local")).toBeUndefined();
  expect(after.checkHost("boothlight-2.local")).toBe("boothlight-2.local");
  expect(network.https?.names).toContain("boothlight-2.local");
  expect(logged.map(({ msg }) => msg).filter((msg) => msg.includes("boothlight-2.local"))).toHaveLength(1);
  expect(await read(port, authority())).toBe("lit");
});

test("a connection that stands goes on while the certificate changes", async () => {
  const port = await open();
  const socket: TLSSocket = await new Promise((resolve, reject) => {
    const made = connect({ port, host: "localhost", ca: authority() }, () => resolve(made));
    made.on("error", reject);
  });
  network.localName = "boothlight-2.local";
  await secure.look();
  const answer = new Promise((resolve) =>
    socket.once("data", (data) => resolve(String(data).split("\r\n")[0])),
  );
  socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  expect(await answer).toBe("HTTP/1.1 200 OK");
  socket.destroy();
});

test("a certificate that runs out is followed by another without anybody doing anything", async () => {
  const port = await open();
  const first = await shown(port);
  clock += 370 * DAY;
  await secure.look();
  expect(Date.parse((await shown(port)).validTo)).toBeGreaterThan(Date.parse(first.validTo));
});

test("nothing changes, and nothing is said, where nothing has changed", async () => {
  const port = await open();
  const [before, said] = [await shown(port), logged.length];
  await Promise.all([secure.look(), secure.look(), secure.look()]);
  expect((await shown(port)).fingerprint256).toBe(before.fingerprint256);
  expect(logged).toHaveLength(said);
});

test("two looks at once make one certificate", async () => {
  await open();
  network.localName = "boothlight-2.local";
  await Promise.all([secure.look(), secure.look()]);
  expect(logged.filter(({ msg }) => msg.includes("addresses changed"))).toHaveLength(1);
});

test("files that cannot be read any more are one line in the log, and what was presented stays", async () => {
  const port = await open();
  const before = await shown(port);
  rmSync(path.join(dataDir, "certificates"), { recursive: true });
  writeFileSync(path.join(dataDir, "certificates"), "");
  // The job that looks is seen to fail.
  await expect(secure.look()).rejects.toThrow("EEXIST");
  await expect(secure.look()).rejects.toThrow("EEXIST");
  expect(logged.filter(({ level }) => level === 40)).toEqual([
    expect.objectContaining({ msg: expect.stringMatching(/^The certificate stays as it is: [^\n]+$/) }),
  ]);
  expect((await shown(port)).fingerprint256).toBe(before.fingerprint256);
});

describe("with a certificate of one's own", () => {
  let files: { certificate: string; certificateKey: string };
  const renewed = () => path.join(dataDir, "renewed");

  /** Puts a certificate for a name where the settings say, as a program does that renews one. */
  async function issue(name: string): Promise<void> {
    rmSync(renewed(), { recursive: true, force: true });
    await localCertificate(renewed(), { laptop: "elsewhere", names: [name] }, clock);
    cpSync(path.join(renewed(), "laptop.crt"), files.certificate);
    cpSync(path.join(renewed(), "laptop.key"), files.certificateKey);
  }

  beforeEach(async () => {
    mkdirSync(path.join(dataDir, "own"));
    files = {
      certificate: path.join(dataDir, "own", "booth.crt"),
      certificateKey: path.join(dataDir, "own", "booth.key"),
    };
    await issue("booth.local");
  });

  test("that one is presented, nobody is asked to trust an authority, and none is made", async () => {
    const port = await open(files);
    expect((await shown(port)).checkHost("booth.local")).toBe("booth.local");
    expect(network.https).toEqual({ port, names: ["booth.local"], authority: undefined });
    expect(() => utimesSync(path.join(dataDir, "certificates"), 0, 0)).toThrow("ENOENT");
  });

  test("a renewed one is presented from then on, and a broken one is not", async () => {
    const port = await open(files);
    await issue("new-booth.local");
    await secure.look();
    expect((await shown(port)).checkHost("new-booth.local")).toBe("new-booth.local");
    expect(logged.at(-1)?.msg).toBe("The certificate's files changed: the new one is used from now on.");
    writeFileSync(files.certificate, "half a cert");
    await expect(secure.look()).rejects.toThrow("is no certificate");
    expect((await shown(port)).checkHost("new-booth.local")).toBe("new-booth.local");
    expect(logged.at(-1)?.msg).toMatch(/^The certificate stays as it is: CERTIFICATE .* is no certificate/);
  });

  test("one that is wrong from the start is refused", async () => {
    await open(files);
    const wrong = { ...files, certificateKey: files.certificate };
    const opening = secureServer(() => {}, {
      config: { dataDir, host: "", ...wrong },
      network,
      log: pino({ level: "silent" }),
      now: () => clock,
    });
    await expect(opening).rejects.toThrow("CERTIFICATE_KEY");
  });
});
