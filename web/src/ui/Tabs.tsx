import { Tabs as Base } from "@base-ui/react/tabs";
import { type ReactNode, useEffect, useRef } from "react";
import { Link } from "wouter";
import { cx } from "./classes";

const LIST = "flex gap-1 overflow-x-auto border-b border-line";
const TAB = "-mb-px flex h-9 shrink-0 items-center border-b-2 px-2 text-sm whitespace-nowrap coarse:h-11";

type Tab<Value extends string> = { value: Value; name: ReactNode; content: ReactNode };
type TabsProps<Value extends string> = {
  label: string;
  tabs: readonly Tab<Value>[];
  value: Value;
  onChange: (value: Value) => void;
};

/** Parts of a page of which one is shown. Keep `value` in the address: `useSearchParams`. */
export function Tabs<Value extends string>({ label, tabs, value, onChange }: TabsProps<Value>) {
  return (
    <Base.Root value={value} onValueChange={(next: Value) => onChange(next)}>
      <Base.List aria-label={label} className={LIST}>
        {tabs.map((tab) => (
          <Base.Tab key={tab.value} value={tab.value} className={cx(TAB, "border-transparent text-quiet data-active:border-accent data-active:text-ink")}>
            {tab.name}
          </Base.Tab>
        ))}
      </Base.List>
      {tabs.map((tab) => (
        <Base.Panel key={tab.value} value={tab.value} className="outline-none">
          {tab.content}
        </Base.Panel>
      ))}
    </Base.Root>
  );
}

type LinkTab = { path: string; name: string; here: boolean };

/** Pages that lie side by side: links, of which the one shown is marked. Narrow windows scroll them. */
export function TabLinks({ label, links }: { label: string; links: readonly LinkTab[] }) {
  const current = useRef<HTMLAnchorElement>(null);
  const here = links.find((link) => link.here)?.path;
  useEffect(() => {
    if (here) current.current?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [here]);
  return (
    <nav aria-label={label} className="flex h-12 min-w-0 items-end gap-1 overflow-x-auto">
      {links.map(({ path, name, here: shown }) => (
        <Link
          key={path}
          href={path}
          ref={shown ? current : undefined}
          aria-current={shown ? "page" : undefined}
          className={cx(TAB, "h-12 coarse:h-12", shown ? "border-accent text-ink" : "border-transparent text-quiet hover:text-ink")}
        >
          {name}
        </Link>
      ))}
    </nav>
  );
}
