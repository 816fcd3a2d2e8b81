import { spawn } from "node:child_process";
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get as getPlain } from "node:http";
import { get } from "node:https";
import { type AddressInfo, createServer, type Server } from "node:net";
import path from "node:path";
import { localCertificate } from "../src/http/certificates";
import { temporaryFolder } from "./support/databases";
import { PROGRAM, type Program, startProgram } from "./support/program";

let dataDir: string;
let program: Program | undefined;
let holding: Server | undefined;
beforeEach(() => {
  dataDir = temporaryFolder();
  program = undefined;
  holding = undefined;
});
afterEach(async () => {
  await program?.stop();
  if (holding) await new Promise((resolve) => holding?.close(resolve));
  rmSync(dataDir, { recursive: true });
});

/** What the start printed as its address of HTTPS. */
const secureAddress = () => /Over HTTPS: +(https:\/\/\S+)/.exec(program?.printed() ?? "")?.[1] as string;
const authorityFile = () => path.join(dataDir, "certificates", "authority.crt");

function read(address: string, caFile = authorityFile()): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = address.startsWith("https")
      ? { ca: readFileSync(caFile), agent: false }
      : { agent: false };
    const ask = (address.startsWith("https") ? get : getPlain) as typeof get;
    ask(`${address}/healthz`, options, (answer) => {
      answer.setEncoding("utf8");
      answer.on("data", resolve);
    }).on("error", reject);
  });
}

/** Runs the program to its end. */
function end(env: Record<string, string>): Promise<{ code: number | null; err: string }> {
  const child = spawn(process.execPath, [PROGRAM, "start"], {
    env: { PATH: process.env.PATH, DATA_DIR: dataDir, PORT: "0", HOST: "127.0.0.1", ...env },
  });
  let err = "";
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, err })));
}

/** Takes a port of this machine; 0: any. Gives which it is. */
async function take(port: number): Promise<number> {
  holding = createServer();
  await new Promise<void>((resolve, reject) => {
    // Somebody else has it: that is as good.
    holding?.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve() : reject(error),
    );
    holding?.listen(port, "127.0.0.1", resolve);
  });
  const address = holding.address() as AddressInfo | null;
  if (!address) holding = undefined;
  return address?.port ?? port;
}

async function freePort(): Promise<number> {
  const port = await take(0);
  await new Promise((resolve) => holding?.close(resolve));
  holding = undefined;
  return port;
}

test("the booth is reached over HTTP and over HTTPS, says where, and is found again with the same authority", async () => {
  program = await startProgram(dataDir);
  expect(await read(program.address)).toBe('{"status":"ok"}');
  expect(await read(secureAddress())).toBe('{"status":"ok"}');
  expect(program.printed()).toMatch(/Tablets learn to trust it at http:\/\/127\.0\.0\.1:\d+\/trust/);
  const authority = readFileSync(authorityFile(), "utf8");
  await program.stop();
  program = await startProgram(dataDir);
  expect(await read(secureAddress())).toBe('{"status":"ok"}');
  expect(readFileSync(authorityFile(), "utf8")).toBe(authority);
});

test("both doors are shut when it stops", async () => {
  program = await startProgram(dataDir);
  const addresses = [program.address, secureAddress()];
  expect(await program.stop()).toBe(0);
  for (const address of addresses) await expect(read(address)).rejects.toThrow("ECONNREFUSED");
});

test("its files broken, it makes new ones, says so in one line, and opens", async () => {
  program = await startProgram(dataDir);
  await program.stop();
  writeFileSync(authorityFile(), "half a certif");
  program = await startProgram(dataDir, { LOG_LEVEL: "info" });
  expect(await read(secureAddress())).toBe('{"status":"ok"}');
  const lines = program.printed().split("\n");
  expect(lines.filter((line) => line.includes("certificate authority are damaged"))).toHaveLength(1);
});

test("HTTPS can be switched off: then nothing is made for it", async () => {
  program = await startProgram(dataDir, { HTTPS_PORT: "off" });
  expect(await read(program.address)).toBe('{"status":"ok"}');
  expect(program.printed()).not.toContain("HTTPS");
  expect(readdirSync(dataDir)).not.toContain("certificates");
});

describe("where the port of HTTPS is taken", () => {
  test("that nobody asked for, the booth opens without, and says so in a line", async () => {
    await take(8443);
    program = await startProgram(dataDir, { PORT: String(await freePortBeside()) });
    expect(await read(program.address)).toBe('{"status":"ok"}');
    expect(program.printed()).toMatch(
      /Without HTTPS: +port 8443 is in use\. Stop what uses it, or set HTTPS_PORT to another one\.\n/,
    );
    expect(program.printed()).not.toContain("Over HTTPS");
  });

  test("that was set, the start ends with one line", async () => {
    const port = await take(0);
    expect(await end({ HTTPS_PORT: String(port) })).toEqual({
      code: 1,
      err: `boothlight: port ${port} is in use. Stop what uses it, or set HTTPS_PORT to another one.\n`,
    });
  });

  /** A free port while another is held. */
  async function freePortBeside(): Promise<number> {
    const held = holding;
    const port = await freePort();
    holding = held;
    return port;
  }
});

describe("a certificate of one's own", () => {
  const file = (name: string) => path.join(dataDir, name);
  let own: { CERTIFICATE: string; CERTIFICATE_KEY: string };
  beforeEach(async () => {
    const names = ["booth.local", "127.0.0.1"];
    await localCertificate(file("own"), { laptop: "elsewhere", names }, Date.now());
    own = { CERTIFICATE: file("own/laptop.crt"), CERTIFICATE_KEY: file("own/laptop.key") };
  });

  test("is used instead, and its name is the address", async () => {
    program = await startProgram(dataDir, own);
    const port = new URL(secureAddress()).port;
    expect(secureAddress()).toBe(`https://booth.local:${port}`);
    expect(await read(`https://127.0.0.1:${port}`, file("own/authority.crt"))).toBe('{"status":"ok"}');
    expect(program.printed()).not.toContain("/trust");
    expect(readdirSync(dataDir)).not.toContain("certificates");
  });

  test("that does not fit its key ends the start with one line", async () => {
    cpSync(file("own/authority.key"), file("own/laptop.key"));
    const { code, err } = await end(own);
    expect(err).toBe(
      `boothlight: CERTIFICATE_KEY ${own.CERTIFICATE_KEY} is not the key of CERTIFICATE ${own.CERTIFICATE}.\n`,
    );
    expect(code).toBe(1);
  });

  test.each([
    [{ CERTIFICATE_KEY: "" }, "CERTIFICATE_KEY must be set where CERTIFICATE is."],
    [{ CERTIFICATE: "" }, "CERTIFICATE must be set where CERTIFICATE_KEY is."],
    [{ CERTIFICATE: "/no/such/file.pem" }, "CERTIFICATE: there is no file /no/such/file.pem."],
  ])("with %j ends it too", async (wrong, line) => {
    expect(await end({ ...own, ...wrong })).toEqual({ code: 1, err: `boothlight: ${line}\n` });
  });
});

test("behind a proxy, QR code and start show PUBLIC_URL", async () => {
  program = await startProgram(dataDir, { PUBLIC_URL: "https://booth.example.org" });
  expect(program.printed()).toContain("On the network:  https://booth.example.org");
  expect(program.printed()).not.toContain("Over HTTPS");
});
