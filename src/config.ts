import path from "node:path";
import * as z from "zod";

/** One setting as people meet it: in `--help`, in the README, in the message when it is wrong. */
export interface Setting {
  name: keyof typeof SCHEMAS;
  meaning: string;
  standard: string;
}

const address = (protocols: string[], example: string) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    message: `must be an address such as ${example}`,
  });

const WHICH_PORT = "must be a whole number from 0 to 65535";
const WHICH_PORT_OR_OFF = `${WHICH_PORT}, or off`;

const port = (which: string) =>
  z
    .string()
    .regex(/^\d{1,5}$/, which)
    .transform(Number)
    .pipe(z.number().max(65535, which));

const SCHEMAS = {
  PORT: port(WHICH_PORT),
  HOST: z.string().min(1),
  HTTPS_PORT: z.union([z.literal("off"), port(WHICH_PORT_OR_OFF)], WHICH_PORT_OR_OFF),
  CERTIFICATE: z.string().min(1),
  CERTIFICATE_KEY: z.string().min(1),
  DATA_DIR: z.string().min(1),
  DATABASE_URL: address(["postgres:", "postgresql:"], "postgres://user:password@host/database"),
  PUBLIC_URL: address(["http:", "https:"], "https://booth.example.org").refine(
    (text) => URL.canParse(text) && new URL(text).href === `${new URL(text).origin}/`,
    "must be an address without a path, such as https://booth.example.org",
  ),
  ORGANIZER_PASSPHRASE: z.string().min(8, "must have at least 8 characters"),
  SMTP_URL: address(["smtp:", "smtps:"], "smtp://mail.example.org:587"),
  MAIL_FROM: z
    .string()
    .regex(
      /^(?:[^<>@\r\n]*<[^\s<>@,;]+@[^\s<>@,;]+>|[^\s<>@,;]+@[^\s<>@,;]+)$/,
      "must be a mail address, such as booth@example.org or Our booth <booth@example.org>",
    ),
  BACKUP_DIR: z.string().min(1),
  BACKUP_PASSPHRASE: z.string().min(8, "must have at least 8 characters"),
  CHROME_PATH: z.string().min(1),
  METRICS_TOKEN: z.string().min(16, "must have at least 16 characters"),
  LOG_FILE: z.string().min(1),
  LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"], {
    error: "must be one of fatal, error, warn, info, debug, trace, silent",
  }),
};

/** Every setting, in the order in which they are listed. All are optional. */
export const SETTINGS: Setting[] = [
  { name: "PORT", meaning: "port that the laptop listens on", standard: "8080" },
  { name: "HOST", meaning: "address that it listens on", standard: "every network" },
  { name: "HTTPS_PORT", meaning: "port for HTTPS, or off", standard: "8443" },
  {
    name: "CERTIFICATE",
    meaning: "PEM file of a certificate of your own for HTTPS",
    standard: "the laptop makes one",
  },
  { name: "CERTIFICATE_KEY", meaning: "PEM file of the key of that certificate", standard: "none" },
  { name: "DATA_DIR", meaning: "folder that holds all data", standard: "./data" },
  { name: "DATABASE_URL", meaning: "PostgreSQL instead of the SQLite file in DATA_DIR", standard: "none" },
  {
    name: "PUBLIC_URL",
    meaning: "address that QR codes and mails point to",
    standard: "the laptop's address on the network",
  },
  {
    name: "ORGANIZER_PASSPHRASE",
    meaning: "the organizer's passphrase, instead of the one set at the first start",
    standard: "none",
  },
  { name: "SMTP_URL", meaning: "mail server that sends messages", standard: "none" },
  { name: "MAIL_FROM", meaning: "sender of those messages", standard: "none" },
  {
    name: "BACKUP_DIR",
    meaning: "second place that backups go to: on a stick, or a folder that syncs",
    standard: "chosen on the page Backups",
  },
  {
    name: "BACKUP_PASSPHRASE",
    meaning: "what opens backups, which are encrypted then",
    standard: "chosen on the page Backups",
  },
  {
    name: "CHROME_PATH",
    meaning: "Chrome or Chromium that makes PDFs of reports",
    standard: "the one that is installed",
  },
  {
    name: "METRICS_TOKEN",
    meaning: "bearer token for reading /metrics from another machine",
    standard: "none",
  },
  {
    name: "LOG_FILE",
    meaning: "file that the log is kept in, or off: the terminal alone",
    standard: "logs/boothlight.log in DATA_DIR",
  },
  { name: "LOG_LEVEL", meaning: "how much the log tells", standard: "info" },
];

export interface Config {
  port: number;
  /** Empty: every network. */
  host: string;
  /** Undefined: no HTTPS. */
  httpsPort?: number;
  /** Whether that port was asked for, or is the standard one, which the booth can do without. */
  isHttpsPortChosen?: boolean;
  /** PEM files of a certificate of one's own: both, or neither. */
  certificate?: string;
  certificateKey?: string;
  dataDir: string;
  databaseUrl?: string;
  publicUrl?: string;
  organizerPassphrase?: string;
  smtpUrl?: string;
  mailFrom?: string;
  backupDir?: string;
  backupPassphrase?: string;
  chromePath?: string;
  metricsToken?: string;
  /** `off`: none; undefined: the one in the data folder. */
  logFile?: string;
  logLevel: string;
}

/**
 * Reads the settings from the environment. Empty counts as not set.
 * Throws an Error whose message is one line: which setting is wrong, and why.
 */
export function readConfig(environment: Record<string, string | undefined> = process.env): Config {
  const read = <Name extends keyof typeof SCHEMAS>(name: Name) => {
    const text = environment[name]?.trim();
    if (!text) return undefined;
    const parsed = SCHEMAS[name].safeParse(text);
    if (!parsed.success) throw new Error(`${name} ${parsed.error.issues[0]?.message}.`);
    return parsed.data as z.infer<(typeof SCHEMAS)[Name]>;
  };
  const publicUrl = read("PUBLIC_URL");
  const port = read("PORT") ?? 8080;
  const httpsPort = read("HTTPS_PORT");
  if (httpsPort === port && port !== 0) throw new Error("HTTPS_PORT must be another port than PORT.");
  const [certificate, certificateKey] = [read("CERTIFICATE"), read("CERTIFICATE_KEY")];
  if (certificate && !certificateKey) throw new Error("CERTIFICATE_KEY must be set where CERTIFICATE is.");
  if (certificateKey && !certificate) throw new Error("CERTIFICATE must be set where CERTIFICATE_KEY is.");
  const backupDir = read("BACKUP_DIR");
  const [smtpUrl, mailFrom] = [read("SMTP_URL"), read("MAIL_FROM")];
  if (smtpUrl && !mailFrom) throw new Error("MAIL_FROM must be set where SMTP_URL is: mail has a sender.");
  const logFile = read("LOG_FILE");
  return {
    port,
    host: read("HOST") ?? "",
    httpsPort: httpsPort === "off" ? undefined : (httpsPort ?? (port === 0 ? 0 : 8443)),
    isHttpsPortChosen: httpsPort !== undefined,
    certificate: certificate && path.resolve(certificate),
    certificateKey: certificateKey && path.resolve(certificateKey),
    dataDir: path.resolve(read("DATA_DIR") ?? "./data"),
    databaseUrl: read("DATABASE_URL"),
    publicUrl: publicUrl && new URL(publicUrl).origin,
    organizerPassphrase: read("ORGANIZER_PASSPHRASE"),
    smtpUrl,
    mailFrom,
    backupDir: backupDir && path.resolve(backupDir),
    backupPassphrase: read("BACKUP_PASSPHRASE"),
    chromePath: read("CHROME_PATH"),
    metricsToken: read("METRICS_TOKEN"),
    logFile: logFile === "off" ? logFile : logFile && path.resolve(logFile),
    logLevel: read("LOG_LEVEL") ?? "info",
  };
}
