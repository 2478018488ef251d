/** Pleiade's sign: seven stars. */
export function Mark({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" aria-hidden className={className}>
      <rect width="32" height="32" rx="9" className="fill-accent" />
      <g className="fill-accent-ink">
        <circle cx="9" cy="20" r="2.6" />
        <circle cx="14.5" cy="11" r="2.1" />
        <circle cx="16" cy="18" r="3" />
        <circle cx="21.5" cy="14.5" r="2.1" />
        <circle cx="23" cy="21.5" r="1.7" />
        <circle cx="11" cy="25.5" r="1.2" />
        <circle cx="21" cy="8" r="1.2" />
      </g>
    </svg>
  );
}
