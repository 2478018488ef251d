import { useT } from "@/i18n";
import { Dialog } from "@/ui/Dialog";
import { Keys } from "@/ui/Keys";
import { activeShortcuts, keysOf, SHORTCUTS } from "./shortcuts";

/** Which keys do what on the page as it is now. */
export default function KeysDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const t = useT();
  return (
    <Dialog open={open} onClose={onClose} title={t("keys.title")}>
      <table className="w-full">
        <caption className="sr-only">{t("keys.title")}</caption>
        <tbody>
          {activeShortcuts().map((name) => (
            <tr key={name} className="border-b border-line last:border-0">
              <th scope="row" className="py-2 text-left font-normal">
                {t(SHORTCUTS[name].name)}
              </th>
              <td className="py-2 text-right">
                <Keys of={keysOf(name)} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="mt-3 text-sm text-quiet">{t("keys.off")}</p>
    </Dialog>
  );
}
