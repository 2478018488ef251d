import type { TextKey, Values as TextValues } from "@/i18n";
import type { Values } from "./bench";
import type { JsonSetting, NumberSetting, Setting } from "./settings";

/** What is wrong with a field: in our words, or in the server's. */
export type Problem = { key: TextKey; values?: TextValues } | { text: string };
export type Problems = ReadonlyMap<string, Problem>;
type Read = { value: unknown } | { problem: Problem } | null;

const wrong = (key: TextKey, values?: TextValues): Read => ({ problem: values ? { key, values } : { key } });

/** A setting as it goes over the wire; null where nothing was said, or what is wrong. `most`: of a number, beside its own. */
export function readSetting(setting: Setting, values: Values, most?: number): Read {
  const typed = values[setting.name];
  if (typed === undefined) return null;
  if (setting.kind === "switch") return { value: typed === true };
  const text = String(typed);
  if (text.trim() === "") return null;
  switch (setting.kind) {
    case "number":
      return readNumber(setting, text, most);
    case "json":
      return readJson(setting, text);
    case "lines": {
      const lines = text.split("\n").filter((line) => line !== "").map(unescaped);
      return lines.length > setting.most ? wrong("play.bad.many", { most: setting.most }) : { value: lines };
    }
    case "word":
      return { value: text.trim() };
    case "choice":
      return { value: text };
  }
}

function readNumber({ min, max, step }: NumberSetting, text: string, most = Number.POSITIVE_INFINITY): Read {
  const value = Number(text.trim().replace(",", "."));
  if (!Number.isFinite(value)) return wrong("play.bad.number");
  if (Number.isInteger(step) && !Number.isInteger(value)) return wrong("play.bad.integer");
  if (value < min) return wrong("play.bad.below", { min });
  const highest = Math.min(max ?? Number.POSITIVE_INFINITY, most);
  return value > highest ? wrong("play.bad.above", { max: highest }) : { value };
}

function readJson({ shape }: JsonSetting, text: string): Read {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return wrong("play.bad.json", { why: error instanceof Error ? error.message : "" });
  }
  const isArray = Array.isArray(value);
  if (shape === "array" && !isArray) return wrong("play.bad.array");
  if (shape === "object" && (isArray || typeof value !== "object" || value === null)) return wrong("play.bad.object");
  return { value };
}

/** A line in which \n, \t and \\ stand for what cannot be typed in one. */
function unescaped(line: string): string {
  return line.replace(/\\([nt\\])/g, (_, letter: string) => ({ n: "\n", t: "\t" })[letter] ?? "\\");
}
