import { useEffect, useRef } from "react";

/** While this component is on the page, a picture that is pasted anywhere in it is taken. */
export function usePastedPicture(take: (files: readonly File[]) => void): void {
  const latest = useRef(take);
  latest.current = take;
  useEffect(() => {
    const onPaste = (event: ClipboardEvent) => {
      const pictures = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/"));
      if (pictures.length === 0) return;
      event.preventDefault();
      latest.current(pictures);
    };
    addEventListener("paste", onPaste);
    return () => removeEventListener("paste", onPaste);
  }, []);
}
