import { reachableAddresses } from "../../../src/http/addresses";
import {
  ALPHABET,
  ANY_CODE,
  codeInGroups,
  newCode,
  readCode,
  slipLink,
  slipWay,
} from "../../../src/visits/slips/rules";
import fc from "../../support/properties";

/** The places of a code, drawn by the test. */
const code = fc
  .array(fc.nat(ALPHABET.length - 1), { minLength: 9, maxLength: 9 })
  .map((drawn) => newCode(() => drawn.shift() as number));

describe("a code", () => {
  test("is read as it was made, in small letters, with blanks, hyphens and dots, or with the whole address", () => {
    fc.assert(
      fc.property(code, (made) => {
        const groups = codeInGroups(made);
        for (const typed of [
          made,
          groups,
          groups.toLowerCase(),
          ` ${groups.replaceAll("-", " ")} `,
          groups.replaceAll("-", "–"),
          [...made].join("."),
          `https://booth.example.org/s/${groups}`,
        ]) {
          expect(readCode(typed)).toEqual({ kind: "code", code: made });
        }
      }),
    );
  });

  test("is read with what looks like a character of it", () => {
    const looks = { Q: "O0o", L: "1Ii", "2": "Zz", "6": "Gg", "8": "Bb" };
    fc.assert(
      fc.property(code, (made) => {
        for (const [meant, typed] of Object.entries(looks)) {
          for (const each of typed) {
            expect(readCode(made.replaceAll(meant, each))).toEqual({ kind: "code", code: made });
          }
        }
      }),
    );
  });

  test("with any one character wrong is found to be wrong, whichever it is", () => {
    fc.assert(
      fc.property(code, (made) => {
        for (let place = 0; place < made.length; place++) {
          for (const other of [...ALPHABET, "A", "V"]) {
            if (other === made[place]) continue;
            expect(readCode(made.slice(0, place) + other + made.slice(place + 1))).toEqual({ kind: "slip" });
          }
        }
      }),
    );
  });

  test("with any two characters that changed places is found to be wrong, neighbours or not", () => {
    fc.assert(
      fc.property(code, (made) => {
        for (let one = 0; one < made.length; one++) {
          for (let other = one + 1; other < made.length; other++) {
            if (made[one] === made[other]) continue;
            const places = [...made];
            [places[one], places[other]] = [places[other] as string, places[one] as string];
            expect(readCode(places.join(""))).toEqual({ kind: "slip" });
          }
        }
      }),
    );
  });

  test("with a pair misheard as another pair is found to be wrong: 22 for 77", () => {
    fc.assert(
      fc.property(
        code,
        fc.nat(8),
        fc.constantFrom(...ALPHABET),
        fc.constantFrom(...ALPHABET),
        (made, at, a, b) => {
          fc.pre(a !== b);
          const start = made.slice(0, at);
          const last = made.slice(at + 2);
          // Of the codes with this pair, those that are good.
          const good = [...ALPHABET]
            .map((each) =>
              at === 8 ? start.slice(0, 7) + each + a + a : start + a + a + last.slice(0, -1) + each,
            )
            .filter((each) => readCode(each).kind === "code");
          for (const each of good) {
            expect(readCode(each.slice(0, at) + b + b + each.slice(at + 2)).kind).toBe("slip");
          }
        },
      ),
    );
  });

  test.each(["", "KM4", "KM4-7QX-RW9", "KM4-7QX-RW9-22", "KM4-7QÄ-RW9", "../../etc", "💡".repeat(10)])(
    "is not %j",
    (typed) => {
      expect(readCode(typed)).toEqual({ kind: "none" });
    },
  );

  test("is made of 17 characters that are told apart, each about as often as the others", () => {
    expect(new Set(ALPHABET).size).toBe(17);
    expect(ALPHABET).not.toMatch(/[01ABCDEGHIJNOSTUVZ5]/);
    const counts = new Map<string, number>();
    const codes = Array.from({ length: 2000 }, () => newCode());
    for (const each of codes.join("")) counts.set(each, (counts.get(each) ?? 0) + 1);
    expect([...counts.keys()].sort().join("")).toBe(ALPHABET);
    // 20,000 characters, 1,176 of each: seven standard deviations to both sides.
    for (const count of counts.values()) expect(Math.abs(count - 1176)).toBeLessThan(7 * 34);
    expect(new Set(codes).size).toBe(2000);
    for (const each of codes) expect(readCode(each).kind).toBe("code");
  });

  test("stands in groups that can be said in one breath", () => {
    expect(codeInGroups("KM47QXRW92")).toBe("KM4-7QX-RW92");
    expect(readCode(ANY_CODE).kind).not.toBe("code");
    expect(ANY_CODE).toHaveLength(codeInGroups(newCode()).length);
  });
});

describe("a slip leads", () => {
  const mail = { subject: "Question", body: "Please & thanks" };
  const link = (where: Parameters<typeof slipWay>[0]) => slipLink(slipWay(where), "KM4-7QX-RW92", mail);

  test("to its page at PUBLIC_URL, from anywhere", () => {
    const where = {
      publicUrl: "https://booth.example.org",
      mailFrom: "a@b.example",
      nearby: "http://10.0.0.2:8080",
    };
    expect(link(where)).toBe("https://booth.example.org/s/KM4-7QX-RW92");
  });

  test.each(["team@booth.example", "The booth <team@booth.example>", '"Booth, The" <team@booth.example> '])(
    "without it to a mail to the organizers, with the code in its subject: %s",
    (mailFrom) => {
      const address = new URL(link({ mailFrom, nearby: "http://10.0.0.2:8080" }));
      expect(address.protocol + address.pathname).toBe("mailto:team@booth.example");
      expect(address.searchParams.get("subject")).toBe("Question KM4-7QX-RW92");
      expect(address.searchParams.get("body")).toBe("Please & thanks");
    },
  );

  test("without both to the laptop, as long as one is near it; else it says the code", () => {
    const [nearby] = reachableAddresses({ host: "10.0.0.2", port: 8080 });
    expect(link({ nearby })).toBe("http://10.0.0.2:8080/s/KM4-7QX-RW92");
    expect(link({})).toBe("KM4-7QX-RW92");
  });
});
