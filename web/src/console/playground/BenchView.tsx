import { Columns2, Play, SlidersHorizontal, Square } from "lucide-react";
import { useState } from "react";
import { useLanguage, useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { ErrorState } from "@/parts/ErrorState";
import { type Model, useModels } from "@/parts/models";
import { useShortcut } from "@/shell/shortcuts";
import { useWide } from "@/shell/useWide";
import { Button } from "@/ui/Button";
import { cx } from "@/ui/classes";
import { Drawer } from "@/ui/Drawer";
import { Keys, keysText } from "@/ui/Keys";
import { type Bench, type Lane, LANE_NAMES, type TabName } from "./bench";
import { CodeButton } from "./CodeButton";
import { InputEditor } from "./InputEditor";
import { LaneView } from "./LaneView";
import type { Problems } from "./reading";
import { callOf } from "./request";
import { SettingsPanel } from "./SettingsPanel";
import { useProblemText } from "./useProblemText";
import { useRun } from "./useRun";

const ABLE: Record<TabName, keyof Model["capabilities"]> = {
  chat: "chat_completion",
  completion: "completion",
  images: "image_generation",
  embeddings: "embeddings",
  rewards: "rewards",
};
const INPUT_FIELDS = ["messages", "prompt", "input"];

type BenchViewProps = { bench: Bench; onChange: (bench: Bench) => void };

/** One tab: what is asked, who is asked and how, and what came of it. Two lanes are asked the same at the same time. */
export function BenchView({ bench, onChange }: BenchViewProps) {
  const t = useT();
  const language = useLanguage();
  const { data, error, refetch } = useModels();
  const wide = useWide("xl");
  const [drawer, setDrawer] = useState(false);
  const [shownLane, setShownLane] = useState(0);
  const [tried, setTried] = useState(false);
  const problemText = useProblemText();
  const runs = [useRun(), useRun()];

  const models = (data?.data ?? []).filter((model) => model.capabilities[ABLE[bench.tab]]);
  const lanes = bench.lanes.map((lane) => (lane.deployment ? lane : { ...lane, deployment: models[0]?.id ?? "" }));
  const asked = lanes.map((lane) => callOf(bench, lane, models.find((model) => model.id === lane.deployment)));
  const running = runs.some(({ run }) => run?.state === "running");
  const stop = () => runs.forEach((one) => one.stop());
  const setLane = (index: number, lane: Lane) => onChange({ ...bench, lanes: bench.lanes.map((one, place) => (place === index ? lane : one)) } as Bench);

  useShortcut("stop", stop, running);
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (data && models.length === 0) {
    return <EmptyState title={t(`play.none.${bench.tab}`)}>{t("play.noneWhy", { command: `pleiade deploy ${EXAMPLES[bench.tab]}` })}</EmptyState>;
  }

  const showProblem = (index: number) => {
    setTried(true);
    const first = [...(asked[index]?.problems.keys() ?? [])][0] ?? "";
    if (!INPUT_FIELDS.includes(first)) {
      setShownLane(index);
      if (!wide) setDrawer(true);
    }
    // Once it is drawn: to the field that has to be mended, in a group that may be closed.
    setTimeout(() => {
      const field = document.querySelector<HTMLElement>("[data-playground] [aria-invalid=true]");
      field?.closest("details")?.setAttribute("open", "");
      field?.focus();
    });
  };
  const ask = (given: Bench = bench) => {
    const calls = lanes.map((lane) => callOf(given, lane, models.find((model) => model.id === lane.deployment)));
    const bad = calls.findIndex(({ problems }) => problems.size > 0);
    if (bad >= 0) return showProblem(bad);
    setTried(false);
    calls.forEach(({ call }, index) => void runs[index]?.start(given, call));
  };
  const compare = () => {
    const [first] = lanes;
    if (!first) return;
    runs[1]?.clear();
    setShownLane(lanes.length > 1 ? 0 : 1);
    onChange({ ...bench, lanes: lanes.length > 1 ? [first] : [first, { deployment: models.find((model) => model.id !== first.deployment)?.id ?? first.deployment, values: first.values }] } as Bench);
  };

  const inputProblems = new Map([...(asked[0]?.problems ?? [])].filter(([field]) => tried && INPUT_FIELDS.includes(field)));
  const bad = asked.flatMap(({ problems }) => [...problems]).filter(([field]) => tried || !INPUT_FIELDS.includes(field));
  const settings = (
    <SettingsPanel
      tab={bench.tab}
      lanes={lanes}
      models={models}
      problems={asked.map(({ problems }, index) => withRefusal(problems, runs[index]?.run?.error))}
      shown={Math.min(shownLane, lanes.length - 1)}
      onShow={setShownLane}
      onChange={setLane}
    />
  );
  return (
    <div data-playground className="grid gap-6 pt-4 xl:grid-cols-[minmax(0,1fr)_20rem]">
      <div
        className="flex min-w-0 flex-col gap-4"
        onKeyDown={(event) => {
          if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
          event.preventDefault();
          ask();
        }}
      >
        <InputEditor bench={bench} onChange={onChange} problems={inputProblems} />
        <div className="flex flex-wrap items-center gap-2">
          {running ? (
            <Button key="stop" onClick={stop}>
              <Square aria-hidden className="size-3.5 fill-current" />
              {t("play.stop")}
              <Keys of="escape" />
            </Button>
          ) : (
            <Button key="ask" look="primary" onClick={() => ask()}>
              <Play aria-hidden className="size-4" />
              {t("play.ask")}
              <kbd className="font-sans text-xs font-normal coarse:hidden">{keysText("mod+enter", language)}</kbd>
            </Button>
          )}
          <Button look="quiet" aria-pressed={lanes.length > 1} onClick={compare}>
            <Columns2 aria-hidden className="size-4" />
            {t("play.compare")}
          </Button>
          <CodeButton calls={asked.map(({ call }) => call)} />
          {!wide && (
            <Button look="quiet" onClick={() => setDrawer(true)}>
              <SlidersHorizontal aria-hidden className="size-4" />
              {t("play.settings")}
            </Button>
          )}
          {bad[0] && (
            <p className="text-sm text-bad">
              {bad[0][0]}: {problemText(bad[0][1])}
            </p>
          )}
        </div>
        <div className={cx("grid min-w-0 gap-4", lanes.length > 1 && "md:grid-cols-2")}>
          {lanes.map((lane, index) => (
            <LaneView
              key={index}
              name={lanes.length > 1 ? LANE_NAMES[index] : undefined}
              lane={lane}
              run={runs[index]?.run ?? null}
              onTake={(next) => onChange(next)}
              onAsk={(next) => {
                onChange(next);
                ask(next);
              }}
            />
          ))}
        </div>
      </div>
      {wide ? (
        <aside aria-label={t("play.settings")} className="border-l border-line pl-6">
          {settings}
        </aside>
      ) : (
        <Drawer open={drawer} onClose={() => setDrawer(false)} side="right" title={t("play.settings")}>
          <div data-playground className="overflow-y-auto p-4">
            {settings}
            <Button className="mt-4 w-full" onClick={() => setDrawer(false)}>
              {t("common.close")}
            </Button>
          </div>
        </Drawer>
      )}
    </div>
  );
}

const EXAMPLES: Record<TabName, string> = {
  chat: "chat --model pleiade-pico",
  completion: "code --model pleiade-code-pico",
  images: "pleiade-image --model pleiade-pix",
  embeddings: "embed --model all-minilm-l6-v2",
  rewards: "judge --model pleiade-reward-pico",
};

/** What the server found wrong stands at its field too. */
function withRefusal(problems: Problems, error: unknown): Problems {
  if (!(error instanceof Error) || !("param" in error) || typeof error.param !== "string" || problems.size > 0) return problems;
  return new Map([[error.param, { text: error.message }]]);
}
