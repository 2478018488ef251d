import { useParams } from "wouter";
import { FilterList } from "./FilterList";
import { FilterPage } from "./FilterPage";

/** What deployments filter; or one of them, to be changed and tried. */
export default function FiltersPage() {
  const { item } = useParams<{ item?: string }>();
  return item ? <FilterPage key={item} name={decodeURIComponent(item)} /> : <FilterList />;
}
