import { X } from "lucide-react";
import { useEffect, useState, useSyncExternalStore } from "react";
import { useT } from "@/i18n";
import { IconButton } from "@/ui/Button";

type Toast = { text: string; undo?: () => void; bad?: boolean };
type Shown = Toast & { id: number };

const SHOWN_MS = 6000;
let shown: readonly Shown[] = [];
let count = 0;
const listeners = new Set<() => void>();

function set(next: readonly Shown[]): void {
  shown = next;
  for (const listener of listeners) listener();
}

/** Tell what was done, and let it be undone: better than asking before. */
export function toast(what: Toast): void {
  count += 1;
  set([...shown.slice(-2), { ...what, id: count }]);
}

function dismiss(id: number): void {
  set(shown.filter((one) => one.id !== id));
}

export function Toasts() {
  const list = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => shown,
  );
  return (
    <div
      role="status"
      className="pointer-events-none fixed inset-x-0 bottom-4 z-50 flex flex-col items-center gap-2 px-4 pb-[env(safe-area-inset-bottom)]"
    >
      {list.map((one) => (
        <ToastLine key={one.id} toast={one} />
      ))}
    </div>
  );
}

function ToastLine({ toast: { id, text, undo, bad } }: { toast: Shown }) {
  const t = useT();
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(() => dismiss(id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [id, held]);
  return (
    <div
      className="pointer-events-auto flex max-w-full items-center gap-1 rounded-md bg-ink py-1 pr-1 pl-4 text-page shadow-lift"
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <p className="min-w-0 py-1 break-words">
        {bad && <span aria-hidden>⚠ </span>}
        {text}
      </p>
      {undo && (
        <button
          type="button"
          className="ml-2 h-8 rounded-sm px-2 font-semibold underline underline-offset-2 coarse:h-11"
          onClick={() => {
            undo();
            dismiss(id);
          }}
        >
          {t("common.undo")}
        </button>
      )}
      <IconButton label={t("common.close")} className="text-page hover:bg-transparent hover:text-page" onClick={() => dismiss(id)}>
        <X aria-hidden />
      </IconButton>
    </div>
  );
}
