import { useT } from "@/i18n";
import { MenuItem } from "@/ui/Menu";
import { FILES, fileOf } from "./invoices";

/** A line of a menu that saves the bill as a file; the server names it. */
export function FileLine({ id, format }: { id: string; format: (typeof FILES)[number] }) {
  const t = useT();
  const save = () => Object.assign(document.createElement("a"), { href: fileOf(id, format), download: "" }).click();
  return <MenuItem onClick={save}>{t(`invoices.file.${format}`)}</MenuItem>;
}
