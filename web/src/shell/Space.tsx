import { Menu as MenuIcon, PanelLeft, X } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { useLocation } from "wouter";
import { useT } from "@/i18n";
import { IconButton } from "@/ui/Button";
import { Drawer } from "@/ui/Drawer";
import { Hint } from "@/ui/Hint";
import { Keys } from "@/ui/Keys";
import { prefer, usePreferences } from "./preferences";
import { RailLines } from "./Rail";
import { keysOf, useShortcut } from "./shortcuts";
import { useWide } from "./useWide";

type SpaceProps = {
  /** Of the page: in the browser's tab, and read by screen readers. */
  title: string;
  /** What stands in the top bar: the page's name, or something to choose. By default the title. */
  bar?: ReactNode;
  /** Buttons at the end of the top bar. */
  actions?: ReactNode;
  /** The column beside the page: 260 px, or a drawer on a phone. */
  list?: ReactNode;
  inspector?: { title: string; content: ReactNode; onClose: () => void } | null;
  children: ReactNode;
};

/** One space of the app: its list, its top bar, its page, its inspector. */
export function Space({ title, bar, actions, list, inspector, children }: SpaceProps) {
  const t = useT();
  const wide = useWide("md");
  const { listOpen } = usePreferences();
  const [drawer, setDrawer] = useState(false);
  const [location] = useLocation();
  const toggle = () => (wide ? prefer({ listOpen: !listOpen }) : setDrawer(!drawer));

  useShortcut("list", toggle, list !== undefined || !wide);
  useEffect(() => {
    document.title = `${title} · Pleiade`;
  }, [title]);
  useEffect(() => setDrawer(false), [location]);

  return (
    <>
      {wide && list && listOpen && (
        <aside aria-label={t("shell.list")} className="flex w-[260px] shrink-0 flex-col border-r border-line bg-side">
          {list}
        </aside>
      )}
      {!wide && (
        <Drawer open={drawer} onClose={() => setDrawer(false)} side="left" title={t("shell.menu")}>
          <div className="flex min-h-0 grow flex-col overflow-y-auto">{list}</div>
          <RailLines onGo={() => setDrawer(false)} />
        </Drawer>
      )}
      <div className="flex min-w-0 grow flex-col">
        <header className="flex h-12 shrink-0 items-center gap-2 border-b border-line px-2 md:px-3">
          {wide ? list && <ListButton onClick={toggle} open={listOpen} /> : <MenuButton onClick={toggle} />}
          <div className="flex min-w-0 grow items-center gap-2 px-1">{bar ?? <h1 className="truncate font-semibold">{title}</h1>}</div>
          {actions}
        </header>
        <main id="page" tabIndex={-1} className="flex min-h-0 grow flex-col overflow-y-auto outline-none">
          {children}
        </main>
      </div>
      {inspector && <Inspector {...inspector} />}
    </>
  );
}

function ListButton({ onClick, open }: { onClick: () => void; open: boolean }) {
  const t = useT();
  return (
    <Hint text={t("keys.list")} keys={<Keys of={keysOf("list")} inverse />}>
      <IconButton label={t("keys.list")} aria-expanded={open} onClick={onClick}>
        <PanelLeft aria-hidden />
      </IconButton>
    </Hint>
  );
}

function MenuButton({ onClick }: { onClick: () => void }) {
  const t = useT();
  return (
    <IconButton label={t("shell.menu")} onClick={onClick}>
      <MenuIcon aria-hidden />
    </IconButton>
  );
}

/** Details of what the page shows: beside it where there is room, over it where there is not. */
function Inspector({ title, content, onClose }: { title: string; content: ReactNode; onClose: () => void }) {
  const t = useT();
  const beside = useWide("xl");
  const inside = (
    <>
      <div className="flex h-12 shrink-0 items-center justify-between border-b border-line pr-2 pl-4">
        <h2 className="font-semibold">{title}</h2>
        <IconButton label={t("common.close")} onClick={onClose}>
          <X aria-hidden />
        </IconButton>
      </div>
      <div className="min-h-0 grow overflow-y-auto p-4">{content}</div>
    </>
  );
  if (beside) {
    return (
      <aside aria-label={title} className="flex w-[360px] shrink-0 flex-col border-l border-line bg-side">
        {inside}
      </aside>
    );
  }
  return (
    <Drawer open onClose={onClose} side="right" title={title}>
      {inside}
    </Drawer>
  );
}
