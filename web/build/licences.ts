import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

/** licences.txt beside the app: every package whose code or fonts are in it, with its licence's text. */
export function licences(): Plugin {
  const folders = new Set<string>();
  return {
    name: "licences",
    apply: "build",
    generateBundle(_, bundle) {
      for (const id of this.getModuleIds()) note(folders, id);
      for (const part of Object.values(bundle)) {
        if (part.type === "asset") for (const name of part.originalFileNames) note(folders, join(process.cwd(), name));
      }
      const parts = [...folders].map(licenceOf).sort((one, other) => one.name.localeCompare(other.name, "en"));
      const source = parts.map(({ name, text }) => `\n${name}\n${"-".repeat(name.length)}\n${text.trim()}\n`).join("\n");
      this.emitFile({ type: "asset", fileName: "licences.txt", source });
    },
  };
}

function note(folders: Set<string>, id: string): void {
  const found = /^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id);
  if (found?.[1]) folders.add(found[1]);
}

function licenceOf(folder: string): { name: string; text: string } {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    name: string;
    version: string;
    license?: string;
  };
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (!license && !file) throw new Error(`${name} tells no licence: it must not be in the app`);
  const text = file ? readFileSync(join(folder, file), "utf8") : "";
  return { name: `${name} ${version} (${license ?? "see below"})`, text: text || `Licence: ${license}` };
}
