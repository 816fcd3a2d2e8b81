import { gzipSync } from "node:zlib";
import { uuidv7 } from "uuidv7";
import type { Route } from "../../src/http/route";
import type { Cast } from "./cast";
import { requestText, type Shot } from "./client";
import { type Body, encoded, fieldsOf } from "./forms";

/** A route as somebody comes to it: its address, and what it takes. */
export interface Aim {
  cast: Cast;
  route: Route;
  /** Its path with values that are the caller's own. */
  path: string;
  /** With a query that it takes, where it is read. */
  target: string;
  body: Body;
  /** Names of all fields that any page has: what a stranger would play with. */
  names: string[];
}

/** Everything of a kind that is sent to a route. */
export type Family = (aim: Aim) => Shot[];

const isRead = (route: Route) => route.method === "get";
const form = (fields: [string, string][]) => new URLSearchParams(fields).toString();
const FORM = { "Content-Type": "application/x-www-form-urlencoded" };
const JSON_TYPE = { "Content-Type": "application/json" };

/** A route with these fields, in the way in which it takes fields. `bytes`: percent-encoded as they stand. */
function withFields(aim: Aim, about: string, fields: [string, string][], bytes?: string): Shot {
  const text = () => bytes ?? form(fields);
  if (isRead(aim.route)) return { about, make: () => ({ target: `${aim.path}?${text()}` }) };
  const { body } = aim;
  if (body.type !== "files") return { about, make: () => ({ body: text(), headers: FORM }) };
  return { about, make: () => encoded({ ...body, fields }) };
}

/** The same as JSON, with all that a route's own fields say. */
const asJson = (about: string, json: unknown): Shot => ({
  about,
  make: () => ({ body: JSON.stringify(json), headers: JSON_TYPE }),
});

function own(aim: Aim): [string, string][] {
  const fields = fieldsOf(aim.body);
  return fields.length > 0
    ? fields
    : [
        ["name", "x"],
        ["text", "x"],
        ["event", "winter-camp"],
        ["q", "x"],
      ];
}

/** Each of a route's fields with each of these, the others as they are; then all of them at once, and every name there is. */
function eachField(aim: Aim, values: string[]): Shot[] {
  const fields = own(aim);
  return values.flatMap((value) => {
    const said = JSON.stringify(value.length > 40 ? `${value.slice(0, 20)}… (${value.length})` : value);
    const one = fields.map(([name], index) =>
      withFields(
        aim,
        `${name} is ${said}`,
        fields.map((field, at): [string, string] => (at === index ? [field[0], value] : field)),
      ),
    );
    const all = withFields(
      aim,
      `everything is ${said}`,
      fields.map(([name]) => [name, value]),
    );
    const any = withFields(
      aim,
      `every name is ${said}`,
      aim.names.map((name) => [name, value]),
    );
    return [...one, all, ...(encodeURIComponent(value).length < 2000 ? [any] : [])];
  });
}

/** A JSON body that is good, where the route takes one; else its fields as an object. */
function json(aim: Aim): Record<string, unknown> {
  return aim.body.type === "json" ? aim.body.json : Object.fromEntries(own(aim));
}

/** Every place in a JSON value, deep down, with something else in it. */
function withEachPlace(value: unknown, put: unknown, at = ""): { at: string; json: unknown }[] {
  if (Array.isArray(value)) {
    return value.flatMap((each, index) =>
      withEachPlace(each, put, `${at}.${index}`).map((one) => ({
        at: one.at,
        json: value.map((old, where) => (where === index ? one.json : old)),
      })),
    );
  }
  if (value === null || typeof value !== "object") return [{ at, json: put }];
  const here = Object.entries(value).flatMap(([key, each]) => [
    { at: `${at}.${key}`, json: { ...value, [key]: put } },
    ...(each && typeof each === "object"
      ? withEachPlace(each, put, `${at}.${key}`).map((one) => ({
          at: one.at,
          json: { ...value, [key]: one.json },
        }))
      : []),
  ]);
  return here;
}

const wrongTypes: Family = (aim) => {
  const values: unknown[] = [
    null,
    true,
    1.5,
    -1,
    [],
    {},
    "",
    ["a", null],
    { toString: 1, length: 2 },
    [[[]]],
  ];
  return [
    ...values.flatMap((value) =>
      withEachPlace(json(aim), value).map(({ at, json }) =>
        asJson(`JSON with ${JSON.stringify(value)} at ${at}`, json),
      ),
    ),
    ...values.map((value) => asJson(`JSON that is ${JSON.stringify(value)}`, value)),
  ];
};

const missingAndExtra: Family = (aim) => {
  const fields = own(aim);
  return [
    withFields(aim, "no field", []),
    ...fields.map(([name]) =>
      withFields(
        aim,
        `no ${name}`,
        fields.filter((field) => field[0] !== name),
      ),
    ),
    withFields(aim, "fields that nobody asked for", [
      ...fields,
      ["surprise", "1"],
      ["id", uuidv7()],
      ["", ""],
      ["=", "&"],
    ]),
    withFields(
      aim,
      "every name there is",
      aim.names.map((name) => [name, "1"]),
    ),
    withFields(
      aim,
      "3000 fields",
      Array.from({ length: 3000 }, (_, index) => [`f${index}`, "1"]),
    ),
    asJson("JSON with more than was asked", {
      ...json(aim),
      surprise: 1,
      id: uuidv7(),
      isAdmin: true,
      role: "organizer",
    }),
    asJson("JSON with nothing", {}),
    { about: "nothing at all", headers: { ...FORM, "Content-Length": "0" } },
  ];
};

const hugeNumbers: Family = (aim) => {
  const texts = [
    "-1",
    "0",
    "1e400",
    "-1e400",
    "9007199254740993",
    "9".repeat(400),
    "0x10",
    "NaN",
    "Infinity",
    "1.0000000001",
    "99999999999999999999",
    "2147483648",
    "-9223372036854775809",
    "١٢٣",
  ];
  const numbers = [1e308, -1e308, 2 ** 53, -(2 ** 63), 2 ** 31, 1e21, 0.1, -0];
  return [
    ...eachField(aim, texts),
    ...numbers.flatMap((value) =>
      withEachPlace(json(aim), value).map(({ at, json }) => asJson(`JSON with ${value} at ${at}`, json)),
    ),
    {
      about: "a number of 2000 digits in JSON",
      body: JSON.stringify(json(aim)).replace(/:"?[^",}\]]+"?/, `:${"9".repeat(2000)}`),
      headers: JSON_TYPE,
    },
  ];
};

/** What one database takes and another does not, what one reader of bytes makes of them and another does not. */
const STRANGE = [
  "a\0b",
  "\u0001\u0008\u001b[31m",
  "\ufffe\uffff",
  "💡\u202e",
  "%",
  "'\"--;",
  "\\",
  "e\u0301".repeat(100),
  "x".repeat(300),
  "x".repeat(100_000),
  "\r\n\r\n",
  "2024-99-99",
  "../../etc/passwd",
  "_%_",
  "ﷺ".repeat(500),
];
/** Bytes that are no UTF-8: half of a surrogate pair, too long a way to say NUL and a slash, half a character, Latin 1. */
const BYTES = [
  "%ED%A0%80",
  "%ED%BF%BF",
  "%C0%80",
  "%C0%AF",
  "%E0%80%AF",
  "%F4%90%80%80",
  "%FF%FE",
  "%E0%A4",
  "%E9",
  "%",
  "%zz",
  "%u0000",
  "+",
  "%00",
];

/** So many of the first of these are what one database takes and another does not: each field has them. */
const TAKEN_DIFFERENTLY = 1;

const strangeTexts: Family = (aim) => {
  const names = own(aim).map(([name]) => name);
  return [
    ...eachField(aim, STRANGE.slice(0, TAKEN_DIFFERENTLY)).map((shot) => ({ ...shot, isSure: true })),
    ...BYTES.slice(0, 2).map((bytes) => ({
      ...withFields(
        aim,
        `every name is a${bytes}`,
        [],
        aim.names.map((name) => `${name}=a${bytes}`).join("&"),
      ),
      isSure: true,
    })),
    ...eachField(aim, STRANGE.slice(TAKEN_DIFFERENTLY)),
    ...BYTES.flatMap((bytes) => [
      withFields(aim, `everything is ${bytes}`, [], names.map((name) => `${name}=${bytes}`).join("&")),
      withFields(aim, `every name is ${bytes}`, [], aim.names.map((name) => `${name}=a${bytes}b`).join("&")),
      {
        about: `a query with ${bytes} as a name`,
        target: `${aim.target}${aim.target.includes("?") ? "&" : "?"}${bytes}=1&event=${bytes}`,
      },
    ]),
    ...["\\ud800", "\\udfff\\ud800", "\\u0000", "\\uffff", "a\\ud800b\\u0000c"].flatMap((escaped) =>
      withEachPlace(json(aim), "MARK").map(({ at, json }) => ({
        about: `JSON with ${escaped} at ${at}`,
        body: JSON.stringify(json).replaceAll("MARK", escaped),
        headers: JSON_TYPE,
        isSure: escaped === "\\u0000" && aim.body.type === "json",
      })),
    ),
    { about: "JSON with a strange name", body: '{"\\u0000":1,"\\ud800":2,"":3}', headers: JSON_TYPE },
  ];
};

const strangeIds: Family = ({ route }) => {
  if (!route.path.includes(":")) return [];
  const parts = [
    "%20",
    "%E0%A4",
    "%E0%A4%A4",
    "%ED%A0%80",
    "%C0%80",
    "%2F..",
    "%2e%2e%2f",
    "%5c",
    "'",
    "%27%3B--",
    "__proto__",
    "constructor",
    "toString",
    "-1",
    "0",
    "9".repeat(400),
    "x".repeat(4000),
    "%F0%9F%92%A1",
    "%25",
    "%2500",
    "%00",
    "a%00b",
    "null",
    "undefined",
    "[object%20Object]",
    ".",
    "%0d%0aX-Injected:%201",
    uuidv7(),
    uuidv7().toUpperCase(),
    "00000000-0000-0000-0000-000000000000",
    "*",
    "(a+)+$",
  ];
  return parts.map((part) => ({
    about: `${part.slice(0, 30)} for an id`,
    target: route.path.replace(/:\w+/g, part),
  }));
};

const deepJson: Family = (aim) => {
  const deep = (open: string, close: string, depth: number) => open.repeat(depth) + close.repeat(depth);
  const [first = "name"] = Object.keys(json(aim));
  const within = (text: string) => `{"${first}":${text}}`;
  const bodies: [string, () => string][] = [
    ["5000 lists in one another", () => deep("[", "]", 5000)],
    ["100,000 lists in one another", () => deep("[", "]", 100_000)],
    ["a field of 3000 lists in one another", () => within(deep("[", "]", 3000))],
    [
      "a field of 50,000 objects in one another",
      () => within(`${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`),
    ],
    ["100,000 fields", () => `{${Array.from({ length: 100_000 }, (_, index) => `"f${index}":1`).join(",")}}`],
    ["a field with 100,000 entries", () => within(`[${"1,".repeat(99_999)}1]`)],
    ["a name of 100,000 characters", () => `{"${"x".repeat(100_000)}":1}`],
    [
      "the same field 10,000 times",
      () => `{${Array.from({ length: 10_000 }, () => `"${first}":"a"`).join(",")}}`,
    ],
    ["half of JSON", () => '{"a":'],
    ["JSON with a byte order mark", () => `\ufeff${JSON.stringify(json(aim))}`],
    ["JSON with comments", () => "{/**/}"],
    ["single quotes", () => "{'a':1}"],
    ["a number alone", () => "1"],
    ["text alone", () => '"text"'],
  ];
  return bodies.map(([about, body]) => ({ about, make: () => ({ body: body(), headers: JSON_TYPE }) }));
};

/** So many zeros that they are 50 MB when they are unpacked. */
const BOMB = gzipSync(Buffer.alloc(50 * 1024 * 1024));

const contentTypes: Family = (aim) => {
  const { body, headers } = encoded(aim.body);
  const sent = (about: string, more: Record<string, string>, bytes: string | Buffer = body): Shot => ({
    about,
    body: bytes,
    headers: { ...headers, ...more },
  });
  return [
    sent("no content type", { "Content-Type": "" }),
    ...[
      "text/plain",
      "text/html",
      "application/xml",
      "application/octet-stream",
      "nonsense",
      "a/b/c",
      "application/json, text/html",
      "application/x-www-form-urlencoded; charset=klingon",
      "application/json; charset=klingon",
      "application/json; charset=utf-7",
      "application/json; charset=utf-16le",
      "application/x-www-form-urlencoded; charset=iso-8859-1",
      "application/json;",
      'application/json; charset="',
      "application/vnd.api+json",
      "multipart/mixed; boundary=x",
      "multipart/form-data",
      "APPLICATION/JSON",
      "application/x-www-form-urlencoded; charset=utf-8; boundary=x",
      "x".repeat(4000),
    ].map((type) => sent(`the type ${type.slice(0, 60)}`, { "Content-Type": type })),
    sent("packed by gzip, and it is not", { "Content-Encoding": "gzip" }),
    sent("packed by br, and it is not", { "Content-Encoding": "br" }),
    sent("packed by deflate, and it is not", { "Content-Encoding": "deflate" }),
    sent("packed in a way that nobody knows", { "Content-Encoding": "zstd" }),
    sent("packed twice", { "Content-Encoding": "gzip, gzip" }, gzipSync(gzipSync(body))),
    sent("packed by gzip", { "Content-Encoding": "gzip" }, gzipSync(body)),
    sent("half of what was packed", { "Content-Encoding": "gzip" }, gzipSync(body).subarray(0, 15)),
    sent("50 MB in 50 kB as JSON", { "Content-Encoding": "gzip", ...JSON_TYPE }, BOMB),
    sent("50 MB in 50 kB as a form", { "Content-Encoding": "gzip", ...FORM }, BOMB),
    sent(
      "50 MB in 50 kB as files",
      { "Content-Encoding": "gzip", "Content-Type": "multipart/form-data; boundary=x" },
      BOMB,
    ),
    sent("a form as JSON", JSON_TYPE, form(own(aim))),
    sent("JSON as a form", FORM, JSON.stringify(json(aim))),
    sent(
      "files as a form",
      FORM,
      encoded({ type: "files", fields: own(aim), file: { name: "a", content: "b" } }).body,
    ),
    sent("bytes", JSON_TYPE, Buffer.from([0xff, 0xfe, 0x00, 0x80, 0xc0])),
    sent("bytes as a form", FORM, Buffer.from([0xff, 0x3d, 0x00, 0x26, 0xc0, 0x3d, 0xaf])),
    { about: "a body where none belongs", method: "GET", body, headers },
  ];
};

const transfer: Family = (aim) => {
  const { body, headers } = encoded(aim.body);
  const method = aim.route.method.toUpperCase();
  const raw = (about: string, more: Record<string, string>, ...rest: string[]): Shot => ({
    about,
    mayHangUp: true,
    raw: (request) =>
      requestText(
        `${method} ${request.target} HTTP/1.1`,
        { ...request.headers, ...headers, ...more },
        ...rest,
      ),
  });
  const length = String(Buffer.byteLength(body));
  const chunked = { "Transfer-Encoding": "chunked" };
  return [
    raw("chunks", chunked, "", Buffer.byteLength(body).toString(16), body, "0", "", ""),
    raw("a chunk that is shorter than it says", chunked, "", "ffff", body, "0", "", ""),
    raw("a chunk that is longer than it says", chunked, "", "1", body, "0", "", ""),
    raw("a chunk of a negative size", chunked, "", "-1", body, "0", "", ""),
    raw("a chunk of more than any number", chunked, "", "f".repeat(40), body, "0", "", ""),
    raw("chunks with extensions", chunked, "", `1;${"x".repeat(20_000)}`, "a", "0", "", ""),
    raw("chunks that never end", chunked, "", "1", "a", ""),
    raw("chunks and a length", { ...chunked, "Content-Length": length }, "", body),
    raw("chunks of chunks", { "Transfer-Encoding": "chunked, chunked" }, "", body),
    raw("chunks by another name", { "Transfer-Encoding": " xchunked" }, "", body),
    raw("an encoding of a transfer that nobody knows", { "Transfer-Encoding": "gzip" }, "", body),
    raw("two lengths", { "Content-Length": `${length}, ${length}1` }, "", body),
    raw("two headers of length", { "Content-Length": "3", "content-Length": "4" }, "", body),
    raw("a negative length", { "Content-Length": "-5" }, "", body),
    raw("a length of more than any number", { "Content-Length": "9".repeat(30) }, "", body),
    raw("more than its length says", { "Content-Length": "1" }, "", body + body),
    raw("less than its length says", { "Content-Length": "999999" }, "", body),
    raw("no length", {}, "", body),
    raw("a header that goes on in the next line", { "X-A": "b\r\n c" }, "", ""),
    raw("a header without a name", { "": "b" }, "", ""),
    raw("a header with blanks in its name", { "X A": "b" }, "", ""),
    raw("a header with NUL", { "X-A": "b\0c" }, "", ""),
    raw(
      "bytes that are no text in a header",
      { "X-A": "\u00ff\u00fe", Cookie: "boothlight_language=\u00e9" },
      "",
      "",
    ),
    raw("a header of 40 kB", { "X-A": "x".repeat(40_000) }, "", ""),
    raw(
      "3000 headers",
      Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`X-${index}`, "1"])),
      "",
      "",
    ),
    raw("no host", { Host: "" }, "", ""),
    raw("waits to be told to go on", { Expect: "100-continue", "Content-Length": length }, "", body),
    raw("expects what nobody knows", { Expect: "a miracle" }, "", body),
    raw(
      "asks for another protocol",
      { Connection: "Upgrade, HTTP2-Settings", Upgrade: "h2c", "HTTP2-Settings": "AAA" },
      "",
      body,
    ),
    raw(
      "asks for a WebSocket",
      {
        Connection: "Upgrade",
        Upgrade: "websocket",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
      },
      "",
      "",
    ),
    {
      about: "another request in its body",
      mayHangUp: true,
      raw: ({ target, headers: all }) =>
        requestText(
          `${method} ${target} HTTP/1.1`,
          { ...all, ...headers, ...chunked, "Content-Length": "4" },
          "",
          "0",
          "",
          "GET /visits HTTP/1.1",
          "Host: x",
          "",
          "",
        ),
    },
    { about: "HTTP/0.9", mayHangUp: true, raw: ({ target }) => `${method} ${target}\r\n\r\n` },
    {
      about: "HTTP/1.0 without a host",
      mayHangUp: true,
      raw: ({ target }) => `${method} ${target} HTTP/1.0\r\n\r\n`,
    },
    {
      about: "HTTP/9.9",
      mayHangUp: true,
      raw: ({ target }) => `${method} ${target} HTTP/9.9\r\nHost: x\r\n\r\n`,
    },
    {
      about: "lines that end in LF alone",
      mayHangUp: true,
      raw: ({ target, headers: all }) =>
        requestText(`${method} ${target} HTTP/1.1`, all, "", "").replaceAll("\r\n", "\n"),
    },
    {
      about: "TLS where there is none",
      mayHangUp: true,
      raw: () => Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]),
    },
  ];
};

const PROTOTYPE = [
  "__proto__",
  "constructor",
  "prototype",
  "constructor.prototype",
  "__proto__.polluted",
  "hasOwnProperty",
  "toString",
  "valueOf",
  "__defineGetter__",
];

const prototypes: Family = (aim) => {
  const good = json(aim);
  return [
    ...PROTOTYPE.flatMap((name) => [
      withFields(aim, `a field ${name}`, [...own(aim), [name, "polluted"]]),
      withFields(aim, `fields of ${name}`, [
        ...own(aim),
        [`${name}[polluted]`, "1"],
        [`${name}.polluted`, "1"],
      ]),
      {
        about: `JSON with ${name}`,
        body: JSON.stringify(good).replace("{", `{"${name}":{"polluted":1,"length":9},`),
        headers: JSON_TYPE,
      },
      ...own(aim).map(([field]) =>
        withFields(
          aim,
          `${field} is ${name}`,
          own(aim).map((each): [string, string] => (each[0] === field ? [field, name] : each)),
        ),
      ),
      {
        about: `a query with ${name}`,
        target: `${aim.target}${aim.target.includes("?") ? "&" : "?"}${name}=1&${name}[polluted]=1&event=${name}&language=${name}&state=${name}`,
      },
      {
        about: `a cookie ${name}`,
        headers: {
          "X-More-Cookies": `${name}=1; boothlight_language=${name}; boothlight_look=${name}; boothlight_looked=${name}`,
        },
      },
      { about: `an address with ${name}`, target: aim.route.path.replace(/:\w+/g, name) },
    ]),
  ];
};

const lists: Family = (aim) => {
  const fields = own(aim);
  const names = [...new Set(fields.map(([name]) => name))];
  const text = (of: string[], each: (name: string) => string) => of.map(each).join("&");
  const ways: [string, (name: string) => string][] = [
    ["named twice", (name) => `${name}=a&${name}=b`],
    ["named 300 times", (name) => Array.from({ length: 300 }, (_, index) => `${name}=${index}`).join("&")],
    ["a list", (name) => `${name}[]=a&${name}[]=b`],
    ["an object", (name) => `${name}[b]=c`],
    ["an object of objects", (name) => `${name}[b][c][d]=e`],
    ["a list with a hole", (name) => `${name}[999999999]=a`],
    ["half a bracket", (name) => `${name}[=a&${name}]=b&[${name}=c`],
    ["a name without a value", (name) => name],
  ];
  return [
    ...ways.flatMap(([about, way]) => [
      withFields(aim, `all fields ${about}`, [], text(names, way)),
      ...(about.includes("300") ? [] : [withFields(aim, `every name ${about}`, [], text(aim.names, way))]),
      {
        about: `the query ${about}`,
        target: `${aim.path}?${text(["event", "next", "back", "day", "q", "id", "code", "codes", "language", "paper", "state", "visit", "text"], way)}`,
      },
    ]),
    ...names.flatMap((name) => [
      asJson(`${name} is a list`, { ...json(aim), [name]: ["a", "b"] }),
      asJson(`${name} is a list of lists`, { ...json(aim), [name]: [["a"], { b: 1 }] }),
      asJson(`${name} is an object`, { ...json(aim), [name]: { b: { c: "d" } } }),
    ]),
  ];
};

const paths: Family = ({ route, path, target }) => {
  const body = isRead(route) ? {} : { body: "a=b", headers: FORM };
  const method = route.method.toUpperCase();
  const to = (about: string, where: string): Shot => ({ about, target: where, ...body });
  const raw = (about: string, where: string): Shot => ({
    about,
    mayHangUp: true,
    raw: ({ headers }) => requestText(`${method} ${where} HTTP/1.1`, headers, "", ""),
  });
  const up = path.replaceAll(/[^/]+/g, "..");
  return [
    to("slashes twice", path.replaceAll("/", "//")),
    to("a slash at its end", `${path}/`),
    to("capital letters", path.toUpperCase()),
    to("steps up, written out", `${path}/..%2f..%2f..%2fetc/passwd`),
    to("steps up, in capitals", `${path}/%2E%2E/%2E%2E/etc/passwd`),
    to("steps up and back", `${path}${up}${path}`),
    to("backslashes", path.replaceAll("/", "%5c")),
    to("backslashes as they are", path.slice(1).replaceAll("/", "\\").replace(/^/, "/")),
    to("a slash that is written out", path.replace(/\/([^/]+)$/, "%2f$1")),
    to("a semicolon", `${path};jsessionid=1;/../`),
    to("a hash", `${path}%23/..`),
    to("a question mark that is written out", `${path}%3Fevent=1`),
    to("NUL at its end", `${path}%00.html`),
    to("NUL in the query", `${path}?a=%00`),
    to("a slash that is written too long", `${path}%c0%af..%c0%af`),
    to("half of a character", `${path}%e2%82`),
    to("percent signs that lead nowhere", `${path}%`),
    to(
      "written out twice",
      path.replaceAll(/[a-z]/g, (letter) => `%25${letter.charCodeAt(0).toString(16)}`),
    ),
    to(
      "written out once",
      path.replaceAll(/[a-z]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
    ),
    to("a path of 12,000 characters", `${path}/${"a/".repeat(6000)}`),
    to("a query of 12,000 characters", `${path}?${"a".repeat(12_000)}`),
    to("2000 queries", `${path}?${"a=1&".repeat(2000)}`),
    to("a query that is only signs", `${path}?&&&===???###`),
    to("styles of another place", `/assets/..%2f..%2fpackage.json`),
    to("styles, steps up", `/assets/..%5c..%5cpackage.json`),
    to("styles, steps up of another kind", "/capture/assets/%2e%2e/%2e%2e/src/app.ts"),
    to("a hidden file", "/assets/.git/config"),
    raw("an absolute address", `http://elsewhere.example${target}`),
    raw("an absolute address of another kind", `ftp://elsewhere.example${target}`),
    raw("an address without its scheme", `//elsewhere.example${target}`),
    raw("an address with somebody's name", `http://a:b@elsewhere.example${target}`),
    raw("a star", "*"),
    raw("no path", ""),
    raw("a path without its slash", target.slice(1)),
    raw("blanks in it", `${path} /../`),
    raw("letters that are not ASCII", `${path}\u00e9\u00ff`),
    raw("a tab", `${path}\t`),
    raw("a path of 100,000 characters", `${path}/${"a".repeat(100_000)}`),
  ];
};

const BREAKS = [
  "\r\nX-Injected: yes",
  "a\r\nSet-Cookie: injected=1",
  "\nX-Injected: yes",
  "\u560d\u560aX-Injected: yes",
  "a\u2028b",
  'x"; filename="y.exe',
  "é漢字💡",
  "../../x",
  "\r\n\r\n<b>split</b>",
];
const ELSEWHERE = [
  "//elsewhere.example",
  "/\\elsewhere.example",
  "\\\\elsewhere.example",
  "https://elsewhere.example",
  "/%2f/elsewhere.example",
  "/\t/elsewhere.example",
  "/\n/elsewhere.example",
  "javascript:alert(1)",
  "data:text/html,x",
  "http:elsewhere.example",
  "///elsewhere.example",
  "/.//elsewhere.example",
  "/..//elsewhere.example",
  " //elsewhere.example",
  "/./\\elsewhere.example",
  "@elsewhere.example",
  ".elsewhere.example",
  "%0d%0aX-Injected:%201",
  "/x\r\nX-Injected: 1",
];
const LEADS = ["next", "back", "return", "redirect", "event", "booth", "to", "from", "said", "done", "here"];

const injected: Family = (aim) => {
  const fields = own(aim);
  const has = new Set(fields.map(([name]) => name));
  const leads = (value: string) => LEADS.map((name): [string, string] => [name, value]);
  const query = (text: string) => `${aim.path}?${text}`;
  return [
    ...eachField(aim, BREAKS),
    ...[...BREAKS, ...ELSEWHERE].flatMap((value): Shot[] => {
      const said = JSON.stringify(value);
      const kept = fields.filter(([name]) => !LEADS.includes(name));
      const led = fields.map(([name, old]): [string, string] =>
        ["next", "back"].includes(name) ? [name, value] : [name, old],
      );
      return [
        withFields(
          aim,
          `led to ${said}`,
          has.has("next") || has.has("back") ? led : [...kept, ["next", value], ["back", value]],
        ),
        {
          ...(isRead(aim.route) ? {} : encoded(aim.body)),
          about: `a query that leads to ${said}`,
          target: query(form(leads(value))),
        },
        {
          about: `an address with ${said}`,
          target: aim.route.path.replace(/:\w+/g, encodeURIComponent(value)),
        },
      ];
    }),
    ...[
      "http://elsewhere.example",
      "null",
      "//",
      "javascript:1",
      "http://127.0.0.1:1",
      "x".repeat(3000),
    ].flatMap((value): Shot[] => [
      {
        ...(isRead(aim.route) ? {} : encoded(aim.body)),
        about: `comes from ${value.slice(0, 40)}`,
        headers: { ...encoded(aim.body).headers, Origin: value, Referer: value, "Sec-Fetch-Site": "none" },
      },
      {
        about: `for the host ${value.slice(0, 40)}`,
        headers: {
          "X-Forwarded-Host": value,
          "X-Forwarded-Proto": value,
          Forwarded: `host=${value};for=${value}`,
        },
      },
    ]),
    ...[
      "boothlight_language=%0d%0aX-Injected:1",
      "boothlight_look=%00",
      'boothlight_language=j:{"a":1}',
      "boothlight_session=j:[1]",
      "boothlight_device=s:x.y",
      "boothlight_session=%E0%A4",
      "boothlight_looked=j:null",
      "boothlight_phone=x%01",
      `boothlight_session=${"x".repeat(5000)}`,
      "=;=;;;",
      "a",
      "__proto__=1",
    ].map((cookie) => ({
      about: `the cookie ${cookie.slice(0, 40)}`,
      headers: { "X-More-Cookies": cookie },
    })),
    ...["Bearer", "Bearer  ", "Bearer a b", "Basic Og==", `Bearer ${"x".repeat(5000)}`, "Bearer \u00ff"].map(
      (value) => ({ about: `the authorization ${value.slice(0, 30)}`, headers: { Authorization: value } }),
    ),
  ];
};

const methods: Family = (aim) => {
  const { body, headers } = encoded(aim.body);
  const all = [
    "GET",
    "HEAD",
    "OPTIONS",
    "PUT",
    "PATCH",
    "DELETE",
    "POST",
    "TRACE",
    "PROPFIND",
    "PURGE",
    "SEARCH",
    "MKCOL",
    "LOCK",
    "M-SEARCH",
    "QUERY",
  ];
  return [
    ...all.map((method) => ({
      about: `the method ${method}`,
      method,
      ...(["GET", "HEAD", "TRACE"].includes(method) ? {} : { body, headers }),
    })),
    ...["DELETE", "PUT", "GET", "TRACE", "nonsense"].flatMap((method): Shot[] => [
      {
        about: `a header that says ${method}`,
        body,
        headers: {
          ...headers,
          "X-HTTP-Method-Override": method,
          "X-Method-Override": method,
          "X-HTTP-Method": method,
        },
      },
      { about: `a query that says ${method}`, target: `${aim.path}?_method=${method}`, body, headers },
      { about: `a field that says ${method}`, body: `_method=${method}`, headers: FORM },
    ]),
    ...["CONNECT", "FOO", "get", "GET\0", "A".repeat(5000), ""].map(
      (method): Shot => ({
        about: `the method ${method.slice(0, 20)}`,
        mayHangUp: true,
        raw: ({ target, headers: given }) => requestText(`${method} ${target} HTTP/1.1`, given, "", ""),
      }),
    ),
  ];
};

const conditions: Family = ({ route, body }) => {
  const sent = isRead(route) ? { headers: {} } : encoded(body);
  const odd: Record<string, string>[] = [
    { Range: "bytes=0-10" },
    { Range: "bytes=-1" },
    { Range: "bytes=99999999-" },
    { Range: `bytes=${"0-1,".repeat(2000)}0-1` },
    { Range: "lines=1-2", "If-Range": '"x"' },
    { "If-None-Match": "*" },
    { "If-Match": '"nothing"', "If-Unmodified-Since": "yesterday" },
    { "If-Modified-Since": "Fri, 31 Dec 9999 23:59:59 GMT" },
    { "If-None-Match": `"${"x".repeat(6000)}"` },
    { Accept: "" },
    { Accept: "*/*;q=0" },
    { Accept: "text/event-stream" },
    { Accept: "application/json;q=nonsense, text/html;q=1e400" },
    { Accept: `${"a/b,".repeat(2000)}c/d` },
    { "Accept-Language": "" },
    { "Accept-Language": "*;q=0" },
    { "Accept-Language": "tlh, xx-yy-zz;q=2, de;q=-1" },
    { "Accept-Language": `${"a-".repeat(3000)}b` },
    { "Accept-Encoding": "br;q=1, gzip;q=0, *;q=0" },
    { "Accept-Encoding": "nonsense" },
    { "Accept-Charset": "klingon" },
    { "X-Forwarded-For": "nonsense" },
    { "X-Forwarded-For": "::ffff:1.2.3.4, %00, ,,," },
    { "X-Forwarded-For": "x".repeat(6000) },
    { "X-Forwarded-Proto": "https" },
    { "X-Forwarded-Proto": "gopher" },
    { "Last-Event-ID": "\u00ff" },
    { "User-Agent": `$${"{"}jndi:ldap://elsewhere.example/a}` },
    { "X-Requested-With": "XMLHttpRequest", "Sec-Fetch-Mode": "nonsense" },
    { DNT: "1", "Save-Data": "on", Purpose: "prefetch", "Sec-Purpose": "prefetch" },
  ];
  return odd.map((headers) => {
    const [[name = "", value = ""] = []] = Object.entries(headers);
    return { ...sent, about: `${name}: ${value.slice(0, 40)}`, headers: { ...sent.headers, ...headers } };
  });
};

const MEGABYTES = 10 * 1024 * 1024;
const LETTERS = Buffer.alloc(MEGABYTES, "a");
const chunks = (parts: (string | Buffer)[]) => Buffer.concat(parts.map((part) => Buffer.from(part)));

const large: Family = (aim) => {
  const [name = "text"] = own(aim).map(([each]) => each);
  const part = (head: string) => [
    `--x\r\nContent-Disposition: form-data; ${head}\r\n\r\n`,
    LETTERS,
    "\r\n--x--\r\n",
  ];
  const files = { "Content-Type": "multipart/form-data; boundary=x" };
  const sent = (about: string, parts: (string | Buffer)[], headers: Record<string, string>): Shot => ({
    about,
    make: () => ({ body: chunks(parts), headers }),
    mayHangUp: true,
  });
  return [
    sent("10 MB as a form", [`${name}=`, LETTERS], FORM),
    sent("10 MB as JSON", [`{"${name}":"`, LETTERS, '"}'], JSON_TYPE),
    sent("10 MB as text", [LETTERS], { "Content-Type": "text/plain" }),
    sent("10 MB as a field of a form with files", part(`name="${name}"`), files),
    sent("10 MB as a file", part('name="file"; filename="a.json"'), files),
    {
      about: "10 MB as chunks that never say how many",
      mayHangUp: true,
      raw: ({ target, headers }) => {
        const head = { ...headers, ...JSON_TYPE, "Transfer-Encoding": "chunked" };
        const first = `${aim.route.method.toUpperCase()} ${target} HTTP/1.1`;
        return chunks([
          requestText(first, head, "", ""),
          `${MEGABYTES.toString(16)}\r\n`,
          LETTERS,
          "\r\n0\r\n\r\n",
        ]);
      },
    },
    sent("3.9 MB as JSON", [`{"${name}":"`, LETTERS.subarray(0, 3_900_000), '"}'], JSON_TYPE),
    sent("250 kB as a form", [`${name}=`, LETTERS.subarray(0, 250_000)], FORM),
  ];
};

const multipart: Family = (aim) => {
  const B = "----b";
  const type = (boundary = B) => ({ "Content-Type": `multipart/form-data; boundary=${boundary}` });
  const part = (head: string, content = "x", more = "") =>
    `--${B}\r\nContent-Disposition: form-data; ${head}\r\n${more}\r\n${content}\r\n`;
  const end = `--${B}--\r\n`;
  const good =
    aim.body.type === "files"
      ? aim.body
      : { type: "files" as const, fields: own(aim), file: { name: "a.json", content: "{}" } };
  const files = (name: string) => encoded({ ...good, file: { ...good.file, name } });
  const content = (about: string, bytes: string): Shot => ({
    about,
    ...encoded({ ...good, file: { name: "file", content: bytes } }),
  });
  const send = (about: string, body: string, headers = type()): Shot => ({
    about,
    body,
    headers,
    mayHangUp: false,
  });
  return [
    { about: "a form with files", ...encoded(good) },
    send("no boundary", part('name="a"') + end, { "Content-Type": "multipart/form-data" }),
    send("an empty boundary", part('name="a"') + end, type('""')),
    send("a boundary of 3000 characters", part('name="a"') + end, type("x".repeat(3000))),
    send("a boundary that never comes", "hello", type("never")),
    send("half of a part", `--${B}\r\nContent-Disposition: form`),
    send("no end", part('name="a"')),
    send("an end alone", end),
    send("a part without a head", `--${B}\r\n\r\nx\r\n${end}`),
    send("a part without a name", part("") + end),
    send("an empty name", part('name=""') + end),
    send(
      "a name with brackets",
      part('name="a[b][c]"') + part('name="a"') + part('name="__proto__[x]"') + end,
    ),
    send("1000 parts", part('name="a"').repeat(1000) + end),
    send("5000 files", part('name="file"; filename="a"').repeat(5000) + end),
    send("two files", part('name="file"; filename="a"') + part('name="file"; filename="b"') + end),
    send("a file by another name", part('name="surprise"; filename="a"') + end),
    send("a head of 100 kB", part('name="a"', "x", `X-A: ${"x".repeat(100_000)}\r\n`) + end),
    send("3000 heads", part('name="a"', "x", "X-A: b\r\n".repeat(3000)) + end),
    send("a name of 10 kB", part(`name="${"n".repeat(10_000)}"`) + end),
    send(
      "a part of its own encoding",
      part('name="file"; filename="a"', "=00=ff", "Content-Transfer-Encoding: quoted-printable\r\n") + end,
    ),
    send(
      "a part of a strange type",
      part('name="file"; filename="a"', "x", "Content-Type: \u00ff/; charset=klingon\r\n") + end,
    ),
    ...[
      "../../../etc/passwd",
      "..\\..\\a",
      "C:\\a.json",
      "/etc/passwd",
      "a\0.json",
      "",
      ".",
      "..",
      "a\u202e.json",
      "x".repeat(5000),
      "%2e%2e%2f",
      "a;b",
      "con",
      "é漢.json",
      "<b data-hostile>.json",
    ].map(
      (name): Shot => ({
        about: `a file that is called ${JSON.stringify(name.slice(0, 30))}`,
        ...files(name),
      }),
    ),
    send(
      "a file name in another character set",
      part("name=\"file\"; filename*=utf-8''%2e%2e%2f%00", "x") + end,
    ),
    send("a file name in one that nobody knows", part("name=\"file\"; filename*=klingon''x", "x") + end),
    content("a file of nothing", ""),
    content("a file of NUL", "\0".repeat(1000)),
    content("a file that is a list", "[1,2,3]"),
    content("a file that is half", good.file.content.slice(0, 40)),
    content("a file that is deep", "[".repeat(100_000)),
    content("a file that says less of the event", '{"format":"boothlight-event","version":2,"event":{}}'),
    content(
      "a file with strange values",
      good.file.content.replaceAll(/"(\w+)":"[^"]*"/g, '"$1":"\\u0000\\ud800"'),
    ),
    content("a file with other types", good.file.content.replaceAll(/"(\w+)":"[^"]*"/g, '"$1":[{}]')),
    content(
      "a file with prototypes",
      good.file.content.replace("{", '{"__proto__":{"polluted":1},"constructor":{},'),
    ),
    content("a file with UTF-16", Buffer.from(`\ufeff${good.file.content}`, "utf16le").toString("latin1")),
    content("a file of quotes", '"'.repeat(10_000)),
    content("a file of commas", ",".repeat(100_000)),
    content("a file of lines", "a,b\n".repeat(20_000)),
    content("a workbook", "PK\u0003\u0004\u0014\0\0\0"),
  ];
};

/** Ids of what is another one's, where a route's own belong. */
const foreign: Family = (aim) => {
  const { cast, route, body } = aim;
  const mine = cast.values;
  const theirs = Object.values(cast.foreign)
    .flatMap((values) => Object.values(values))
    .filter((value) => /^[0-9a-f-]{36}$/.test(value));
  const ids = [
    ...new Set([...theirs, mine["visits/:id"] ?? "", mine["messages/:id"] ?? "", mine["devices/:id"] ?? ""]),
  ];
  const sent = isRead(route) ? {} : encoded(body);
  return [
    ...ids.flatMap((id): Shot[] =>
      route.path.includes(":id")
        ? [
            {
              ...sent,
              about: `another one's id ${id}`,
              target: aim.path.replace(/[0-9a-f-]{36}(?=[^0-9a-f-]|$)/g, id),
            },
          ]
        : [],
    ),
    ...["winter-camp", "summer-camp"].map(
      (slug): Shot => ({
        ...sent,
        about: `the event ${slug}`,
        target: `${aim.path.replace(/winter-camp|summer-camp/, slug)}?event=${slug}`,
      }),
    ),
    ...ids.flatMap((id) =>
      own(aim)
        .filter(([, value]) => /[0-9a-f-]{36}/.test(value))
        .map(([name]) =>
          withFields(
            aim,
            `${name} is another one's ${id}`,
            own(aim).map(([each, value]): [string, string] =>
              each === name ? [each, value.replace(/[0-9a-f-]{36}/, id)] : [each, value],
            ),
          ),
        ),
    ),
    ...ids.map((id) =>
      withFields(aim, `every name is another one's ${id}`, [
        ...own(aim),
        ...["visit", "as", "question", "expert", "device", "message", "other", "undo", "code", "id"].map(
          (name): [string, string] => [name, id],
        ),
      ]),
    ),
    ...ids.flatMap((id) => [
      {
        about: `a query of another one's ${id}`,
        target: `${aim.path}?${["visit", "undone", "question", "id", "undo", "sent", "device", "as"].map((name) => `${name}=${id}`).join("&")}`,
      },
    ]),
    ...(body.type === "json"
      ? withEachPlace(body.json, ids[0]).map(({ at, json }) => asJson(`another one's id at ${at}`, json))
      : []),
  ];
};

/**
 * By the name that a failure tells. `reachesData`: the database gets to see it, and there are two of those. `isHeavy`: a few
 * of them take as long as many others.
 */
export const FAMILIES: Record<string, { shots: Family; reachesData?: boolean; isHeavy?: boolean }> = {
  "wrong types": { shots: wrongTypes, reachesData: true },
  "missing and extra fields": { shots: missingAndExtra },
  "huge numbers": { shots: hugeNumbers, reachesData: true },
  "strange texts": { shots: strangeTexts, reachesData: true },
  "strange ids": { shots: strangeIds, reachesData: true },
  "deep JSON": { shots: deepJson, isHeavy: true },
  "content types and encodings": { shots: contentTypes },
  transfer: { shots: transfer },
  prototypes: { shots: prototypes, reachesData: true },
  "lists and duplicates": { shots: lists, reachesData: true },
  "path tricks": { shots: paths },
  "header injection": { shots: injected, reachesData: true },
  methods: { shots: methods },
  "conditions and ranges": { shots: conditions },
  "large bodies": { shots: large, isHeavy: true },
  multipart: { shots: multipart, reachesData: true },
  "another one's ids": { shots: foreign, reachesData: true },
};
