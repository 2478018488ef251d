import { lazy, Suspense, useRef, useState } from "react";
import { useSearchParams } from "wouter";
import { useT } from "@/i18n";
import { ErrorState, useErrorText } from "@/parts/ErrorState";
import { toast } from "@/shell/toasts";
import { CandidateGrid } from "./CandidateGrid";
import type { MaskTool } from "./canvas/mask";
import { useColours } from "./canvas/colours";
import { useMask } from "./canvas/useMask";
import { Compare } from "./Compare";
import { usePainters } from "./deployments";
import { FailureNote } from "./FailureNote";
import { type Growth, grows, NO_GROWTH } from "./frame";
import { FrameTools } from "./FrameTools";
import { pixelsOf } from "./pixels";
import { isRunning, stop, useMakings } from "./making";
import { MaskTools } from "./MaskTools";
import { nameOf } from "./naming";
import { OptionsBar } from "./OptionsBar";
import { useOptions } from "./options";
import { PromptForm, type PromptHandle } from "./PromptForm";
import { Relatives } from "./Relatives";
import { type PictureTool, ToolBar } from "./ToolBar";
import type { Picture } from "./types";
import { useImage } from "./useImage";
import { useMake } from "./useMake";
import { edit, enlargement } from "./wish";

const CanvasStage = lazy(() => import("./canvas/CanvasStage"));

/** One picture: to look at closely, to change in parts, to enlarge, to compare with what it was made from. */
export default function PicturePage({ picture }: { picture: Picture }) {
  const { image, error, again } = useImage(picture);
  if (error) return <ErrorState error={error} onRetry={again} />;
  return image && <Workbench picture={picture} image={image} />;
}

const FIRST_BRUSH = 12; // of the picture's longer side, in parts: a twelfth

function Workbench({ picture, image }: { picture: Picture; image: HTMLImageElement }) {
  const t = useT();
  const errorText = useErrorText();
  const [params, setParams] = useSearchParams();
  const options = useOptions();
  const { chosen } = usePainters();
  const make = useMake();
  const form = useRef<PromptHandle>(null);
  const { accent } = useColours();
  const mask = useMask(image, accent);
  const [maskTool, setMaskTool] = useState<MaskTool>("brush");
  const [brush, setBrush] = useState(Math.max(4, Math.round(Math.max(image.naturalWidth, image.naturalHeight) / FIRST_BRUSH)));
  const [growth, setGrowth] = useState<Growth>(NO_GROWTH);
  const [fit, setFit] = useState(0);
  const making = useMakings().find((one) => one.wish.parent === picture.id);
  const running = making && isRunning(making) ? making : null;

  const named = params.get("tool");
  const tool: PictureTool = named === "mask" || named === "frame" || (named === "compare" && picture.parent) ? (named as PictureTool) : "look";
  const choose = (next: PictureTool) =>
    setParams((before) => {
      if (next === "look") before.delete("tool");
      else before.set("tool", next);
      return before;
    });

  const ask = async (prompt: string) => {
    if (tool === "frame" && !grows(growth)) return toast({ text: t("studio.frame.first"), bad: true });
    try {
      const file = await pixelsOf(picture, image);
      const wanted = { ...options, deployment: chosen?.id ?? null };
      if (tool === "frame") make(enlargement(prompt, wanted, picture.id, file, growth));
      else make(edit(prompt, wanted, picture.id, file, tool === "mask" && mask.marked > 0 ? await mask.file() : null));
    } catch (failure) {
      toast({ text: errorText(failure), bad: true });
    }
  };
  return (
    <div className="flex min-h-0 grow flex-col">
      <ToolBar picture={picture} tool={tool} onTool={choose} onFit={() => setFit(fit + 1)} />
      {tool === "mask" && <MaskTools mask={mask} tool={maskTool} onTool={setMaskTool} brush={brush} onBrush={setBrush} />}
      {tool === "frame" && (
        <FrameTools
          picture={mask.size}
          growth={growth}
          onGrowth={(next) => {
            setGrowth(next);
            setFit(fit + 1);
          }}
        />
      )}
      {tool === "compare" && picture.parent ? (
        <Compare picture={picture} parent={picture.parent} />
      ) : (
        <Suspense fallback={<div className="min-h-0 grow bg-side" />}>
          <CanvasStage
            image={image}
            name={nameOf(picture, t)}
            tool={tool === "compare" ? "look" : tool}
            mask={mask}
            maskTool={maskTool}
            brush={brush}
            growth={growth}
            onGrowth={setGrowth}
            fit={fit}
          />
        </Suspense>
      )}
      <div className="max-h-[45%] shrink-0 overflow-y-auto border-t border-line">
        {making && (
          <section aria-label={t("studio.chooseOne")} className="flex flex-col gap-2 px-3 pt-2">
            <h2 className="text-sm text-quiet">{running ? t("studio.making") : t("studio.chooseOne")}</h2>
            <CandidateGrid making={making} strip />
            <FailureNote making={making} onPrompt={() => form.current?.focus()} />
          </section>
        )}
        <Relatives picture={picture} without={making?.candidates.flatMap((one) => one.id ?? []) ?? []} />
        <div className="mx-auto w-full max-w-3xl px-3 pt-2 pb-[max(0.75rem,env(safe-area-inset-bottom))]">
          {chosen && (
            <PromptForm
              ref={form}
              memory={picture.id}
              initial={picture.prompt}
              placeholder={t(tool === "frame" ? "studio.describeWhole" : "studio.describeChange")}
              action={t(tool === "frame" ? "studio.enlarge" : tool === "mask" && mask.marked > 0 ? "studio.change" : "studio.anew")}
              needsPrompt
              onAsk={(prompt) => void ask(prompt)}
              onStop={running ? () => stop(running.key) : undefined}
            >
              <OptionsBar />
            </PromptForm>
          )}
        </div>
      </div>
    </div>
  );
}
