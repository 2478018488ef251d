import { useEffect, useState } from "react";
import { fileOfPicture } from "./gallery";
import type { Picture } from "./types";

type Loaded = { image: HTMLImageElement | null; error: unknown };

/** A picture's pixels, for the canvas. */
export function useImage(picture: Picture): Loaded & { again: () => void } {
  const [loaded, setLoaded] = useState<Loaded>({ image: null, error: null });
  const [tries, setTries] = useState(0);
  useEffect(() => {
    let over = false;
    const load = async () => {
      const address = URL.createObjectURL(await fileOfPicture(picture));
      try {
        const image = new Image();
        image.src = address;
        await image.decode();
        if (!over) setLoaded({ image, error: null });
      } finally {
        URL.revokeObjectURL(address); // it is decoded: its bytes are no longer needed
      }
    };
    load().catch((error: unknown) => !over && setLoaded({ image: null, error }));
    return () => {
      over = true;
    };
  }, [picture.id, tries]);
  return { ...loaded, again: () => setTries(tries + 1) };
}
