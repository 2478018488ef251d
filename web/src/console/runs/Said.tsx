import { useT } from "@/i18n";
import { CALLS, type Call, type CallBody, type CallRoute } from "@/parts/calls";
import { CodeBlock } from "@/parts/markdown/CodeBlock";
import { ViewCode } from "@/parts/ViewCode";
import type { Part, WholeRun } from "./runs";

/** The engine's route for an operation: what was kept is what the engine was asked. */
const ROUTES: Record<string, CallRoute> = {
  chat: "/chat/completions",
  text_completion: "/completions",
  embeddings: "/embeddings",
  rewards: "/rewards",
  image_generation: "/images/generations",
};

/** What was asked and said, where that is kept; and the call as a program. */
export function Said({ run }: { run: WholeRun }) {
  const t = useT();
  if (run.contents_withheld) return <p className="text-quiet">{t("console.saidWithheld")}</p>;
  if (!run.contents) return <p className="text-quiet">{t("console.saidNotKept")}</p>;
  return run.contents.map((part, index) => {
    const call = callOf(run, part);
    return (
      <section key={index} className="flex min-w-0 flex-col gap-4">
        <div>
          <h2 className="mb-2 font-semibold">{t("console.asked")}</h2>
          <CodeBlock code={pretty(part.input)} language="json" open={false} />
        </div>
        <div>
          <h2 className="mb-2 font-semibold">{t("console.said")}</h2>
          <CodeBlock code={pretty(part.output) || "–"} language={part.stream ? "markdown" : "json"} open={false} />
        </div>
        {part.cut && <p className="text-quiet">{t("console.saidCut")}</p>}
        {call && (
          <div>
            <h2 className="mb-2 font-semibold">{t("code.title")}</h2>
            <ViewCode call={call} />
          </div>
        )}
      </section>
    );
  });
}

function callOf(run: WholeRun, part: Part): Call | null {
  const route = ROUTES[run.operation];
  if (!route || !(route in CALLS) || part.cut) return null;
  try {
    const body = JSON.parse(part.input) as CallBody;
    return { route, body: { ...body, model: run.deployment ?? body["model"] } };
  } catch {
    return null; // a form: its fields are told, its files are not kept
  }
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text; // the text of a stream
  }
}
