"""What `pleiade up` shows while it starts and runs: for a person, or as one JSON object per line."""

import json
import sys
import time

from pleiade.domain import Endpoint, EndpointState

MARKS = {
    EndpointState.STARTING: "…",
    EndpointState.READY: "ready",
    EndpointState.DRAINING: "draining",
    EndpointState.FAILED: "FAILED",
}


class Display:
    """The progress line while engines load, then a line for each later change."""

    def __init__(self, *, as_json: bool) -> None:
        self._json = as_json
        self._live = not as_json and sys.stderr.isatty()
        self._began = time.monotonic()
        self._states: dict[str, EndpointState] = {}
        self._details: dict[str, str] = {}
        self._loading = True
        self._stopping = False

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._began

    def endpoint(self, endpoint: Endpoint) -> None:
        """An endpoint changed."""
        name, state = endpoint.deployment, endpoint.state
        before = self._states.get(name)
        self._states[name] = state
        said_before = self._details.get(name)
        self._details[name] = endpoint.detail
        if self._stopping or (state is before and endpoint.detail == said_before):
            return
        if self._json:
            self._event("endpoint", deployment=name, state=state.value, detail=endpoint.detail)
            return
        if state is EndpointState.FAILED:
            self._clear()
            self._say(f"{name} FAILED and will be started again: {endpoint.detail}")
        if self._loading:
            self._progress(name)
        elif state is EndpointState.READY:
            self._say(f"{name} {endpoint.detail or 'is ready'}")

    def loaded(self) -> None:
        """All engines are ready, or have failed once."""
        self._loading = False
        self._clear()

    def warn(self, message: str) -> None:
        """Something that an operator should know."""
        if self._json:
            self._event("warning", message=message)
        else:
            self._clear()
            self._say(message)

    def ready(self, *, url: str, new_key: str, key_file: str, join_url: str, first_chat: str, contract: bool) -> None:
        """The server can be used: say where and how. `join_url`: where its first person comes in, while nobody has."""
        if self._json:
            failed = [name for name, state in self._states.items() if state is EndpointState.FAILED]
            self._event(
                "ready",
                url=url,
                seconds=round(self.seconds, 2),
                new_key=new_key,
                key_file=key_file,
                join_url=join_url,
                failed=failed,
            )
            return
        lines = [
            "",
            f"Pleiade serves on {url} (ready in {self.seconds:.1f} s, Ctrl-C stops it)",
            "",
            f"  Web app          {f'{join_url} (once: it makes you the owner)' if join_url else url}",
            f"  OpenAI clients   base_url={url}/v1",
            f"  Azure clients    azure_endpoint={url}",
            f"  API key          {new_key or 'in'} {f'(kept in {key_file})' if new_key else key_file}",
        ]
        if first_chat:
            hello = {"model": first_chat, "messages": [{"role": "user", "content": "Hello!"}]}
            lines += [
                "",
                f"  curl {url}/v1/chat/completions \\",
                f'    -H "Authorization: Bearer $(cat {key_file})" -H "Content-Type: application/json" \\',
                f"    -d '{json.dumps(hello)}'",
            ]
        if contract:
            lines += ["", "  CONTRACT MODE: unknown ids and models get fixtures. Not for production."]
        print("\n".join([*lines, ""]), flush=True)

    def draining(self, seconds: float) -> None:
        """The first Ctrl-C."""
        self._stopping = True
        if self._json:
            self._event("draining", seconds=seconds)
        else:
            self._clear()
            self._say(f"stopping: running answers may finish ({seconds:g} s); Ctrl-C again stops at once")

    def stopped(self) -> None:
        """Everything has ended."""
        if self._json:
            self._event("stopped")
        else:
            self._say("stopped")

    def _progress(self, changed: str) -> None:
        if self._live:
            states = ", ".join(f"{name} {MARKS[state]}" for name, state in self._states.items())
            print(f"\r\033[Kstarting: {states} ({self.seconds:.0f} s)", end="", file=sys.stderr, flush=True)
        elif self._states[changed] is EndpointState.READY:
            self._say(f"{changed} is ready after {self.seconds:.1f} s")

    def _clear(self) -> None:
        if self._live:
            print("\r\033[K", end="", file=sys.stderr)

    def _say(self, message: str) -> None:
        print(message, file=sys.stderr, flush=True)

    def _event(self, event: str, **fields: object) -> None:
        print(json.dumps({"event": event, **fields}, ensure_ascii=False), flush=True)
