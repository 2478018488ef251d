import { useParams } from "wouter";
import { EvalList } from "./EvalList";
import { EvalPage } from "./EvalPage";

/** Evals; or one of them with its runs. */
export default function EvalsPage() {
  const { item } = useParams<{ item?: string }>();
  return item ? <EvalPage key={item} id={item} /> : <EvalList />;
}
