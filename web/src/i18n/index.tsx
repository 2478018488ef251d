import { createContext, type ReactNode, use, useMemo, useSyncExternalStore } from "react";
import type audit from "./audit.en.json";
import type bulk from "./bulk.en.json";
import type called from "./called.en.json";
import type console from "./console.en.json";
import type deployments from "./deployments.en.json";
import type doctor from "./doctor.en.json";
import type english from "./en.json";
import type evals from "./evals.en.json";
import type filters from "./filters.en.json";
import type house from "./house.en.json";
import type inbox from "./inbox.en.json";
import type lessons from "./lessons.en.json";
import type keyring from "./keyring.en.json";
import type money from "./money.en.json";
import type playground from "./playground.en.json";
import type quotas from "./quotas.en.json";
import type shortcuts from "./shortcuts.en.json";
import type studio from "./studio.en.json";
import type users from "./users.en.json";

/**
 * Every text of the interface, by name: the English files are the list, the French ones must have the same (a test compares
 * them). What only one space says is in files of its own, which come with that space (`withTexts`).
 */
export type TextKey = keyof typeof english | keyof typeof audit | keyof typeof bulk | keyof typeof called | keyof typeof console | keyof typeof deployments | keyof typeof evals | keyof typeof doctor | keyof typeof filters | keyof typeof house | keyof typeof inbox | keyof typeof keyring | keyof typeof lessons | keyof typeof money | keyof typeof playground | keyof typeof quotas | keyof typeof shortcuts | keyof typeof studio | keyof typeof users;
type Texts = Record<TextKey, string>;
/** Keys that come as `name.one` and `name.other`. */
export type CountKey = TextKey extends infer Key ? (Key extends `${infer Name}.other` ? Name : never) : never;
export type Values = Record<string, string | number>;

export const LANGUAGES = { en: "English", fr: "Français" } as const;
export type Language = keyof typeof LANGUAGES;

type File = () => Promise<{ default: Record<string, string> }>;
const files = {
  everywhere: { en: () => import("./en.json"), fr: () => import("./fr.json") },
  audit: { en: () => import("./audit.en.json"), fr: () => import("./audit.fr.json") },
  bulk: { en: () => import("./bulk.en.json"), fr: () => import("./bulk.fr.json") },
  called: { en: () => import("./called.en.json"), fr: () => import("./called.fr.json") },
  console: { en: () => import("./console.en.json"), fr: () => import("./console.fr.json") },
  deployments: { en: () => import("./deployments.en.json"), fr: () => import("./deployments.fr.json") },
  evals: { en: () => import("./evals.en.json"), fr: () => import("./evals.fr.json") },
  doctor: { en: () => import("./doctor.en.json"), fr: () => import("./doctor.fr.json") },
  filters: { en: () => import("./filters.en.json"), fr: () => import("./filters.fr.json") },
  house: { en: () => import("./house.en.json"), fr: () => import("./house.fr.json") },
  inbox: { en: () => import("./inbox.en.json"), fr: () => import("./inbox.fr.json") },
  keyring: { en: () => import("./keyring.en.json"), fr: () => import("./keyring.fr.json") },
  lessons: { en: () => import("./lessons.en.json"), fr: () => import("./lessons.fr.json") },
  money: { en: () => import("./money.en.json"), fr: () => import("./money.fr.json") },
  playground: { en: () => import("./playground.en.json"), fr: () => import("./playground.fr.json") },
  quotas: { en: () => import("./quotas.en.json"), fr: () => import("./quotas.fr.json") },
  shortcuts: { en: () => import("./shortcuts.en.json"), fr: () => import("./shortcuts.fr.json") },
  studio: { en: () => import("./studio.en.json"), fr: () => import("./studio.fr.json") },
  users: { en: () => import("./users.en.json"), fr: () => import("./users.fr.json") },
} as const satisfies Record<string, Record<Language, File>>;
type Part = keyof typeof files;
const STORED = "pleiade.language";

type Loaded = { language: Language; texts: Texts };
const spoken = new Set<Part>(["everywhere"]); // parts of the app that have been opened
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
  const texts = await Promise.all([...spoken].map((part) => files[part][language]()));
  loaded = { language, texts: Object.assign({}, ...texts.map((file) => file.default)) as Texts };
  document.documentElement.lang = language;
  for (const listener of listeners) listener();
}

/** A space that is loaded when it is opened, together with its texts: for `lazy`. */
export async function withTexts<Module>(part: Part, space: Promise<Module>): Promise<Module> {
  if (!spoken.has(part)) {
    spoken.add(part);
    await speak(loaded?.language);
  }
  return space;
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
