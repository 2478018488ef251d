import { useLocation } from "wouter";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { Space } from "@/shell/Space";
import { Button } from "@/ui/Button";

export default function NotFoundPage() {
  const t = useT();
  const [, go] = useLocation();
  return (
    <Space title={t("notFound.title")}>
      <EmptyState title={t("notFound.title")} actions={<Button look="primary" onClick={() => go("/chat")}>{t("notFound.home")}</Button>}>
        {t("notFound.why")}
      </EmptyState>
    </Space>
  );
}
