import { BadgeCheck, BadgeX, ShieldQuestion } from "lucide-react";
import { lazy, type ReactNode, Suspense } from "react";
import { useLanguage, useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { useCopy } from "@/parts/useCopy";
import { Button } from "@/ui/Button";
import { type Provenance, useProvenance, useRequest } from "./gallery";
import type { Picture } from "./types";

const ViewCode = lazy(() => import("@/parts/ViewCode").then((part) => ({ default: part.ViewCode })));

/** What is known of a picture: how it was made, who signed it, and the call that makes it again. */
export default function Details({ picture }: { picture: Picture }) {
  const t = useT();
  const language = useLanguage();
  const [copied, copy] = useCopy();
  const size = new Intl.NumberFormat(language, { style: "unit", unit: "kilobyte", maximumFractionDigits: 0 }).format(picture.bytes / 1000);
  const made = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(picture.created * 1000);
  return (
    <div className="flex flex-col gap-6">
      {picture.prompt && (
        <section className="flex flex-col items-start gap-2">
          <h3 className="font-semibold">{t("studio.prompt")}</h3>
          <p className="text-pretty break-words" dir="auto">
            {picture.prompt}
          </p>
          {picture.revised_prompt && (
            <p className="text-sm break-words text-quiet" dir="auto">
              {t("studio.revised", { prompt: picture.revised_prompt })}
            </p>
          )}
          <Button className="h-8" onClick={() => copy(picture.prompt)}>
            {copied ? t("common.copied") : t("studio.copyPrompt")}
          </Button>
        </section>
      )}
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 text-sm">
        <Fact name={t("studio.kind")}>{t(`studio.kind.${picture.kind}`)}</Fact>
        <Fact name={t("studio.made")}>{made}</Fact>
        <Fact name={t("studio.size")}>
          {picture.width} × {picture.height} · {picture.format.toUpperCase()} · {size}
        </Fact>
        {picture.deployment && <Fact name={t("studio.deployment")}>{picture.deployment}</Fact>}
        {picture.model && <Fact name={t("model.title")}>{picture.model}</Fact>}
        {picture.seed !== null && <Fact name={t("studio.seed")}>{picture.seed}</Fact>}
        {picture.style && <Fact name={t("studio.style")}>{picture.style}</Fact>}
        {picture.quality && <Fact name={t("studio.quality")}>{picture.quality}</Fact>}
        {picture.negative_prompt && <Fact name={t("studio.negative")}>{picture.negative_prompt}</Fact>}
      </dl>
      <Credentials picture={picture} />
      {picture.kind !== "upload" && <RequestCode picture={picture} />}
    </div>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-quiet">{name}</dt>
      <dd className="min-w-0 break-words tabular-nums" dir="auto">
        {children}
      </dd>
    </>
  );
}

/** Content Credentials: who made the file and with what, as far as a signature holds. */
function Credentials({ picture }: { picture: Picture }) {
  const t = useT();
  const errorText = useErrorText();
  const { data, error, refetch } = useProvenance(picture);
  return (
    <section className="flex flex-col gap-2">
      <h3 className="font-semibold">{t("studio.credentials")}</h3>
      {error && (
        <p role="alert" className="text-sm text-quiet">
          {errorText(error)}{" "}
          <button type="button" className="font-medium text-accent underline underline-offset-2" onClick={() => void refetch()}>
            {t("common.retry")}
          </button>
        </p>
      )}
      {data && <Verdict provenance={data} />}
    </section>
  );
}

function Verdict({ provenance }: { provenance: Provenance }) {
  const t = useT();
  const { signed, good, ours, signer, generator, claim, problems } = provenance;
  const verdict = !signed ? "unsigned" : !good ? "changed" : ours ? "ours" : "other";
  const Icon = verdict === "ours" ? BadgeCheck : verdict === "changed" ? BadgeX : ShieldQuestion;
  return (
    <>
      <p className="flex items-start gap-2">
        <Icon aria-hidden className={verdict === "ours" ? "size-5 shrink-0 text-good" : verdict === "changed" ? "size-5 shrink-0 text-bad" : "size-5 shrink-0 text-quiet"} />
        {t(`studio.signed.${verdict}`)}
      </p>
      {signed && (
        <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 text-sm">
          {signer && <Fact name={t("studio.signer")}>{signer}</Fact>}
          {generator && <Fact name={t("studio.generator")}>{generator}</Fact>}
          {claim?.organisation_name && <Fact name={t("studio.organisation")}>{claim.organisation_name}</Fact>}
          {claim && <Fact name={t("studio.content")}>{t(claim.edited ? "studio.content.part" : "studio.content.made")}</Fact>}
          {problems.length > 0 && <Fact name={t("studio.problems")}>{problems.join(", ")}</Fact>}
        </dl>
      )}
      <p className="text-sm text-quiet">{t("studio.credentialsWhy")}</p>
    </>
  );
}

function RequestCode({ picture }: { picture: Picture }) {
  const t = useT();
  const { data } = useRequest(picture);
  return (
    <section className="flex flex-col gap-2">
      <h3 className="font-semibold">{t("code.title")}</h3>
      <Suspense fallback={null}>{data && <ViewCode call={data} />}</Suspense>
    </section>
  );
}
