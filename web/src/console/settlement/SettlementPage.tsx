import { useParams } from "wouter";
import { AgreementList } from "./AgreementList";
import { AgreementPage } from "./AgreementPage";

/** Agreements with partners; or who gets what by one of them. */
export default function SettlementPage() {
  const { item } = useParams<{ item?: string }>();
  return item ? <AgreementPage key={item} id={item} /> : <AgreementList />;
}
