import { Dialog } from "@base-ui/react/dialog";
import { Search } from "lucide-react";
import { useEffect, useId, useState } from "react";
import { useT } from "@/i18n";
import { BACKDROP } from "@/ui/Dialog";
import { cx } from "@/ui/classes";
import { Keys } from "@/ui/Keys";
import { type Command, commandSources } from "./commands";

type Section = { heading: string; commands: Command[] };
const PAUSE_MS = 120; // between the last key and asking the server

/** ⌘K: every command, every space, and whatever the page can search. */
export function Palette({ open, onClose }: { open: boolean; onClose: () => void }) {
  const t = useT();
  return (
    <Dialog.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className={cx(BACKDROP, "z-30")} />
        <Dialog.Popup className="fixed top-[10vh] left-1/2 z-40 flex max-h-[70vh] w-[calc(100vw-2rem)] max-w-xl -translate-x-1/2 flex-col overflow-hidden rounded-lg border border-line bg-raised shadow-lift outline-none">
          <Dialog.Title className="sr-only">{t("palette.title")}</Dialog.Title>
          <Finder onClose={onClose} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Finder({ onClose }: { onClose: () => void }) {
  const t = useT();
  const list = useId();
  const [query, setQuery] = useState("");
  const [chosen, setChosen] = useState(0);
  const sections = useSections(query);
  const commands = sections.flatMap((section) => section.commands);
  const at = Math.min(chosen, commands.length - 1);

  const run = (command: Command | undefined) => {
    if (!command) return;
    onClose();
    command.run();
  };
  const step = (by: number) => setChosen((at + by + commands.length) % Math.max(commands.length, 1));
  const onKey: Record<string, () => void> = {
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    Home: () => setChosen(0),
    End: () => setChosen(commands.length - 1),
    Enter: () => run(commands[at]),
  };
  let index = -1;
  return (
    <>
      <div className="flex items-center gap-2 border-b border-line px-4">
        <Search aria-hidden className="size-4 shrink-0 text-quiet" />
        <input
          autoFocus // at once: the next key may follow in the same moment
          role="combobox"
          aria-expanded
          aria-controls={list}
          aria-activedescendant={commands[at] ? `${list}-${at}` : undefined}
          aria-label={t("palette.title")}
          placeholder={t("palette.placeholder")}
          className="h-12 grow bg-transparent outline-none placeholder:text-quiet"
          value={query}
          onChange={(event) => {
            setQuery(event.target.value);
            setChosen(0);
          }}
          onKeyDown={(event) => {
            const act = onKey[event.key];
            if (!act || event.nativeEvent.isComposing) return;
            event.preventDefault();
            act();
          }}
        />
      </div>
      <div id={list} role="listbox" aria-label={t("palette.title")} className="overflow-y-auto p-1">
        {sections.map(({ heading, commands: some }) => (
          <div key={heading} role="group" aria-label={heading}>
            <div aria-hidden className="px-3 pt-2 pb-1 text-xs text-quiet">
              {heading}
            </div>
            {some.map((command) => {
              index += 1;
              const own = index;
              return <Line key={command.id} id={`${list}-${own}`} command={command} chosen={own === at} onPoint={() => setChosen(own)} onRun={() => run(command)} />;
            })}
          </div>
        ))}
        {commands.length === 0 && <p className="p-4 text-center text-quiet">{t("palette.nothing", { query })}</p>}
      </div>
    </>
  );
}

type LineProps = { id: string; command: Command; chosen: boolean; onPoint: () => void; onRun: () => void };

function Line({ id, command, chosen, onPoint, onRun }: LineProps) {
  return (
    <div
      id={id}
      role="option"
      aria-selected={chosen}
      className={cx("flex min-h-9 items-center gap-3 rounded-sm px-3 py-1 [&_svg]:size-4 [&_svg]:shrink-0", chosen && "bg-chosen")}
      ref={(node) => {
        if (chosen) node?.scrollIntoView({ block: "nearest" });
      }}
      onPointerMove={onPoint}
      onClick={onRun}
    >
      {command.icon && <span className="text-quiet">{command.icon}</span>}
      <span className="min-w-0 grow truncate">
        {command.label}
        {command.detail && <span className="ml-2 text-sm text-quiet">{command.detail}</span>}
      </span>
      {command.keys && <Keys of={command.keys} />}
    </div>
  );
}

/** Lines whose label or words hold every word typed; then what pages find on their own, as it comes. */
function useSections(query: string): Section[] {
  const [found, setFound] = useState<{ query: string; sections: Section[] }>({ query: "", sections: [] });
  useEffect(() => {
    const stop = new AbortController();
    const searching = commandSources().filter((source) => source.search);
    if (!query.trim() || searching.length === 0) return;
    const timer = setTimeout(async () => {
      const sections = await Promise.all(
        searching.map(async ({ heading, search }) => ({ heading, commands: (await search?.(query, stop.signal)) ?? [] })),
      ).catch((error: unknown) => {
        if (stop.signal.aborted) return [];
        throw error;
      });
      if (!stop.signal.aborted) setFound({ query, sections });
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [query]);

  const words = plain(query).split(/\s+/).filter(Boolean);
  const fits = (command: Command) => {
    const text = plain(`${command.label} ${command.words ?? ""}`);
    return words.every((word) => text.includes(word));
  };
  const own = commandSources().map(({ heading, commands = [] }) => ({ heading, commands: commands.filter(fits) }));
  const all = [...own, ...(query.trim() ? found.sections : [])];
  return all.filter((section) => section.commands.length > 0);
}

/** Without capitals and accents: "parametres" finds « Paramètres ». */
function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
