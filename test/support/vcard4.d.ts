/** The library's own types are not where its package says. This is what the tests use of it. */
declare module "vcard4" {
  interface Property {
    property: string;
    value: string | string[];
  }
  export function parse(card: string): { getProperty(name: string): Property | Property[] | undefined };
}
