import { RotateCcw } from "lucide-react";
import { type KeyboardEvent, useState } from "react";
import { useLanguage, useT } from "@/i18n";
import { prefer, usePreferences } from "@/shell/preferences";
import { keysOf, SHORTCUTS, type ShortcutName, strokeOf } from "@/shell/shortcuts";
import { toast } from "@/shell/toasts";
import { Button, IconButton } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Hint } from "@/ui/Hint";
import { Keys, keysText } from "@/ui/Keys";
import { giveKeys, holderOf, keysProblem, resetKeys, withStroke } from "./ownKeys";

/** Every shortcut with its keys, to be changed. */
export default function KeysSettings() {
  const t = useT();
  const { keys: own } = usePreferences();
  const [changing, setChanging] = useState<ShortcutName | null>(null);
  const resetAll = () => {
    prefer({ keys: {} });
    toast({ text: t("shortcuts.resetDone"), undo: () => prefer({ keys: own }) });
  };
  return (
    <>
      <p className="text-quiet">{t("shortcuts.why")}</p>
      <table className="w-full">
        <caption className="sr-only">{t("keys.title")}</caption>
        <tbody>
          {(Object.keys(SHORTCUTS) as ShortcutName[]).map((name) => (
            <tr key={name} className="border-b border-line last:border-0">
              <th scope="row" className="py-1.5 pr-2 text-left font-normal">
                {t(SHORTCUTS[name].name)}
              </th>
              <td className="py-1.5">
                <div className="flex items-center justify-end gap-1">
                  {own[name] !== undefined && (
                    <Hint text={t("shortcuts.reset")}>
                      <IconButton label={t("shortcuts.resetOf", { name: t(SHORTCUTS[name].name) })} onClick={() => resetKeys(name)}>
                        <RotateCcw aria-hidden />
                      </IconButton>
                    </Hint>
                  )}
                  <button
                    type="button"
                    className="min-h-8 min-w-14 rounded-sm border border-line-strong px-2.5 hover:bg-hover coarse:min-h-11"
                    onClick={() => setChanging(name)}
                  >
                    <span className="sr-only">{t("shortcuts.changeOf", { name: t(SHORTCUTS[name].name) })} </span>
                    <Keys of={keysOf(name)} />
                  </button>
                </div>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {Object.keys(own).length > 0 && (
        <Button className="self-start" onClick={resetAll}>
          {t("shortcuts.resetAll")}
        </Button>
      )}
      {changing && <Recorder key={changing} name={changing} onClose={() => setChanging(null)} />}
    </>
  );
}

const ALONE = new Set(["Control", "Shift", "Alt", "Meta", "AltGraph", "CapsLock", "Dead"]);

/** Press the keys that it shall have: what they mean so far is told before they are given away. */
function Recorder({ name, onClose }: { name: ShortcutName; onClose: () => void }) {
  const t = useT();
  const language = useLanguage();
  const [keys, setKeys] = useState("");
  const label = t(SHORTCUTS[name].name);
  const problem = keysProblem(keys);
  const holder = keys ? holderOf(keys, name) : null;
  const told =
    problem === "browser"
      ? t("shortcuts.browser")
      : problem === "page"
        ? t("shortcuts.page")
        : holder
          ? t("shortcuts.taken", { name: t(SHORTCUTS[holder].name), keys: keysText(keysOf(name), language) })
          : null;
  const record = (event: KeyboardEvent) => {
    if (ALONE.has(event.key) || event.key === "Tab" || event.key === "Escape") return; // to move on, and to leave
    event.preventDefault();
    event.stopPropagation();
    if (event.repeat) return;
    const stroke = strokeOf(event.nativeEvent);
    setKeys((before) => withStroke(before, stroke));
  };
  return (
    <Dialog open onClose={onClose} title={label}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          giveKeys(name, keys);
          onClose();
        }}
      >
        <input
          readOnly
          autoFocus
          aria-label={t("shortcuts.press")}
          aria-describedby="keys-told"
          placeholder={t("shortcuts.press")}
          value={keys && keysText(keys, language)}
          className="h-16 rounded-md border border-control bg-page px-3 text-center text-lg outline-none placeholder:text-base placeholder:text-quiet focus:border-accent"
          onKeyDown={record}
        />
        <p id="keys-told" role="status" className={problem ? "text-bad" : "text-quiet"}>
          {told ?? t("shortcuts.two")}
        </p>
        <div className="flex justify-end gap-2">
          <Button look="quiet" onClick={onClose}>
            {t("common.cancel")}
          </Button>
          <Button look="primary" type="submit" disabled={!keys || problem !== null}>
            {t(holder && !problem ? "shortcuts.swap" : "common.save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
