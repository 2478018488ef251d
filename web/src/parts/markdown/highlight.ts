import { createJavaScriptRegexEngine } from "@shikijs/engine-javascript";
import { codeToTokensBase, createShikiPrimitiveAsync } from "@shikijs/primitive";
import type { ThemeRegistration } from "@shikijs/types";
import { GRAMMARS, type LanguageName } from "./languages";

export type ColouredLine = readonly { text: string; colour: string | undefined }[];

// Few colours, all from styles.css, so that they follow the theme without being computed again.
const THEME: ThemeRegistration = {
  name: "pleiade",
  type: "dark",
  fg: "var(--ink)",
  bg: "var(--page)",
  settings: [
    { settings: { foreground: "var(--ink)" } },
    { scope: ["comment", "punctuation.definition.comment"], settings: { foreground: "var(--quiet)" } },
    { scope: ["string", "markup.inserted", "constant.character"], settings: { foreground: "var(--good)" } },
    { scope: ["keyword", "storage", "variable.language", "markup.heading"], settings: { foreground: "var(--accent)" } },
    { scope: ["keyword.operator"], settings: { foreground: "var(--quiet)" } },
    { scope: ["constant", "constant.numeric", "support.constant"], settings: { foreground: "var(--warn)" } },
    { scope: ["entity.name.function", "support.function", "entity.name.type", "entity.name.class", "entity.name.tag"], settings: { foreground: "var(--code-name)" } },
    { scope: ["markup.deleted", "invalid"], settings: { foreground: "var(--bad)" } },
  ],
};

const shiki = createShikiPrimitiveAsync({ themes: [THEME], langs: [], engine: createJavaScriptRegexEngine({ forgiving: true }) });
const loading = new Map<LanguageName, Promise<void>>();

/** `code` in lines of coloured parts. */
export async function coloured(code: string, language: LanguageName): Promise<readonly ColouredLine[]> {
  const ready = await shiki;
  let grammar = loading.get(language);
  if (!grammar) {
    grammar = GRAMMARS[language]().then(({ default: registrations }) => ready.loadLanguage(...registrations));
    loading.set(language, grammar);
  }
  await grammar;
  const lines = codeToTokensBase(ready, code, { lang: language, theme: "pleiade", tokenizeMaxLineLength: 2000, tokenizeTimeLimit: 1000 });
  return lines.map((line) => line.map((token) => ({ text: token.content, colour: token.color })));
}
