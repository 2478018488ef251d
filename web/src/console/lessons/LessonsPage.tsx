import { useParams } from "wouter";
import { LessonList } from "./LessonList";
import { LessonPage } from "./LessonPage";

/** Lessons of use; or one of them. */
export default function LessonsPage() {
  const { item } = useParams<{ item?: string }>();
  return item ? <LessonPage key={item} id={item} /> : <LessonList />;
}
