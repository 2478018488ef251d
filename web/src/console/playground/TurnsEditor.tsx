import { ArrowDown, ArrowUp, Plus, X } from "lucide-react";
import { useT } from "@/i18n";
import { Button, IconButton } from "@/ui/Button";
import { TextArea } from "@/ui/TextArea";
import { ROLES, type Role, type Turn } from "./bench";

type TurnsEditorProps = { turns: readonly Turn[]; error: string | undefined; onChange: (turns: Turn[]) => void };

/** A conversation as it is sent: each message with who says it, in an order that can be changed. */
export function TurnsEditor({ turns, error, onChange }: TurnsEditorProps) {
  const t = useT();
  const set = (index: number, changes: Partial<Turn>) => onChange(turns.map((turn, place) => (place === index ? { ...turn, ...changes } : turn)));
  const move = (index: number, by: number) => {
    const next = [...turns];
    const [turn] = next.splice(index, 1);
    if (turn) next.splice(index + by, 0, turn);
    onChange(next);
  };
  const lastRole = turns.at(-1)?.role;
  return (
    <fieldset className="flex flex-col">
      <legend className="sr-only">{t("play.turns")}</legend>
      {turns.map((turn, index) => (
        <div key={index} className="group grid grid-cols-[1fr_auto] gap-x-2 border-b border-line py-2 md:grid-cols-[7rem_1fr_auto]">
          <select
            aria-label={t("play.roleOf", { count: index + 1 })}
            className="h-9 w-28 rounded-sm bg-transparent font-medium hover:bg-hover coarse:h-11"
            value={turn.role}
            onChange={(event) => set(index, { role: event.target.value as Role })}
          >
            {ROLES.map((role) => (
              <option key={role} value={role}>
                {t(`play.role.${role}`)}
              </option>
            ))}
          </select>
          <div className="order-last col-span-2 flex min-w-0 flex-col gap-2 md:order-none md:col-span-1">
            <TextArea
              label={t("play.message", { count: index + 1 })}
              nameless
              rows={1}
              placeholder={t(turn.role === "user" ? "play.ph.user" : turn.role === "system" || turn.role === "developer" ? "play.ph.system" : "play.ph.any")}
              error={error && index === turns.length - 1 ? error : undefined}
              hint={turn.answers ? t("play.resultOf", { id: turn.answers }) : undefined}
              value={turn.content}
              onChange={(event) => set(index, { content: event.target.value })}
            />
            {turn.calls?.map((call) => (
              <code key={call.id} className="rounded-sm bg-hover px-2 py-1 font-mono text-xs break-all">
                {call.name}({call.arguments})
              </code>
            ))}
          </div>
          <div className="flex items-start">
            <IconButton label={t("play.up", { count: index + 1 })} disabled={index === 0} onClick={() => move(index, -1)}>
              <ArrowUp aria-hidden />
            </IconButton>
            <IconButton label={t("play.down", { count: index + 1 })} disabled={index === turns.length - 1} onClick={() => move(index, 1)}>
              <ArrowDown aria-hidden />
            </IconButton>
            <IconButton label={t("play.removeTurn", { count: index + 1 })} disabled={turns.length === 1} onClick={() => onChange(turns.filter((_, place) => place !== index))}>
              <X aria-hidden />
            </IconButton>
          </div>
        </div>
      ))}
      <div className="pt-2">
        <Button look="quiet" onClick={() => onChange([...turns, { role: lastRole === "user" ? "assistant" : "user", content: "" }])}>
          <Plus aria-hidden className="size-4" />
          {t("play.addTurn")}
        </Button>
      </div>
    </fieldset>
  );
}
