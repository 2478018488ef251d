import { useParams } from "wouter";
import { RunPage } from "./RunPage";
import { RunList } from "./RunList";

/** Calls one by one; or one of them. */
export default function RunsPage() {
  const { item } = useParams<{ item?: string }>();
  return item ? <RunPage key={item} id={item} /> : <RunList />;
}
