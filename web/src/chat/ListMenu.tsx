import { Archive, Download, Ellipsis, Upload } from "lucide-react";
import { useState } from "react";
import { useLocation } from "wouter";
import { useT } from "@/i18n";
import { IconButton } from "@/ui/Button";
import { Menu, MenuItem } from "@/ui/Menu";
import { ExportDialog } from "./ExportDialog";
import { ImportDialog } from "./ImportDialog";

/** What concerns all chats. */
export function ListMenu() {
  const t = useT();
  const [, go] = useLocation();
  const [open, setOpen] = useState<"import" | "export" | null>(null);
  const trigger = (
    <IconButton label={t("chat.listMenu")}>
      <Ellipsis aria-hidden />
    </IconButton>
  );
  return (
    <>
      <Menu trigger={trigger} align="end">
        <MenuItem icon={<Archive aria-hidden />} onClick={() => go("/chat?archived=true")}>
          {t("chat.archived")}
        </MenuItem>
        <MenuItem icon={<Upload aria-hidden />} onClick={() => setOpen("import")}>
          {t("import.title")}
        </MenuItem>
        <MenuItem icon={<Download aria-hidden />} onClick={() => setOpen("export")}>
          {t("export.title")}
        </MenuItem>
      </Menu>
      {open === "import" && <ImportDialog onClose={() => setOpen(null)} />}
      {open === "export" && <ExportDialog onClose={() => setOpen(null)} />}
    </>
  );
}
