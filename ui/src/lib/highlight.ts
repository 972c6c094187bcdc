/** What a piece of code is: classes of the stylesheet. */
export type TokenKind = "k" | "s" | "c" | "fn";
export interface Token {
  text: string;
  kind?: TokenKind;
}

interface Grammar {
  keywords: Set<string>;
  line: string[]; // what begins a comment to the end of the line
  block: [string, string][]; // comments over several lines
  long: [string, string][]; // texts over several lines
  quotes: string;
}

const words = (s: string) => new Set(s.split(" "));
const common = "if else for while do switch case default break continue return try catch finally throw new this class extends import true false null in";
const cLike: Omit<Grammar, "keywords"> = { line: ["//"], block: [["/*", "*/"]], long: [], quotes: "\"'" };

const grammars: Record<string, Grammar> = {
  js: { ...cLike, long: [["`", "`"]], keywords: words(`${common} const let var function async await yield of export from as typeof instanceof void delete static get set super undefined interface type enum implements public private protected readonly declare namespace satisfies keyof`) },
  go: { ...cLike, long: [["`", "`"]], keywords: words("break case chan const continue default defer else fallthrough for func go goto if import interface map package range return select struct switch type var nil true false iota") },
  py: { line: ["#"], block: [], long: [['"""', '"""'], ["'''", "'''"]], quotes: "\"'", keywords: words("and as assert async await break case class continue def del elif else except False finally for from global if import in is lambda match None nonlocal not or pass raise return True try while with yield self") },
  rb: { line: ["#"], block: [["=begin", "=end"]], long: [], quotes: "\"'`", keywords: words("alias and begin break case class def defined? do else elsif end ensure false for if in module next nil not or raise redo rescue retry return self super then true undef unless until when while yield") },
  php: { ...cLike, line: ["//", "#"], keywords: words(`${common} function fn echo foreach as use namespace public private protected static abstract interface trait implements const global isset unset empty array match readonly instanceof`) },
  java: { ...cLike, long: [['"""', '"""']], keywords: words(`${common} abstract boolean byte char double enum final float implements instanceof int interface long native package private protected public short static super synchronized throws transient void volatile var record sealed permits fun val when is object companion data override suspend internal open lateinit init by where it`) },
  rust: { ...cLike, quotes: "\"", keywords: words("as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move mut pub ref return self Self static struct super trait true type unsafe use where while") },
  c: { ...cLike, keywords: words(`${common} auto bool char const constexpr decltype delete double enum explicit extern float friend goto inline int long mutable namespace noexcept nullptr operator override private protected public register short signed sizeof static static_cast struct template typedef typename union unsigned using virtual void volatile nil self id guard let var func defer protocol extension async await string foreach is as ref out base internal readonly sealed where yield`) },
};

const byExtension: Record<string, keyof typeof grammars> = {};
for (const [grammar, extensions] of Object.entries({
  js: "js jsx ts tsx mjs cjs mts cts vue svelte dart", go: "go", py: "py pyi", rb: "rb erb rake", php: "php", java: "java kt kts groovy scala", rust: "rs", c: "c cc cpp cxx h hh hpp m mm cs swift",
}))
  for (const e of extensions.split(" ")) byExtension[e] = grammar;

const byPlatform: Record<string, keyof typeof grammars> = { javascript: "js", node: "js", go: "go", python: "py", ruby: "rb", php: "php", java: "java", native: "c", cocoa: "c", csharp: "c", rust: "rust", dart: "js" };

/** The grammar of a file by its name, else of the platform; none is no colour. */
export function languageOf(file: string | null, platform: string | null): string | undefined {
  const extension = /\.([a-z]+)(?:[?#].*)?$/i.exec(file ?? "")?.[1]?.toLowerCase();
  return (extension && byExtension[extension]) || byPlatform[platform ?? ""];
}

const MAX_LINE = 2000; // characters that are looked at: minified code is one long line

/** Cuts lines of code, which follow each other, into what is coloured alike. Joined again they are the lines. */
export function highlight(lines: string[], language: string | undefined): Token[][] {
  const g = language === undefined ? undefined : grammars[language];
  if (!g) return lines.map((text) => [{ text }]);
  let open: { end: string; kind: TokenKind } | undefined; // what goes on from the line before
  return lines.map((line) => {
    const out: Token[] = [];
    const push = (text: string, kind?: TokenKind) => {
      if (text === "") return;
      const last = out.at(-1);
      if (last && last.kind === kind) last.text += text;
      else out.push(kind ? { text, kind } : { text });
    };
    const code = line.slice(0, MAX_LINE);
    let at = 0;
    while (at < code.length) {
      if (open) {
        const end = closing(code, at, open.end);
        push(code.slice(at, end.to), open.kind);
        at = end.to;
        if (end.found) open = undefined;
        continue;
      }
      const rest = code.slice(at);
      const long = g.block.find(([b]) => rest.startsWith(b)) ?? g.long.find(([b]) => rest.startsWith(b));
      if (long) {
        open = { end: long[1], kind: g.block.includes(long) ? "c" : "s" };
        push(long[0], open.kind);
        at += long[0].length;
        continue;
      }
      if (g.line.some((b) => rest.startsWith(b))) {
        push(rest, "c");
        break;
      }
      const c = code.charAt(at);
      if (g.quotes.includes(c)) {
        const end = closing(code, at + 1, c);
        push(code.slice(at, end.to), "s");
        at = end.to;
        continue;
      }
      const word = /^[\p{L}_$@][\p{L}\p{N}_$]*[?!]?/u.exec(rest)?.[0];
      if (word) {
        const bare = g.keywords.has(word) ? word : word.replace(/[?!]$/, "");
        const after = rest.slice(bare.length);
        push(bare, g.keywords.has(bare) && !out.at(-1)?.text.endsWith(".") ? "k" : /^[?!]?\s*\(/.test(after) ? "fn" : undefined);
        at += bare.length;
        continue;
      }
      push(c);
      at++;
    }
    push(line.slice(MAX_LINE));
    return out;
  });
}

/** Where a text that has begun ends, after what ends it. A backslash takes the next character with it. */
function closing(code: string, from: number, end: string): { to: number; found: boolean } {
  for (let i = from; i < code.length; i++) {
    if (code[i] === "\\" && end !== "*/") i++;
    else if (code.startsWith(end, i)) return { to: i + end.length, found: true };
  }
  return { to: code.length, found: false };
}
