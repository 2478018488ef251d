import { useParams } from "wouter";
import { FileList } from "./FileList";
import { FilePage } from "./FilePage";

/** The project's files; or one of them with its first rows. */
export default function DatasetsPage() {
  const { item } = useParams<{ item?: string }>();
  return item ? <FilePage key={item} id={decodeURIComponent(item)} /> : <FileList />;
}
