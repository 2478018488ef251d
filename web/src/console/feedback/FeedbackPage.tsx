import { useParams } from "wouter";
import { FeedbackItem } from "./FeedbackItem";
import { FeedbackList } from "./FeedbackList";

/** What people thought of answers; or one piece of that. */
export default function FeedbackPage() {
  const { item } = useParams<{ item?: string }>();
  return item ? <FeedbackItem key={item} id={item} /> : <FeedbackList />;
}
