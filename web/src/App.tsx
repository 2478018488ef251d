import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { Redirect, Route, Switch, useLocation } from "wouter";
import { ApiError } from "./api/client";
import { useSession, useSignIn } from "./api/session";
import { SpeechProvider, withTexts } from "./i18n";
import { Shell } from "./shell/Shell";
import { Toasts } from "./shell/toasts";

const ChatSpace = lazy(() => import("./chat/ChatSpace"));
const SharedPage = lazy(() => import("./chat/SharedPage"));
const ConsolePage = lazy(() => withTexts("console", import("./console/ConsolePage")));
const StudioSpace = lazy(() => withTexts("studio", import("./studio/StudioSpace")));
const NoProjectPage = lazy(() => import("./pages/NoProjectPage"));
const SettingsPage = lazy(() => import("./pages/SettingsPage"));
const NotFoundPage = lazy(() => import("./pages/NotFoundPage"));
const SignInPage = lazy(() => import("./pages/SignInPage"));
const JoinPage = lazy(() => import("./pages/JoinPage"));

const memory = new QueryClient({
  defaultOptions: {
    queries: {
      networkMode: "always", // "offline" is what our server says by not answering, not the browser
      staleTime: 10_000,
      // A refusal stays one; what may pass is tried again, more and more rarely.
      retry: (count, error) => count < 3 && error instanceof ApiError && (error.unreachable || error.status >= 500),
    },
    mutations: { networkMode: "always" },
  },
});

export function App() {
  return (
    <SpeechProvider>
      <QueryClientProvider client={memory}>
        <Suspense fallback={null}>
          <Switch>
            <Route path="/signin" component={SignInPage} />
            <Route path="/join" component={JoinPage} />
            <Route path="/s/:share" component={SharedPage} />
            <Route component={Inside} />
          </Switch>
        </Suspense>
        <Toasts />
      </QueryClientProvider>
    </SpeechProvider>
  );
}

/** Pages of people who are signed in. */
function Inside() {
  const signIn = useSignIn();
  const [path] = useLocation();
  if (signIn.state === "unknown") return null; // main.tsx asks before it shows anything
  if (signIn.state === "out") {
    const next = path === "/" ? "" : `?next=${encodeURIComponent(path + location.search)}`;
    return <Redirect to={`/signin${next}`} replace />;
  }
  return (
    <Shell>
      <Suspense fallback={null}>
        <Switch>
          <Route path="/">
            <Redirect to="/chat" replace />
          </Route>
          <Route path="/chat/:chat?" component={ChatOrNoProject} />
          <Route path="/images/:place?" component={StudioOrNoProject} />
          <Route path="/console/:page?/:item?" component={ConsolePage} />
          <Route path="/settings" component={SettingsPage} />
          <Route component={NotFoundPage} />
        </Switch>
      </Suspense>
    </Shell>
  );
}

/** Where nobody's name can be used to ask a model, there is nothing to chat or draw with. */
function ChatOrNoProject() {
  return useSession().project === null ? <NoProjectPage /> : <ChatSpace />;
}

function StudioOrNoProject() {
  return useSession().project === null ? <NoProjectPage /> : <StudioSpace />;
}
