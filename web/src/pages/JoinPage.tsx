import { useQuery } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import { useLocation } from "wouter";
import { ApiError, api } from "@/api/client";
import { begin, type Session } from "@/api/session";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { ErrorState, useErrorText } from "@/parts/ErrorState";
import { Button } from "@/ui/Button";
import { TextField } from "@/ui/Field";
import { Doorway } from "./Doorway";

const SHORTEST_PASSWORD = 10; // characters; the server says so too

/** What POST /auth/invite/look tells. `email` is null where whoever holds the link chooses it. */
type Invitation = { email: string | null; organization: { id: string; name: string }; role: string; known: boolean };

/** The token stands behind the #, which browsers keep to themselves: no log and no proxy ever sees it. */
function tokenOfLink(): string {
  return location.hash.slice(1);
}

/** Accept an invitation: the first person of a new server, and everybody whom somebody invites later. */
export default function JoinPage() {
  const t = useT();
  const [token] = useState(tokenOfLink);
  const invitation = useQuery({
    queryKey: ["auth", "invite", token],
    queryFn: () => api.post<Invitation>("/auth/invite/look", { token }),
    retry: (count, error) => error instanceof ApiError && error.unreachable && count < 3,
  });
  if (invitation.error instanceof ApiError && invitation.error.status === 404) return <NoInvitation />;
  if (invitation.error) {
    return (
      <Doorway title={t("join.title")}>
        <ErrorState error={invitation.error} onRetry={() => void invitation.refetch()} />
      </Doorway>
    );
  }
  if (!invitation.data) return <Doorway title={t("join.title")}>{null}</Doorway>;
  return <Join token={token} invitation={invitation.data} />;
}

function NoInvitation() {
  const t = useT();
  const [, go] = useLocation();
  return (
    <Doorway title={t("join.title")}>
      <EmptyState title={t("join.gone")} actions={<Button onClick={() => go("/signin")}>{t("join.toSignIn")}</Button>}>
        {t("join.goneWhy")}
      </EmptyState>
    </Doorway>
  );
}

function Join({ token, invitation }: { token: string; invitation: Invitation }) {
  const t = useT();
  const errorText = useErrorText();
  const [, go] = useLocation();
  const [busy, setBusy] = useState(false);
  const [errors, setErrors] = useState<{ email?: string; password?: string }>({});
  const first = invitation.email === null;

  const submit = async (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const email = invitation.email ?? String(fields.get("email"));
    const password = String(fields.get("password"));
    const asked = { token, name: fields.get("name"), password, ...(first ? { email } : {}) };
    setBusy(true);
    setErrors({});
    try {
      await api.post("/auth/invite", asked);
      begin(await api.post<Session>("/auth/login", { email, password, organization: invitation.organization.id }));
      go("/chat", { replace: true });
    } catch (error) {
      const where = error instanceof ApiError && error.param === "email" ? "email" : "password";
      setErrors({ [where]: errorText(error) });
      setBusy(false);
    }
  };
  return (
    <Doorway title={first ? t("join.first") : t("join.welcome", { name: invitation.organization.name })}>
      <p className="-mt-4 text-quiet">{first ? t("join.firstWhy") : t("join.why")}</p>
      <form className="flex flex-col gap-4" onSubmit={submit}>
        <TextField
          label={t("signin.email")}
          name="email"
          type="email"
          autoComplete="username"
          required
          autoFocus={first}
          readOnly={!first}
          defaultValue={invitation.email ?? ""}
          hint={first ? t("join.emailWhy") : undefined}
          error={errors.email}
        />
        {!invitation.known && <TextField label={t("join.name")} name="name" autoComplete="name" autoFocus={!first} />}
        <TextField
          label={t("signin.password")}
          name="password"
          type="password"
          autoComplete={invitation.known ? "current-password" : "new-password"}
          required
          minLength={invitation.known ? 1 : SHORTEST_PASSWORD}
          hint={invitation.known ? t("join.knownPassword") : t("join.newPassword", { length: SHORTEST_PASSWORD })}
          error={errors.password}
        />
        <Button type="submit" look="primary" busy={busy}>
          {t("join.button")}
        </Button>
      </form>
    </Doorway>
  );
}
