import { Ellipsis } from "lucide-react";
import type { ReactNode } from "react";
import { useT } from "@/i18n";
import { IconButton } from "./Button";
import { Menu } from "./Menu";

/** What can be done with the row of that name. */
export function RowMenu({ name, children }: { name: string; children: ReactNode }) {
  const t = useT();
  return (
    <Menu
      align="end"
      trigger={
        <IconButton label={t("table.actsFor", { name })}>
          <Ellipsis aria-hidden />
        </IconButton>
      }
    >
      {children}
    </Menu>
  );
}
