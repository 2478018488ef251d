import { Download, ImageIcon, TriangleAlert, Wand2 } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import { useLanguage, useT } from "@/i18n";
import { Button } from "@/ui/Button";
import { cx } from "@/ui/classes";
import { CallBox } from "./CallBox";
import type { Message, PictureCall } from "./types";

const LARGE = 1024; // pixels across: the file as made is in the Images space

type PictureMadeProps = { message: Message; call: PictureCall | null; seen: string | null; drawing: boolean; onChange: () => void };

/** A picture that answers, while it forms and for ever after, and how it was made. */
export function PictureMade({ message, call, seen, drawing, onChange }: PictureMadeProps) {
  const t = useT();
  const [gone, setGone] = useState(false);
  const kept = call?.picture ?? null;
  const source = seen ?? (kept && `/v1/gallery/${kept}/content?width=${LARGE}`);
  const whole = call?.status === "completed";
  const words = call?.prompt ?? "";
  return (
    <figure className="my-2 flex flex-col items-start gap-2">
      {source && !gone ? (
        <img
          src={source}
          alt={words || t("called.forming")}
          className={cx("max-h-[28rem] max-w-full rounded-md border border-line", !whole && "w-[28rem]", drawing && "animate-pulse")}
          onError={() => setGone(true)}
          {...sizeOf(call)}
        />
      ) : (
        !drawing && (
          <p className="flex items-center gap-2 rounded-md bg-hover px-3 py-2">
            <ImageIcon aria-hidden className="size-4 shrink-0 text-quiet" />
            {t(whole ? (kept ? "called.gone" : "called.seenOnce") : "called.unfinished")}
          </p>
        )
      )}
      {whole && !kept && source && <Unkept call={call} file={source} />}
      {whole && kept && !gone && (
        <figcaption className="flex flex-wrap gap-2">
          <Link href={`/images/${kept}`} className="inline-flex h-9 items-center gap-2 rounded-sm border border-line-strong px-3 font-medium hover:bg-hover coarse:h-11 [&_svg]:size-4">
            <ImageIcon aria-hidden />
            {t("called.open")}
          </Link>
          <Button onClick={onChange}>
            <Wand2 aria-hidden className="size-4" />
            {t("called.change")}
          </Button>
        </figcaption>
      )}
      {whole && <HowMade message={message} call={call} />}
    </figure>
  );
}

function sizeOf(call: PictureCall | null): { width?: number; height?: number } {
  const found = /^(\d+)x(\d+)$/.exec(call?.size ?? "");
  return found ? { width: Number(found[1]), height: Number(found[2]) } : {};
}

/** The gallery does not have it: why, and what can be done while it is still seen. */
function Unkept({ call, file }: { call: PictureCall; file: string }) {
  const t = useT();
  const full = call.store_error?.code === "space_exhausted";
  return (
    <div role="status" className="flex w-full flex-wrap items-center gap-x-3 gap-y-2 rounded-md bg-warn-wash px-3 py-2">
      <TriangleAlert aria-hidden className="size-4 shrink-0 text-warn" />
      <p className="min-w-0 grow basis-48">
        {t(full ? "called.full" : call.store_error ? "called.unkept" : "called.temporary")}
        {call.store_error && !full && <span className="block text-sm text-quiet">{call.store_error.message}</span>}
      </p>
      <a href={file} download={`picture.${call.output_format ?? "png"}`} className="inline-flex h-9 items-center gap-2 rounded-sm border border-line-strong bg-page px-3 font-medium hover:bg-hover coarse:h-11 [&_svg]:size-4">
        <Download aria-hidden />
        {t("called.download")}
      </a>
      {full && (
        <Link href="/images/gallery" className="inline-flex h-9 items-center rounded-sm px-3 font-medium text-quiet hover:bg-hover hover:text-ink coarse:h-11">
          {t("called.makeRoom")}
        </Link>
      )}
    </div>
  );
}

function HowMade({ message, call }: { message: Message; call: PictureCall }) {
  const t = useT();
  const number = new Intl.NumberFormat(useLanguage(), { maximumFractionDigits: 1 });
  const seconds = message.timings?.total_ms;
  const rows: [string, string | null][] = [
    [t("called.words"), call.prompt],
    [t("called.revised"), call.revised_prompt ?? null],
    [t("run.deployment"), message.deployment],
    [t("called.size"), call.size ?? null],
    [t("called.quality"), call.quality ?? null],
    [t("called.seed"), call.seed === undefined ? null : String(call.seed)],
    [t("called.time"), typeof seconds === "number" ? `${number.format(seconds / 1000)} s` : null],
  ];
  return (
    <div className="w-full">
      <CallBox icon={<Wand2 aria-hidden />} title={t("called.picture", { name: message.deployment ?? "" })}>
        <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 text-sm">
          {rows.map(
            ([name, value]) =>
              value && (
                <div key={name} className="contents">
                  <dt className="text-quiet">{name}</dt>
                  <dd className="min-w-0 break-words" dir="auto">
                    {value}
                  </dd>
                </div>
              ),
          )}
        </dl>
      </CallBox>
    </div>
  );
}
