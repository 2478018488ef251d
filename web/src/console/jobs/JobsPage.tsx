import { useParams } from "wouter";
import { BatchPage } from "./BatchPage";
import { JobList } from "./JobList";
import { isBatch } from "./jobs";
import { TunePage } from "./TunePage";

/** Work that takes a while; or one piece of it. */
export default function JobsPage() {
  const { item } = useParams<{ item?: string }>();
  if (!item) return <JobList />;
  return isBatch(item) ? <BatchPage key={item} id={item} /> : <TunePage key={item} id={item} />;
}
