import { Search } from "lucide-react";
import { useEffect, useState } from "react";

const PATIENCE_MS = 300; // the server is asked when the fingers rest

/** A line to look for something with; it waits for the end of a word. */
export function SearchField({ label, value, onChange }: { label: string; value: string; onChange: (value: string) => void }) {
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  useEffect(() => {
    if (typed === value) return;
    const timer = setTimeout(() => onChange(typed.trim()), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [typed, value, onChange]);
  return (
    <label className="relative flex items-center">
      <Search aria-hidden className="pointer-events-none absolute left-2 size-4 text-quiet" />
      <input
        type="search"
        aria-label={label}
        placeholder={label}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        className="h-8 w-56 max-w-full rounded-sm border border-control bg-page pr-2 pl-8 placeholder:text-quiet coarse:h-11"
      />
    </label>
  );
}
