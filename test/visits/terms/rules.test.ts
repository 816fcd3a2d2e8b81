import { fold } from "../../../src/visits/rules";
import { languageOf, terms, wordsOf } from "../../../src/visits/terms/rules";
import fc from "../../support/properties";

test("singular and plural, accents and case make no difference", () => {
  expect(terms("Snapshots")).toEqual(terms("snapshot"));
  expect(terms("Instalación", "es")).toEqual(terms("instalacion", "es"));
  expect(terms("VMs on LUNs")).toEqual(terms("VM, LUN"));
});

test("little words are left out, in the language of the text", () => {
  expect(terms("How do I restore the engine?")).toEqual(["restor", "engin"]);
  expect(terms("Wie kann ich die Festplatten sichern?")).toEqual(terms("Festplatte sichern", "de"));
  expect(terms("Comment installer l'agent sans internet ?")).toEqual(["install", "agent", "internet"]);
});

test.each([
  ["SR-IOV", ["sr", "iov", "sriov"]],
  ["sriov", ["sriov"]],
  ["upgrade to 3.5", ["upgrad", "3.5"]],
  ["a v2v of 10GbE", ["v2v", "10gbe"]],
  ["NFS/iSCSI", ["nfs", "iscsi", "nfsiscsi"]],
  ["VM's, don't", ["vm"]],
  ["", []],
  ["?!…", []],
])("%j is found by %j", (text, found) => {
  expect(terms(text)).toEqual(found);
});

test("languages without spaces are split into words", () => {
  const found = terms("ストレージの移行はできますか");
  expect(found).toEqual(expect.arrayContaining(terms("ストレージ")));
  expect(found).toEqual(expect.arrayContaining(terms("移行")));
});

test("each word is there as it was typed", () => {
  expect(wordsOf("Is the LUN on iSCSI?").map((word) => word.typed)).toEqual(["LUN", "iSCSI"]);
});

test.each([
  ["Does the import keep the MAC addresses?", "en"],
  ["box dies at night and then it will not start", "en"],
  ["Wie kann ich die Festplatte sichern?", "de"],
  ["¿Hay un SDK de Python para los administradores?", "es"],
  ["Comment installer sans internet avec le miroir ?", "fr"],
  ["Como faço para migrar as máquinas do VMware?", "pt"],
  ["Come posso fare il backup della macchina?", "it"],
  ["Hoe kan ik de schijf van een machine groter maken?", "nl"],
  ["Как сделать резервную копию и восстановить её?", "ru"],
  ["ストレージの移行はできますか", "ja"],
])("%s is %s", (text, language) => {
  expect(languageOf(text)).toBe(language);
});

test.each(["storage", "LUN iSCSI", "VDI multi monitor usb", "hosted engine", ""])(
  "%j could be in any language",
  (text) => {
    expect(languageOf(text)).toBeUndefined();
  },
);

test("any text has terms, none of them empty, and the same whenever it is asked", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const found = terms(text);
      expect(found).not.toContain("");
      expect(terms(text)).toEqual(found);
    }),
  );
});

test("plain letters are folded as all others are", () => {
  // An accent makes it go the long way.
  fc.assert(
    fc.property(fc.string({ unit: "binary-ascii" }), (text) => fold(`é${text}`) === `e${fold(text)}`),
  );
});
