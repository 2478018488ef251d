import { useSyncExternalStore } from "react";
import { ApiError, errorOf } from "./errors";
import { reached, unreachable } from "./connection";

/** What GET /auth/me tells. */
export type Session = {
  user: { id: string; email: string; name: string };
  organization: { id: string; name: string };
  project: string | null;
  role: "owner" | "admin" | "developer" | "member" | "viewer";
  created_at: number;
  expires_at: number;
  csrf_token: string;
};

/** `expired`: somebody was signed in, and what they were doing waits for them to sign in again. */
export type SignIn = { state: "unknown" | "out" } | { state: "in" | "expired"; session: Session };

let now: SignIn = { state: "unknown" };
const listeners = new Set<() => void>();

function set(next: SignIn): void {
  now = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useSignIn(): SignIn {
  return useSyncExternalStore(subscribe, () => now);
}

/** Who is signed in; only below the shell, which shows nothing else than the sign-in page to others. */
export function useSession(): Session {
  const signIn = useSignIn();
  if (!("session" in signIn)) throw new Error("useSession is for pages of people who are signed in");
  return signIn.session;
}

export function signedIn(): boolean {
  return now.state === "in";
}

export function csrfToken(): string {
  return "session" in now ? now.session.csrf_token : "";
}

/** Ask the server who is signed in. Throws ApiError where it cannot be asked. */
export async function readSession(): Promise<void> {
  // A stranger's first page asks nothing that is refused: browsers write refusals into the console.
  if (now.state === "unknown" && !(await anybodyIsSignedIn())) return set({ state: "out" });
  const answer = await ask("/auth/me");
  if (answer.ok) begin((await answer.json()) as Session);
  else if (answer.status === 401) set("session" in now ? { ...now, state: "expired" } : { state: "out" });
  else throw await errorOf(answer);
}

async function anybodyIsSignedIn(): Promise<boolean> {
  const answer = await ask("/auth/ways");
  if (!answer.ok) throw await errorOf(answer);
  return ((await answer.json()) as { signed_in: boolean }).signed_in;
}

async function ask(path: "/auth/me" | "/auth/ways"): Promise<Response> {
  try {
    const answer = await fetch(path, { headers: { accept: "application/json" } });
    reached();
    return answer;
  } catch {
    unreachable();
    throw new ApiError(0, "The server cannot be reached.");
  }
}

/** Another person than before must not find the first one's screens: then everything starts anew. */
export function begin(session: Session): void {
  if ("session" in now && now.session.user.id !== session.user.id) location.assign("/");
  set({ state: "in", session });
}

export function signedOut(): void {
  set({ state: "out" });
}

/** The session is over, as `readSession` found: resolves when the person has signed in again; rejects with the signal. */
export function signedInAgain(signal?: AbortSignal | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = subscribe(() => {
      if (now.state !== "in") return;
      stop();
      resolve();
    });
    signal?.addEventListener("abort", () => {
      stop();
      reject(signal.reason);
    });
  });
}
