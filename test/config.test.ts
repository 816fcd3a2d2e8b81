import path from "node:path";
import { readConfig, SETTINGS } from "../src/config";

/** A value that is right for each setting, and what the program makes of it. */
const RIGHT = {
  PORT: ["8081", { port: 8081 }],
  HOST: ["192.0.2.7", { host: "192.0.2.7" }],
  HTTPS_PORT: ["443", { httpsPort: 443, isHttpsPortChosen: true }],
  CERTIFICATE: ["/srv/booth light.crt", { certificate: "/srv/booth light.crt" }],
  CERTIFICATE_KEY: ["/srv/booth light.key", { certificateKey: "/srv/booth light.key" }],
  DATA_DIR: ["/srv/booth light", { dataDir: "/srv/booth light" }],
  DATABASE_URL: ["postgres://booth:secret@db/booth", { databaseUrl: "postgres://booth:secret@db/booth" }],
  PUBLIC_URL: ["https://booth.example.org/", { publicUrl: "https://booth.example.org" }],
  ORGANIZER_PASSPHRASE: ["four words are good", { organizerPassphrase: "four words are good" }],
  SMTP_URL: ["smtps://mail.example.org:465", { smtpUrl: "smtps://mail.example.org:465" }],
  MAIL_FROM: ["Booth <booth@example.org>", { mailFrom: "Booth <booth@example.org>" }],
  BACKUP_DIR: ["/media/ada/STICK", { backupDir: "/media/ada/STICK" }],
  BACKUP_PASSPHRASE: ["four words are good", { backupPassphrase: "four words are good" }],
  CHROME_PATH: ["/opt/chrome", { chromePath: "/opt/chrome" }],
  METRICS_TOKEN: ["sixteen-and-more-letters", { metricsToken: "sixteen-and-more-letters" }],
  LOG_FILE: ["logs/booth.log", { logFile: path.resolve("logs/booth.log") }],
  LOG_LEVEL: ["warn", { logLevel: "warn" }],
} as const;

test("nothing has to be set", () => {
  expect(readConfig({})).toEqual({
    port: 8080,
    host: "",
    httpsPort: 8443,
    isHttpsPortChosen: false,
    certificate: undefined,
    certificateKey: undefined,
    dataDir: path.resolve("data"),
    databaseUrl: undefined,
    publicUrl: undefined,
    organizerPassphrase: undefined,
    smtpUrl: undefined,
    mailFrom: undefined,
    backupDir: undefined,
    backupPassphrase: undefined,
    chromePath: undefined,
    metricsToken: undefined,
    logFile: undefined,
    logLevel: "info",
  });
});

test("empty is the same as not set", () => {
  const empty = Object.fromEntries(SETTINGS.map(({ name }) => [name, "  "]));
  expect(readConfig(empty)).toEqual(readConfig({}));
});

test("every setting is listed once, with its meaning and its standard", () => {
  expect(SETTINGS.map(({ name }) => name)).toEqual(Object.keys(RIGHT));
  for (const { meaning, standard } of SETTINGS) {
    expect(meaning).not.toBe("");
    expect(standard).not.toBe("");
  }
});

/** Settings that are set together or not at all. */
const TOGETHER = ["CERTIFICATE", "CERTIFICATE_KEY", "SMTP_URL"];

test.each(Object.entries(RIGHT).filter(([name]) => !TOGETHER.includes(name)))(
  "%s is read",
  (name, [text, config]) => {
    expect(readConfig({ [name]: ` ${text} ` })).toEqual({ ...readConfig({}), ...config });
  },
);

test("a certificate of one's own is read together with its key, and neither without the other", () => {
  const [CERTIFICATE, CERTIFICATE_KEY] = ["certificates/booth.crt", "/srv/booth.key"];
  expect(readConfig({ CERTIFICATE, CERTIFICATE_KEY })).toMatchObject({
    certificate: path.resolve("certificates/booth.crt"),
    certificateKey: "/srv/booth.key",
  });
  expect(() => readConfig({ CERTIFICATE })).toThrow("CERTIFICATE_KEY must be set where CERTIFICATE is.");
  expect(() => readConfig({ CERTIFICATE_KEY })).toThrow("CERTIFICATE must be set where CERTIFICATE_KEY is.");
});

test("a mail server is read together with a sender; a sender alone is for drafts and slips", () => {
  const [SMTP_URL, MAIL_FROM] = ["smtp://mail.example.org:587", "Our booth <booth@example.org>"];
  expect(readConfig({ SMTP_URL, MAIL_FROM })).toMatchObject({ smtpUrl: SMTP_URL, mailFrom: MAIL_FROM });
  expect(() => readConfig({ SMTP_URL })).toThrow(/^MAIL_FROM must be set where SMTP_URL is: .+\.$/);
  expect(readConfig({ MAIL_FROM })).toMatchObject({ smtpUrl: undefined, mailFrom: MAIL_FROM });
});

test.each(["booth", "a@b, c@d", "Booth <a@b> <c@d>", "<a@b", "a@b\r\nBcc: c@d", "a b@c"])(
  "%j is no sender",
  (MAIL_FROM) => {
    expect(() => readConfig({ MAIL_FROM })).toThrow("MAIL_FROM must be a mail address");
  },
);

test("HTTPS is switched off by a word, goes along with a free port for HTTP, and never shares a port with it", () => {
  expect(readConfig({ HTTPS_PORT: "off" }).httpsPort).toBeUndefined();
  expect(readConfig({ PORT: "0" })).toMatchObject({ httpsPort: 0, isHttpsPortChosen: false });
  expect(readConfig({ PORT: "0", HTTPS_PORT: "8444" }).httpsPort).toBe(8444);
  expect(readConfig({ PORT: "0", HTTPS_PORT: "0" }).httpsPort).toBe(0);
  expect(() => readConfig({ PORT: "9000", HTTPS_PORT: "9000" })).toThrow(
    "HTTPS_PORT must be another port than PORT.",
  );
});

test.each([
  ["METRICS_TOKEN", "too-short", "must have at least 16 characters"],
  ["PORT", "http", "must be a whole number from 0 to 65535"],
  ["PORT", "-1", "must be a whole number from 0 to 65535"],
  ["PORT", "80.5", "must be a whole number from 0 to 65535"],
  ["PORT", "65536", "must be a whole number from 0 to 65535"],
  ["PORT", "0x50", "must be a whole number from 0 to 65535"],
  ["HTTPS_PORT", "on", "must be a whole number from 0 to 65535, or off"],
  ["HTTPS_PORT", "65536", "must be a whole number from 0 to 65535, or off"],
  ["DATABASE_URL", "mysql://db/booth", "must be an address such as postgres://"],
  ["DATABASE_URL", "db", "must be an address such as postgres://"],
  ["PUBLIC_URL", "booth.example.org", "must be an address such as https://"],
  ["PUBLIC_URL", "ftp://booth.example.org", "must be an address such as https://"],
  ["PUBLIC_URL", "https://example.org/booth", "without a path"],
  ["PUBLIC_URL", "https://example.org/?a=b", "without a path"],
  ["PUBLIC_URL", "https://ada:secret@example.org", "without a path"],
  ["ORGANIZER_PASSPHRASE", "short", "must have at least 8 characters"],
  ["SMTP_URL", "mail.example.org:587", "must be an address such as smtp://"],
  ["MAIL_FROM", "the booth", "must be a mail address"],
  ["LOG_LEVEL", "loud", "must be one of fatal, error, warn, info, debug, trace, silent"],
])("%s=%s is refused in one line that says why, and not what was set", (name, text, reason) => {
  let message = "";
  try {
    readConfig({ [name]: text });
  } catch (error) {
    message = (error as Error).message;
  }
  expect(message).toMatch(new RegExp(`^${name} must [^\n]*\\.$`));
  expect(message).toContain(reason);
  expect(message).not.toMatch(/secret|short\b/);
});
