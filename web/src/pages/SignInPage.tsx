import { useQuery } from "@tanstack/react-query";
import { useLocation, useSearchParams } from "wouter";
import { api } from "@/api/client";
import { useT } from "@/i18n";
import { Doorway } from "./Doorway";
import { PasswordForm } from "./PasswordForm";

type Ways = { password: boolean; issuers: { id: string; name: string }[] };

/** Sign in with a password, or at an identity provider that the operator has set up. `?next=` says where to go then. */
export default function SignInPage() {
  const t = useT();
  const [search] = useSearchParams();
  const [, go] = useLocation();
  const next = ownPath(search.get("next"));
  const ways = useQuery({ queryKey: ["auth", "ways"], queryFn: ({ signal }) => api.get<Ways>("/auth/ways", { signal }) });
  const issuers = ways.data?.issuers ?? [];
  return (
    <Doorway title={t("signin.title")}>
      {issuers.map(({ id, name }) => (
        <a
          key={id}
          href={`/auth/login?issuer=${encodeURIComponent(id)}&next=${encodeURIComponent(next)}`}
          className="flex h-9 items-center justify-center rounded-sm border border-line-strong font-medium hover:bg-hover coarse:h-11"
        >
          {t("signin.with", { name })}
        </a>
      ))}
      {issuers.length > 0 && <p className="text-center text-sm text-quiet">{t("signin.or")}</p>}
      <PasswordForm onDone={() => go(next, { replace: true })} />
      <p className="text-sm text-quiet">{t("signin.help")}</p>
    </Doorway>
  );
}

/** A path of this app, whatever a link says. */
function ownPath(path: string | null): string {
  return path?.startsWith("/") && !path.startsWith("//") && !path.includes("\\") ? path : "/chat";
}
