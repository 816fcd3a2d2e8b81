import { textOfCode } from "../../src/tablet/scan/charset";
import { parseCode } from "../../src/tablet/scan/code";
import { combine, mergeContact, readable, type Scanned } from "../../src/tablet/scan/contact";
import { checkVisit } from "../../src/visits/form";
import { aVisit } from "../support/booth";
import fc from "../support/properties";
import { CARDS } from "./cards/cards";

/** All that came of a code, blanks as one, to look for words in. */
const told = (scanned: Scanned) => readable(scanned).replace(/\s+/g, " ");
const isTaken = (contact: Scanned["contact"]) => checkVisit(aVisit({ contact })).ok;

describe("what real codes say", () => {
  test.each(CARDS)("$of", ({ code, contact, rest }) => {
    const scanned = parseCode(code);
    expect(scanned).toEqual({ contact, ...(rest && { rest }) });
    expect(isTaken(scanned.contact)).toBe(true);
  });

  test("a card says the same whichever way its lines end", () => {
    for (const { code, contact } of CARDS) {
      if (typeof code !== "string" || !code.includes("\n") || code.includes(" \r\n\0")) continue;
      expect(parseCode(code.replaceAll("\r\n", "\n")).contact).toEqual(contact);
      expect(parseCode(code.replaceAll("\r\n", "\n").replaceAll("\n", "\r\n")).contact).toEqual(contact);
    }
  });
});

describe("whatever a code says", () => {
  const start = fc.constantFrom(
    ...["", "", "BEGIN:VCARD\n", "BEGIN:VCARD\r\nVERSION:2.1\r\n", "MECARD:", "BIZCARD:", "mailto:", "tel:"],
    ...["MATMSG:TO:", "SMSTO:", "https://", "smtp:", "www.", "BEGIN:VCARD\nVERSION:4.0\nN:"],
  );
  const soup = fc
    .array(
      fc.constantFrom(
        ...[
          "EMAIL",
          "TEL",
          "N",
          "FN",
          "ORG",
          "NOTE",
          "URL",
          "ADR",
          "item1.",
          "TYPE=",
          ";CHARSET=",
          "QUOTED-PRINTABLE",
        ],
        ...[
          ":",
          ":",
          ";",
          ",",
          "=",
          "\\",
          "\n",
          "\r\n",
          " ",
          "\t",
          "=C3",
          "=",
          "%",
          "?",
          "&",
          '"',
          "<",
          ">",
          "@",
          "END:VCARD",
        ],
        ...["ü", "山", "\u0000", "\ud800", "BEGIN:VCARD", "BASE64", "\\n", "+49", "x".repeat(300)],
      ),
      { maxLength: 60 },
    )
    .map((parts) => parts.join(""));

  test("nothing throws, and what comes of it is a contact that is taken", () => {
    fc.assert(
      fc.property(start, fc.oneof(soup, fc.string({ unit: "binary", maxLength: 600 })), (before, after) => {
        expect(isTaken(parseCode(before + after).contact)).toBe(true);
      }),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(isTaken(parseCode(bytes).contact)).toBe(true);
      }),
    );
  });

  test("a mail address after a fold that no card would have is somewhere in what comes of it", () => {
    const code = "BEGIN:VCARD\r\nVERSION:2.1\r\n @\n ada.wick@lantern.example ";
    expect(told(parseCode(code))).toContain("ada.wick@lantern.example");
  });

  test("a mail address in it is somewhere in what comes of it", () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9]{1,8}$/);
    const address = fc.tuple(word, word, word).map(([a, b, c]) => `${a}.${b}@${c}.example`);
    const between = fc.constantFrom(" ", "\n", ";", ",", ":", "<", ";EMAIL:", "\nEMAIL:", "\\n", "\nNOTE:");
    fc.assert(
      fc.property(
        start,
        soup,
        between,
        address,
        between,
        soup,
        (before, some, open, address, close, more) => {
          // Bytes in quoted-printable may make other letters of those around them: this is about all other text.
          const code = `${before}${some}${open} ${address} ${close}${more}`.replaceAll("=", "");
          expect(told(parseCode(code))).toContain(address);
        },
      ),
      { numRuns: 2000 },
    );
  });

  const words = [
    "lantern",
    "wick",
    "harbour",
    "Ærø",
    "Łódź",
    "山田太郎",
    "naïve",
    "quartz",
    "O'Hara",
    "4711-08",
  ];
  const value = fc
    .array(fc.constantFrom(...words, ",", ";", "\\,", "\\;", "\\n", "-", "/", "(", ")"), {
      minLength: 1,
      maxLength: 12,
    })
    .map((parts) => parts.join(" "));
  const name = fc.constantFrom(
    ...[
      "FN",
      "N",
      "ORG",
      "TITLE",
      "ROLE",
      "NICKNAME",
      "EMAIL",
      "TEL",
      "URL",
      "ADR",
      "NOTE",
      "IMPP",
      "BDAY",
      "GEO",
    ],
    ...[
      "X-FOO",
      "item1.TEL",
      "item2.URL",
      "CATEGORIES",
      "RELATED",
      "UID",
      "X-SKYPE",
      "LABEL",
      "TEL;TYPE=fax",
      "Unknown",
    ],
  );
  const quotedPrintable = (text: string) =>
    [...Buffer.from(text)].map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");

  test("every word of a card is somewhere in what comes of it, however it is folded and encoded", () => {
    const fold = fc.constantFrom<(line: string) => string>(
      (line) => line,
      (line) => line.replace(/.{20}(?=.)/gsu, "$&\r\n "),
      (line) => line.replace(/.{33}(?=.)/gsu, "$&\r\n\t"),
      (line) => {
        const [head, ...rest] = line.split(":");
        const bytes = quotedPrintable(rest.join(":")).replace(/(?:=..){20}(?=.)/g, "$&=\r\n");
        return `${head};CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:${bytes}`;
      },
    );
    const line = fc
      .tuple(name, value, fold)
      .map(([name, value, fold]) => ({ value, text: fold(`${name}:${value}`) }));
    fc.assert(
      fc.property(
        fc.constantFrom("2.1", "3.0", "4.0"),
        fc.array(line, { maxLength: 12 }),
        fc.boolean(),
        (version, lines, isEnded) => {
          // 2.1 folds at blanks only.
          const texts = lines.map(({ text }) => text);
          const asWritten =
            version === "2.1" ? texts.map((text) => text.replace(/(?<!=)\r\n[ \t]/g, "")) : texts;
          const code = ["BEGIN:VCARD", `VERSION:${version}`, ...asWritten, ...(isEnded ? ["END:VCARD"] : [])];
          const after = told(parseCode(code.join("\r\n")));
          for (const { value } of lines) {
            for (const word of words) if (value.includes(word)) expect(after).toContain(word);
          }
        },
      ),
      { numRuns: 1500 },
    );
  });

  test("every word of a short card and of a plain code is somewhere in what comes of it", () => {
    const key = fc.constantFrom("N", "TEL", "EMAIL", "NOTE", "ORG", "ADR", "URL", "X", "T", "C", "FOO", "");
    const pieces = fc.array(fc.tuple(key, value), { maxLength: 10 });
    fc.assert(
      fc.property(fc.constantFrom("MECARD", "BIZCARD", "MEBKM"), pieces, (kind, pieces) => {
        const after = told(
          parseCode(`${kind}:${pieces.map(([key, value]) => `${key}:${value}`).join(";")};;`),
        );
        for (const [, value] of pieces)
          for (const word of words) if (value.includes(word)) expect(after).toContain(word);
      }),
    );
    fc.assert(
      fc.property(
        start.filter((text) => !text.includes("VCARD")),
        value,
        (before, value) => {
          const after = told(parseCode(`${before} ${value}`));
          for (const word of words) if (value.includes(word)) expect(after).toContain(word);
        },
      ),
    );
  });
});

describe("the bytes of a code", () => {
  const read = (bytes: Buffer, text = "the reader's guess") => textOfCode({ bytes, text, hasECI: false });

  test("are UTF-8 wherever they can be", () => {
    expect(read(Buffer.from("Jörg Müller, 山田"))).toBe("Jörg Müller, 山田");
  });
  test("are what the card in them names", () => {
    const card = Buffer.from("BEGIN:VCARD\nVERSION:2.1\nFN;CHARSET=ISO-8859-2:", "latin1");
    expect(read(Buffer.concat([card, Buffer.from([0xa3, 0xf3, 0x64, 0xbc])]))).toContain("Łódź");
  });
  test("are what the code itself says, where it does", () => {
    expect(textOfCode({ bytes: Buffer.from("ü"), text: "said", hasECI: true })).toBe("said");
  });
  test("are the reader's guess where nothing names them", () => {
    expect(read(Buffer.from([0x8e, 0x52, 0x93, 0x63]), "山田")).toBe("山田");
  });
  test("can be UTF-16 with its mark", () => {
    const text = Buffer.from("\uFEFFZoë", "utf16le");
    expect(parseCode(new Uint8Array(text)).contact).toEqual({ badge: "Zoë" });
  });
});

describe("what was scanned, put into what is there", () => {
  test("fills what is empty and leaves what was typed", () => {
    const typed = { name: "Ada B.", phone: "", consent: ["follow-up" as const] };
    expect(
      mergeContact(typed, {
        name: "Ada Byron",
        email: "ada@engines.example",
        phone: "+44 1",
        note: "Also: x: y",
      }),
    ).toEqual({
      contact: {
        name: "Ada B.",
        email: "ada@engines.example",
        phone: "+44 1",
        consent: ["follow-up"],
        note: "Also: x: y\nAlso: name: Ada Byron",
      },
    });
  });

  test("a card scanned twice changes nothing the second time", () => {
    for (const { code } of CARDS) {
      const scanned = parseCode(code);
      const once = mergeContact(undefined, scanned.contact);
      expect(once.contact).toEqual(scanned.contact);
      expect(mergeContact(once.contact, scanned.contact)).toEqual(once);
    }
  });

  test("gives back what the note has no room for", () => {
    const full = { email: "a@b.example", note: "x".repeat(1990) };
    expect(mergeContact(full, { email: "ada@engines.example" })).toEqual({
      contact: full,
      rest: "Also: e-mail: ada@engines.example",
    });
  });

  test("a badge with a card and a number says both", () => {
    expect(combine([parseCode("MECARD:N:Byron,Ada;;"), parseCode("WC24-004711")])).toEqual({
      contact: { name: "Ada Byron", badge: "WC24-004711" },
    });
  });
});
