import type { Call } from "./calls.ts";
import { inCurl } from "./inCurl.ts";
import { inJavaScript } from "./inJavaScript.ts";
import { inPython } from "./inPython.ts";

export type { Call, CallBody } from "./calls.ts";

export const WAYS = ["curl", "python", "azure", "azureV1", "javascript"] as const;
export type Way = (typeof WAYS)[number];
export const WAY_NAMES: Record<Way, string> = { curl: "curl", python: "Python", azure: "Python (Azure)", azureV1: "Python (Azure v1)", javascript: "JavaScript" };
export const WAY_LANGUAGES: Record<Way, string> = { curl: "bash", python: "python", azure: "python", azureV1: "python", javascript: "javascript" };

/** A program that makes `call` at `origin`; tests run every one of them. Its key stands in PLEIADE_API_KEY. */
export function codeFor(way: Way, { files, ...plain }: Call, origin: string): string {
  const call: Call = files && Object.keys(files).length > 0 ? { ...plain, files } : plain; // without files it is no form
  switch (way) {
    case "curl":
      return inCurl(call, origin);
    case "javascript":
      return inJavaScript(call, origin);
    default:
      return inPython(way, call, origin);
  }
}
