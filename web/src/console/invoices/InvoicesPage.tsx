import { useParams } from "wouter";
import { InvoiceList } from "./InvoiceList";
import { InvoicePage } from "./InvoicePage";

/** Bills by month; or one of them. */
export default function InvoicesPage() {
  const { item } = useParams<{ item?: string }>();
  return item ? <InvoicePage key={item} id={item} /> : <InvoiceList />;
}
