import { type ReactNode, useEffect } from "react";
import { LANGUAGES, type Language, chooseLanguage, useLanguage, useT } from "@/i18n";
import { Mark } from "@/shell/Mark";
import { ServerAway } from "@/shell/ServerAway";

/** The frame of pages that one sees before being signed in. */
export function Doorway({ title, children }: { title: string; children: ReactNode }) {
  const t = useT();
  const language = useLanguage();
  useEffect(() => {
    document.title = `${title} · Pleiade`;
  }, [title]);
  return (
    <div className="flex min-h-dvh flex-col">
      <ServerAway />
      <main className="m-auto flex w-full max-w-sm flex-col gap-6 p-6">
        <div className="flex flex-col gap-4">
          <Mark className="size-10" />
          <h1 className="text-lg font-semibold text-balance">{title}</h1>
        </div>
        {children}
      </main>
      <footer className="flex justify-center gap-1 p-4" aria-label={t("settings.language")}>
        {(Object.keys(LANGUAGES) as Language[]).map((code) => (
          <button
            key={code}
            type="button"
            lang={code}
            aria-pressed={code === language}
            className="rounded-sm px-2 py-1 text-sm text-quiet hover:text-ink aria-pressed:text-ink aria-pressed:underline aria-pressed:underline-offset-4 coarse:min-h-11"
            onClick={() => void chooseLanguage(code)}
          >
            {LANGUAGES[code]}
          </button>
        ))}
      </footer>
    </div>
  );
}
