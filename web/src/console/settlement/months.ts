/** Every month from one to another, both included: "2026-09", "2026-10", … */
export function monthsOf(first: string, last: string): string[] {
  const number = (month: string) => Number(month.slice(0, 4)) * 12 + Number(month.slice(5)) - 1;
  const count = Math.max(0, number(last) - number(first) + 1);
  return Array.from({ length: count }, (_, index) => {
    const month = number(first) + index;
    return `${String(Math.floor(month / 12)).padStart(4, "0")}-${String((month % 12) + 1).padStart(2, "0")}`;
  });
}
