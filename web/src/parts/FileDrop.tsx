import { FileUp } from "lucide-react";
import { type DragEvent, type ReactNode, useRef, useState } from "react";
import { useT } from "@/i18n";

/** A part of the page on which files can be dropped; `told`: what is said while one hovers there. */
export function FileDrop({ onFiles, told, children }: { onFiles: (files: File[]) => void; told?: string; children: ReactNode }) {
  const t = useT();
  const [over, setOver] = useState(false);
  const depth = useRef(0); // each child that is entered or left tells so too
  const carriesFiles = (event: DragEvent) => event.dataTransfer.types.includes("Files");
  return (
    <div
      className="relative flex min-h-0 grow flex-col"
      onDragEnter={(event) => {
        if (!carriesFiles(event)) return;
        depth.current += 1;
        setOver(true);
      }}
      onDragOver={(event) => carriesFiles(event) && event.preventDefault()}
      onDragLeave={() => {
        depth.current = Math.max(0, depth.current - 1);
        if (depth.current === 0) setOver(false);
      }}
      onDrop={(event) => {
        if (!carriesFiles(event)) return;
        event.preventDefault();
        depth.current = 0;
        setOver(false);
        onFiles([...event.dataTransfer.files]);
      }}
    >
      {children}
      {over && (
        <div className="pointer-events-none absolute inset-2 z-20 flex items-center justify-center gap-2 rounded-lg border-2 border-dashed border-accent bg-accent-wash font-medium text-accent">
          <FileUp aria-hidden className="size-5" />
          {told ?? t("files.drop")}
        </div>
      )}
    </div>
  );
}
