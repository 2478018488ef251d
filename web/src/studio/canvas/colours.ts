import { useEffect, useState } from "react";
import { usePreferences } from "@/shell/preferences";

export type Colours = { accent: string; ink: string; page: string; line: string };

const TOKENS = { accent: "--accent", ink: "--ink", page: "--page", line: "--line" } as const;

/** The theme's colours, as a canvas can take them: it knows no variables. */
export function useColours(): Colours {
  const { theme } = usePreferences();
  const [colours, setColours] = useState(readColours);
  useEffect(() => {
    const read = () => setColours(readColours());
    read();
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", read);
    return () => dark.removeEventListener("change", read);
  }, [theme]);
  return colours;
}

function readColours(): Colours {
  const probe = document.createElement("span");
  document.body.append(probe);
  const read = (token: string) => {
    probe.style.color = `var(${token})`;
    return getComputedStyle(probe).color;
  };
  const found = { accent: read(TOKENS.accent), ink: read(TOKENS.ink), page: read(TOKENS.page), line: read(TOKENS.line) };
  probe.remove();
  return found;
}
