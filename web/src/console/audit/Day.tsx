/** A day, by the system's own calendar; "" = none. */
export function Day({ label, value, onChange }: { label: string; value: string; onChange: (day: string) => void }) {
  return (
    <label className="flex items-center gap-2">
      <span className="text-quiet">{label}</span>
      <input
        type="date"
        value={value}
        onChange={(event) => onChange(event.target.value)}
        className="h-8 rounded-sm border border-control bg-page px-2 coarse:h-11"
      />
    </label>
  );
}

/** Unix seconds at which a day (2026-11-23) begins where the reader is, or one so many days later. */
export function dayOf(day: string, later = 0): number {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return Math.floor(new Date(year, month - 1, date + later).getTime() / 1000);
}
