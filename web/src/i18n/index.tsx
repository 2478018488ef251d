import { createContext, type ReactNode, use, useMemo, useSyncExternalStore } from "react";
import type english from "./en.json";

/** Every text of the interface, by name: en.json is the list, fr.json must have the same (a test compares them). */
export type TextKey = keyof typeof english;
type Texts = Record<TextKey, string>;
/** Keys that come as `name.one` and `name.other`. */
export type CountKey = TextKey extends infer Key ? (Key extends `${infer Name}.other` ? Name : never) : never;
export type Values = Record<string, string | number>;

export const LANGUAGES = { en: "English", fr: "Français" } as const;
export type Language = keyof typeof LANGUAGES;

const files = { en: () => import("./en.json"), fr: () => import("./fr.json") };
const STORED = "pleiade.language";

type Loaded = { language: Language; texts: Texts };
let loaded: Loaded | null = null;
const listeners = new Set<() => void>();

/** The one chosen here before, or else the browser's first that we speak. */
function preferred(): Language {
  const stored = localStorage.getItem(STORED);
  if (stored === "en" || stored === "fr") return stored;
  const known = navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag in LANGUAGES);
  return (known as Language | undefined) ?? "en";
}

/** Load a language's texts and show them everywhere. */
export async function speak(language: Language = preferred()): Promise<void> {
  const file = await files[language]();
  loaded = { language, texts: file.default };
  document.documentElement.lang = language;
  for (const listener of listeners) listener();
}

/** Speak another language, also the next time. */
export async function chooseLanguage(language: Language): Promise<void> {
  localStorage.setItem(STORED, language);
  await speak(language);
}

export type Translate = {
  (key: TextKey, values?: Values): string;
  /** The form that the language uses for `count`; `{count}` stands in the text. */
  count: (key: CountKey, count: number, values?: Values) => string;
};

type Speech = { language: Language; t: Translate };
const SpeechContext = createContext<Speech | null>(null);

export function SpeechProvider({ children }: { children: ReactNode }) {
  const current = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => loaded,
  );
  const speech = useMemo(() => current && { language: current.language, t: translator(current) }, [current]);
  return speech && <SpeechContext value={speech}>{children}</SpeechContext>;
}

function useSpeech(): Speech {
  const speech = use(SpeechContext);
  if (!speech) throw new Error("outside of SpeechProvider");
  return speech;
}

/** `t("chat.new")`, `t("share.until", { date })`, `t.count("chat.found", 3)`. */
export function useT(): Translate {
  return useSpeech().t;
}

export function useLanguage(): Language {
  return useSpeech().language;
}

function translator({ language, texts }: Loaded): Translate {
  const rules = new Intl.PluralRules(language);
  const number = new Intl.NumberFormat(language);
  const fill = (text: string, values: Values = {}) =>
    text.replace(/\{(\w+)\}/g, (whole, name: string) => {
      const value = values[name];
      return value === undefined ? whole : typeof value === "number" ? number.format(value) : value;
    });
  const t = (key: TextKey, values?: Values) => fill(texts[key], values);
  // French counts millions by a form of their own ("many"), which reads like "other" in every text of ours.
  const count = (key: CountKey, count: number, values?: Values) =>
    fill(texts[`${key}.${rules.select(count) === "one" ? "one" : "other"}` as TextKey], { count, ...values });
  return Object.assign(t, { count });
}
