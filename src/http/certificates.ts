import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from "node:crypto";
import { chmod, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import path from "node:path";
import type { Instant } from "../database/tables";

/** What a TLS server presents. */
export interface Certificate {
  /** PEM: the server's own certificate, then what leads to its authority. */
  cert: string;
  /** PEM. */
  key: string;
}

/** The public part of the laptop's own certificate authority. */
export interface Authority {
  /** Whose it is, as devices list it. */
  name: string;
  /** The certificate, DER. */
  der: Buffer;
  /** SHA-256 of it, as devices show it: pairs of hex digits with colons. */
  fingerprint: string;
}

/** A certificate that the laptop's own authority has issued. */
export interface LocalCertificate extends Certificate {
  authority: Authority;
  /** What had to be made anew and why, a sentence each. Empty where all that was there still holds. */
  news: string[];
}

const DAY = 24 * 3_600_000;
/** How long before a certificate runs out a new one is made. */
export const RENEW_BEFORE = 30 * DAY;
/** A tablet whose clock is late must not find a certificate that begins in its future. */
const BEGINS_BEFORE = DAY;
/** Browsers take 398 days at most: https://support.apple.com/102028. */
const CERTIFICATE_LASTS = 396 * DAY;
/** Several years of events: each new authority has to be trusted on every tablet again. */
const AUTHORITY_LASTS = 5 * 365 * DAY;

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/**
 * The certificate for `names` (host names and IP addresses) from the authority that lives in `folder`. What is there
 * is kept as long as it is whole, belongs together, covers the names and holds for a month; the rest is made anew.
 * `laptop` names it where an authority has to be made. Throws where the folder cannot be read or written.
 */
export async function localCertificate(
  folder: string,
  { laptop, names }: { laptop: string; names: string[] },
  now: Instant,
): Promise<LocalCertificate> {
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o700);
  const news: string[] = [];

  let authority = await readPair(folder, "authority");
  const brokenAuthority = whyNoAuthority(authority, now);
  if (brokenAuthority) {
    authority = await makeAuthority(laptop, now);
    await writePair(folder, "authority", authority);
    news.push(
      `${brokenAuthority}: Boothlight made its own certificate authority. Tablets that shall trust it open /trust.`,
    );
  }

  let own = await readPair(folder, "laptop");
  const broken = whyNotThis(own, authority as Pair, names, now);
  if (broken) {
    own = await makeCertificate(authority as Pair, names, now);
    await writePair(folder, "laptop", own);
    if (!brokenAuthority) news.push(`${broken}: Boothlight made a new certificate for ${names.join(", ")}.`);
  }

  const [issuer, leaf] = [authority as Pair, own as Pair];
  return {
    cert: leaf.cert + issuer.cert,
    key: leaf.key,
    authority: authorityOf(new X509Certificate(issuer.cert)),
    news,
  };
}

function authorityOf(certificate: X509Certificate): Authority {
  return {
    name: String(certificate.toLegacyObject().subject.CN),
    der: certificate.raw,
    fingerprint: certificate.fingerprint256,
  };
}

/**
 * A certificate of one's own, from two PEM files; its names are those that it is for.
 * Throws an Error of one line where a file cannot be read, is none, or the two do not belong together.
 */
export async function certificateFromFiles(files: {
  certificate: string;
  key: string;
}): Promise<Certificate & { names: string[]; expires: Instant }> {
  const cert = await textOf("CERTIFICATE", files.certificate);
  const key = await textOf("CERTIFICATE_KEY", files.key);
  const parsed = whole(() => new X509Certificate(cert));
  if (!parsed) throw new Error(`CERTIFICATE ${files.certificate} is no certificate in PEM form.`);
  const parsedKey = whole(() => createPrivateKey(key));
  if (!parsedKey) throw new Error(`CERTIFICATE_KEY ${files.key} is no unlocked private key in PEM form.`);
  if (!parsed.checkPrivateKey(parsedKey)) {
    throw new Error(`CERTIFICATE_KEY ${files.key} is not the key of CERTIFICATE ${files.certificate}.`);
  }
  return { cert, key, names: namesOn(parsed), expires: Date.parse(parsed.validTo) };
}

async function textOf(setting: string, file: string): Promise<string> {
  return readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new Error(
      error.code === "ENOENT"
        ? `${setting}: there is no file ${file}.`
        : `${setting} ${file} cannot be read: ${error.code}.`,
    );
  });
}

/** The host names and IP addresses that a certificate is for, without names that stand for many. */
function namesOn(certificate: X509Certificate): string[] {
  return [...(certificate.subjectAltName ?? "").matchAll(/(?:DNS|IP Address):([^,\s"]+)/g)]
    .map(([, name = ""]) => name.toLowerCase())
    .filter((name) => !name.includes("*"));
}

/** A certificate and its key, PEM each. */
interface Pair {
  cert: string;
  key: string;
}

type Name = "authority" | "laptop";

/** What is in the files; undefined where one of them is missing or empty. */
async function readPair(folder: string, name: Name): Promise<Pair | undefined> {
  const read = (file: string) =>
    readFile(path.join(folder, file), "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
  const [cert, key] = [await read(`${name}.crt`), await read(`${name}.key`)];
  // A copy of the folder may have lost it.
  if (key !== undefined) await chmod(path.join(folder, `${name}.key`), 0o600);
  return cert === undefined && key === undefined ? undefined : { cert: cert ?? "", key: key ?? "" };
}

/** Each file is whole or the old one. Where only one of the two arrives they do not match, and are made again. */
async function writePair(folder: string, name: Name, { cert, key }: Pair): Promise<void> {
  for (const [file, text, mode] of [
    [`${name}.key`, key, 0o600],
    [`${name}.crt`, cert, 0o644],
  ] as const) {
    const temporary = path.join(folder, `${file}.new`);
    await rm(temporary, { force: true });
    await writeFile(temporary, text, { mode, flush: true });
    await rename(temporary, path.join(folder, file));
  }
}

/** Why this is no authority that can go on; undefined where it is one. */
function whyNoAuthority(pair: Pair | undefined, now: Instant): string | undefined {
  if (!pair) return "There was none yet";
  const certificate = whole(() => new X509Certificate(pair.cert));
  const key = whole(() => createPrivateKey(pair.key));
  if (!certificate?.ca || !key) return "The files of the certificate authority are damaged";
  if (!certificate.checkPrivateKey(key)) return "The key of the certificate authority is another one's";
  // It must outlive what it issues: a certificate of some days is made anew all the time.
  if (!holds(certificate, now, 2 * RENEW_BEFORE)) return "The certificate authority ran out";
  return undefined;
}

/** Why the laptop's certificate cannot be gone on with; undefined where it can. */
function whyNotThis(
  pair: Pair | undefined,
  authority: Pair,
  names: string[],
  now: Instant,
): string | undefined {
  if (!pair) return "There was none yet";
  const certificate = whole(() => new X509Certificate(pair.cert));
  const key = whole(() => createPrivateKey(pair.key));
  if (!certificate || !key) return "The files of the laptop's certificate are damaged";
  if (!certificate.checkPrivateKey(key)) return "The key of the laptop's certificate is another one's";
  const issuer = new X509Certificate(authority.cert);
  if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) {
    return "The certificate authority is another one now";
  }
  if (!holds(certificate, now, RENEW_BEFORE)) return "The certificate runs out";
  // One that went away may come back: a certificate with a name too many does no harm.
  const isNamed = (name: string) => (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name));
  if (!names.every(isNamed)) return "The laptop's addresses changed";
  return undefined;
}

function holds(certificate: X509Certificate, now: Instant, atLeast: number): boolean {
  return Date.parse(certificate.validFrom) <= now && now + atLeast < Date.parse(certificate.validTo);
}

function whole<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

/** The library that writes certificates. It takes a fifth of a second to load, and most starts need none written. */
async function library() {
  await import("reflect-metadata");
  return import("@peculiar/x509");
}

/** A fresh key pair; the private one also as PEM. */
async function newKeys() {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  return { keys, pem: key.export({ format: "pem", type: "pkcs8" }) as string };
}

/** A certificate authority of the laptop's own that may speak for local names and addresses alone. */
async function makeAuthority(laptop: string, now: Instant): Promise<Pair> {
  const x509 = await library();
  const { keys, pem } = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: newSerial(),
      name: [{ CN: [nameFor(laptop)] }, { O: ["Boothlight"] }],
      keys,
      signingAlgorithm: ALGORITHM,
      notBefore: new Date(now - BEGINS_BEFORE),
      notAfter: new Date(now + AUTHORITY_LASTS),
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        new x509.Extension("2.5.29.30", true, LOCAL_NAMES_ALONE),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return { cert: `${certificate.toString("pem")}\n`, key: pem };
}

/** As devices list it: 64 characters are the most (RFC 5280, appendix A.1), and signs of the notation of names are none of it. */
function nameFor(laptop: string): string {
  const words = laptop.replace(/[\s"\\+=,;<>#\p{C}]+/gu, " ").trim();
  return [...`Boothlight on ${words || "a laptop"}`].slice(0, 64).join("").trim();
}

/** A certificate for the laptop's names and addresses, issued by its authority. */
async function makeCertificate(authority: Pair, names: string[], now: Instant): Promise<Pair> {
  const x509 = await library();
  const { keys, pem } = await newKeys();
  const issuer = new x509.X509Certificate(authority.cert);
  const signingKey = await webcrypto.subtle.importKey(
    "pkcs8",
    createPrivateKey(authority.key).export({ format: "der", type: "pkcs8" }),
    ALGORITHM,
    false,
    ["sign"],
  );
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: newSerial(),
      subject: [{ CN: [names[0] as string] }],
      issuer: issuer.subjectName,
      publicKey: keys.publicKey,
      signingKey,
      signingAlgorithm: ALGORITHM,
      notBefore: new Date(now - BEGINS_BEFORE),
      notAfter: new Date(Math.min(now + CERTIFICATE_LASTS, issuer.notAfter.getTime())),
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(
          names.map((value) => ({ type: isIP(value) ? ("ip" as const) : ("dns" as const), value })),
        ),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
        await x509.AuthorityKeyIdentifierExtension.create(issuer, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return { cert: `${certificate.toString("pem")}\n`, key: pem };
}

/** Positive, and not to be foretold: 16 bytes, hex. */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] as number) & 0x3f) | 0x40;
  return bytes.toString("hex");
}

/**
 * Name constraints (RFC 5280, section 4.2.1.10), which the library has no words for: what this authority issues holds
 * for names under `local`, for `localhost` and for IP addresses, of which a hall's network may use any. Whoever got
 * hold of its key could still not pass for a web site.
 */
const LOCAL_NAMES_ALONE = (() => {
  const SEQUENCE = 0x30;
  const [PERMITTED, DNS_NAME, IP_ADDRESS] = [0xa0, 0x82, 0x87];
  const der = (tag: number, ...parts: Uint8Array[]) => {
    const content = Buffer.concat(parts);
    return Buffer.concat([Uint8Array.of(tag, content.length), content]);
  };
  return der(
    SEQUENCE,
    der(
      PERMITTED,
      der(SEQUENCE, der(DNS_NAME, Buffer.from("local"))),
      der(SEQUENCE, der(DNS_NAME, Buffer.from("localhost"))),
      // An address and its mask, four and sixteen bytes each: all zero is every address.
      der(SEQUENCE, der(IP_ADDRESS, Buffer.alloc(8))),
      der(SEQUENCE, der(IP_ADDRESS, Buffer.alloc(32))),
    ),
  );
})();
