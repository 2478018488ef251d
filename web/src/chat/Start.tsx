import type { ReactNode } from "react";
import { useSession } from "@/api/session";
import { useT } from "@/i18n";
import { useModels } from "@/parts/models";
import type { Folder } from "./types";

const EXAMPLES = ["start.example1", "start.example2", "start.example3"] as const;

type StartProps = { folder: Folder | null; temporary: boolean; onExample: (text: string) => void; children: ReactNode };

/** A chat that has not begun: where one writes, and three things to try, which work with the smallest model. */
export function Start({ folder, temporary, onExample, children }: StartProps) {
  const t = useT();
  const { user } = useSession();
  const models = useModels();
  const name = user.name.split(" ")[0];
  const heading = folder ? folder.name : temporary ? t("chat.temporary") : name ? t("start.hello", { name }) : t("start.title");
  const nobody = models.data && !models.data.data.some((model) => model.capabilities.chat_completion);
  return (
    <div className="flex min-h-0 grow flex-col overflow-y-auto">
      <div className="mx-auto my-auto flex w-full max-w-read flex-col gap-6 px-4 py-10">
        <div className="flex flex-col gap-1.5 text-center">
          <h2 className="text-xl font-semibold text-balance">{heading}</h2>
          {temporary && <p className="text-quiet">{t("chat.temporaryWhy")}</p>}
          {folder?.instructions && (
            <p className="line-clamp-2 text-quiet" dir="auto">
              {folder.instructions}
            </p>
          )}
        </div>
        {nobody && (
          <p role="status" className="rounded-md bg-warn-wash px-4 py-3 text-warn">
            {t("model.noneWhy")}
          </p>
        )}
        {children}
        {!folder && (
          <ul className="flex flex-wrap justify-center gap-2">
            {EXAMPLES.map((key) => (
              <li key={key}>
                <button type="button" className="min-h-9 rounded-full border border-line-strong px-3.5 py-1.5 text-left text-quiet hover:bg-hover hover:text-ink coarse:min-h-11" onClick={() => onExample(t(key))}>
                  {t(key)}
                </button>
              </li>
            ))}
          </ul>
        )}
      </div>
    </div>
  );
}
