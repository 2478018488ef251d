import { type SyntheticEvent, useState } from "react";
import { ApiError, api } from "@/api/client";
import { begin, type Session } from "@/api/session";
import { useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { Button } from "@/ui/Button";
import { TextField } from "@/ui/Field";

/** E-mail and password. `email`: of whom it must be, where the session of somebody ended. */
export function PasswordForm({ email, onDone }: { email?: string; onDone?: () => void }) {
  const t = useT();
  const errorText = useErrorText();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");

  const submit = async (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    setBusy(true);
    setError("");
    try {
      const body = { email: email ?? fields.get("email"), password: fields.get("password") };
      begin(await api.post<Session>("/auth/login", body));
      onDone?.();
    } catch (told) {
      setError(told instanceof ApiError && told.code === "wrong_password" ? t("signin.wrong") : errorText(told));
      setBusy(false);
    }
  };
  return (
    <form className="flex flex-col gap-4" onSubmit={submit}>
      <TextField
        label={t("signin.email")}
        name="email"
        type="email"
        autoComplete="username"
        required
        autoFocus={!email}
        readOnly={email !== undefined}
        defaultValue={email}
      />
      <TextField label={t("signin.password")} name="password" type="password" autoComplete="current-password" required autoFocus={Boolean(email)} error={error} />
      <Button type="submit" look="primary" busy={busy}>
        {t("signin.button")}
      </Button>
    </form>
  );
}
