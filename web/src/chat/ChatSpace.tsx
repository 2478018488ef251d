import { MessageSquare } from "lucide-react";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { Space } from "@/shell/Space";

/** /chat and /chat/:chat. */
export default function ChatSpace() {
  const t = useT();
  return (
    <Space title={t("space.chat")}>
      <EmptyState title={t("space.chat")} icon={<MessageSquare aria-hidden />} />
    </Space>
  );
}
