import type { Batch } from "./jobs";

/** Lines that a batch has done a minute, and when it would be through at that; null where that is not known. */
export function paceOf({ request_counts: { total, completed, failed }, in_progress_at: began, status }: Batch, now: number): { perMinute: number; finish: number } | null {
  const done = completed + failed;
  if (status !== "in_progress" || began === null || done === 0 || now <= began) return null;
  const perMinute = (60 * done) / (now - began);
  return { perMinute, finish: now + ((total - done) / perMinute) * 60 };
}

/** When a batch was over; null while it is not. */
export function endOf(batch: Batch): number | null {
  return batch.completed_at ?? batch.failed_at ?? batch.cancelled_at ?? batch.expired_at;
}
