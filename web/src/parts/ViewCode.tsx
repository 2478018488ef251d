import { Tabs } from "@base-ui/react/tabs";
import { useT } from "@/i18n";
import { type Call, codeFor, WAY_LANGUAGES, WAY_NAMES, WAYS } from "./callCode";
import { CodeBlock } from "./markdown/CodeBlock";

/** The very call that was made, as a program in four ways. */
export function ViewCode({ call }: { call: Call }) {
  const t = useT();
  return (
    <Tabs.Root defaultValue="curl">
      <Tabs.List aria-label={t("code.ways")} className="flex gap-1 overflow-x-auto border-b border-line">
        {WAYS.map((way) => (
          <Tabs.Tab
            key={way}
            value={way}
            className="-mb-px h-9 shrink-0 border-b-2 border-transparent px-2 text-sm text-quiet data-active:border-accent data-active:text-ink coarse:h-11"
          >
            {WAY_NAMES[way]}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {WAYS.map((way) => (
        <Tabs.Panel key={way} value={way}>
          <CodeBlock code={codeFor(way, call, location.origin)} language={WAY_LANGUAGES[way]} open={false} />
        </Tabs.Panel>
      ))}
      <p className="text-sm text-quiet">{t("code.key")}</p>
    </Tabs.Root>
  );
}
