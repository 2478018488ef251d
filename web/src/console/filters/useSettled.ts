import { useEffect, useState } from "react";

/** A value once it has not changed for a while: so that the server is asked when the fingers rest. */
export function useSettled<Value>(value: Value, ms = 350): Value {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}
