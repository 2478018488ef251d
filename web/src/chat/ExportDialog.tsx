import { Download } from "lucide-react";
import { useT } from "@/i18n";
import { Dialog } from "@/ui/Dialog";

const FORMATS = [
  { href: "/v1/chats/export?format=json", name: "JSON", why: "export.json" },
  { href: "/v1/chats/export?format=markdown", name: "Markdown", why: "export.markdown" },
] as const;

/** Everything that one has written and been answered here, to take along. */
export function ExportDialog({ onClose }: { onClose: () => void }) {
  const t = useT();
  return (
    <Dialog open onClose={onClose} title={t("export.title")}>
      <p className="mb-4 text-quiet">{t("export.why")}</p>
      <div className="flex flex-col gap-2">
        {FORMATS.map(({ href, name, why }) => (
          <a key={name} href={href} download className="flex items-center gap-3 rounded-sm border border-line-strong px-3 py-2.5 hover:bg-hover">
            <Download aria-hidden className="size-4 text-quiet" />
            <span>
              <span className="block font-medium">{name}</span>
              <span className="block text-sm text-quiet">{t(why)}</span>
            </span>
          </a>
        ))}
      </div>
    </Dialog>
  );
}
