"""The OpenAI SDK's own test-suite against `pleiade up --contract`; writes docs/compatibility.md.

Run: python bench/sdk_suite.py [-k EXPRESSION]      (some minutes; pip needs an index of packages)

The suite is `tests/api_resources` of the SDK's source distribution, unmodified, fetched with pip and never
committed. It sends ids that exist nowhere, so the server runs in contract mode: production code judges each
request, creations run on the bundled model, and only unknown ids get a fixture. Each test is run with loose
and with strict validation of answers, its asynchronous form over aiohttp too. The last line:

sdk_passed, sdk_total   tests, all versions together
sdk_real, sdk_fixture   answers of the running server and of fixtures
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from machine import free_port
from peers import ROOT, install
from report import result_line, write_json
from server import running_server

# The current line of the SDK, on httpx2, and the last one on httpx, each with what its suite needs besides.
VERSIONS = {"3.54.0": (), "2.54.0": ("respx",)}
TOOLS = ("pytest==9.2.0", "pytest-asyncio==1.5.0", "pytest-timeout==2.4.0", "rich==15.0.0")

# Resource -> its file below tests/api_resources.
RESOURCES = {
    "chat.completions": "chat/test_completions.py",
    "chat.completions.messages": "chat/completions/test_messages.py",
    "completions": "test_completions.py",
    "embeddings": "test_embeddings.py",
    "images": "test_images.py",
    "fine_tuning.jobs": "fine_tuning/test_jobs.py",
    "fine_tuning.jobs.checkpoints": "fine_tuning/jobs/test_checkpoints.py",
    "fine_tuning.checkpoints.permissions": "fine_tuning/checkpoints/test_permissions.py",
    "fine_tuning.alpha.graders": "fine_tuning/alpha/test_graders.py",
    "models": "test_models.py",
    "moderations": "test_moderations.py",
    "evals": "test_evals.py",
    "evals.runs": "evals/test_runs.py",
    "evals.runs.output_items": "evals/runs/test_output_items.py",
    "files": "test_files.py",
    "uploads": "test_uploads.py",
    "uploads.parts": "uploads/test_parts.py",
    "batches": "test_batches.py",
    "responses": "test_responses.py",
    "responses.input_items": "responses/test_input_items.py",
    "responses.input_tokens": "responses/test_input_tokens.py",
    "admin.organization.admin_api_keys": "admin/organization/test_admin_api_keys.py",
    "admin.organization.audit_logs": "admin/organization/test_audit_logs.py",
    "admin.organization.invites": "admin/organization/test_invites.py",
    "admin.organization.spend_limit": "admin/organization/test_spend_limit.py",
    "admin.organization.usage": "admin/organization/test_usage.py",
    "admin.organization.users": "admin/organization/test_users.py",
    "admin.organization.users.roles": "admin/organization/users/test_roles.py",
    "admin.organization.projects": "admin/organization/test_projects.py",
    "admin.organization.projects.api_keys": "admin/organization/projects/test_api_keys.py",
    "admin.organization.projects.model_permissions": "admin/organization/projects/test_model_permissions.py",
    "admin.organization.projects.rate_limits": "admin/organization/projects/test_rate_limits.py",
    "admin.organization.projects.service_accounts": "admin/organization/projects/test_service_accounts.py",
    "admin.organization.projects.service_accounts.api_keys": (
        "admin/organization/projects/service_accounts/test_api_keys.py"
    ),
    "admin.organization.projects.spend_limit": "admin/organization/projects/test_spend_limit.py",
    "admin.organization.projects.users": "admin/organization/projects/test_users.py",
    "admin.organization.projects.users.roles": "admin/organization/projects/users/test_roles.py",
}
PICTURES = "images"  # left out, and named, where no picture model is deployed
VARIANTS = ("loose", "strict", "aiohttp")


@dataclass(frozen=True)
class Outcome:
    """One test of the suite."""

    test: str
    outcome: str
    real: int
    fixture: int
    reduced: int
    statuses: list[int]

    @property
    def resource(self) -> str:
        """Which resource it tests."""
        path = self.test.split("::")[0].removeprefix("tests/api_resources/")
        return next(name for name, file in RESOURCES.items() if file == path)

    @property
    def variant(self) -> str:
        """How the SDK validates answers: loose, strict, or strict over aiohttp."""
        found = re.search(r"\[(\w+)", self.test)
        return found[1] if found and found[1] in VARIANTS else "strict"


def fetch_suite(version: str, python: Path) -> Path:
    """The unpacked source distribution of the SDK. Raises SystemExit if pip cannot fetch it."""
    folder = ROOT / ".cache" / "sdk-suite"
    unpacked = folder / f"openai-{version}"
    if not unpacked.exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = [python, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]
        wanted = ["--no-binary", "openai", f"openai=={version}", "-d", folder]
        answer = subprocess.run([*command, *wanted], capture_output=True, text=True)
        if answer.returncode:
            raise SystemExit(f"pip could not fetch the source of openai {version}:\n{answer.stderr[-600:]}")
        with tarfile.open(folder / f"openai-{version}.tar.gz") as archive:
            archive.extractall(folder, filter="data")
    return unpacked


def has_pictures(url: str) -> bool:
    """Whether a model that makes pictures is deployed at `url`."""
    request = urllib.request.Request(f"{url}/v1/models", headers={"authorization": "Bearer My API Key"})
    with urllib.request.urlopen(request) as answer:
        return any(model["capabilities"]["image_generation"] for model in json.load(answer)["data"])


def run_suite(version: str, url: str, expression: str) -> list[Outcome]:
    """Runs the suite of one version against `url`; what became of each test."""
    packages = (f"openai[aiohttp]=={version}", *TOOLS, *VERSIONS[version])
    python = install(f"openai-{version}", *packages) / "python"
    suite = fetch_suite(version, python)
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch) / "log.jsonl"
        log.touch()
        environment = {
            **os.environ,
            "TEST_API_BASE_URL": f"{url}/v1",
            "SDK_SUITE_LOG": str(log),
            "PYTHONPATH": str(ROOT / "bench"),
            "NO_PROXY": "127.0.0.1",
        }
        wanted = [name for name in RESOURCES if name != PICTURES or has_pictures(url)]
        files = [f"tests/api_resources/{RESOURCES[name]}" for name in wanted]
        command = [python, "-m", "pytest", "-q", "--tb=short", "-p", "sdk_suite_plugin", "-o", "addopts="]
        answer = subprocess.run(
            [*command, "--timeout=120", "-k", expression, *files],
            cwd=suite,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        (ROOT / "bench" / "results" / f"sdk_suite-{version}.log").write_text(answer.stdout)
        every = [Outcome(**json.loads(line)) for line in log.read_text().splitlines()]
        outcomes = [outcome for outcome in every if outcome.outcome != "skipped"]  # by the suite itself
    print(f"openai {version}: {answer.stdout.strip().splitlines()[-1]}", flush=True)
    if not outcomes:
        raise SystemExit(answer.stdout[-3000:])
    return outcomes


def passed(outcomes: Iterable[Outcome]) -> str:
    """`passed/all` of some tests."""
    found = list(outcomes)
    return f"{sum(outcome.outcome == 'passed' for outcome in found)}/{len(found)}" if found else "–"


def resource_row(name: str, outcomes: list[Outcome]) -> list[str]:
    """One line of the table: how many passed in each variant, and who answered."""
    variants = [passed(outcome for outcome in outcomes if outcome.variant == variant) for variant in VARIANTS]
    silent = sum(not outcome.statuses for outcome in outcomes)
    counts = [sum(getattr(outcome, kind) for outcome in outcomes) for kind in ("real", "reduced", "fixture")]
    return [name, *variants, *(str(count) for count in [*counts, silent])]


def markdown(results: dict[str, list[Outcome]]) -> str:
    """docs/compatibility.md."""
    parts = [DOC_HEAD]
    for version, outcomes in results.items():
        parts.append(f"\n## openai {version}\n")
        parts.append("| resource | loose | strict | over aiohttp | real | reduced | fixtures | no request |")
        parts.append("|---|---|---|---|---|---|---|---|")
        for name in RESOURCES:
            row = resource_row(name, [outcome for outcome in outcomes if outcome.resource == name])
            parts.append("| " + " | ".join([f"`{row[0]}`", *row[1:]]) + " |")
        parts.append("| " + " | ".join([f"**{cell}**" for cell in resource_row("all", outcomes)]) + " |")
        failed = sorted(outcome.test for outcome in outcomes if outcome.outcome != "passed")
        if failed:
            parts.append("\nThese do not pass:\n")
            parts += [f"- `{test.removeprefix('tests/api_resources/')}`" for test in failed]
    return "\n".join(parts) + "\n"


DOC_HEAD = """# How the official SDK's own test-suite fares

This page is written by `python bench/sdk_suite.py`; no number in it is typed by hand.

The suite is `tests/api_resources` from the source distribution of the `openai` package, unmodified. It is
made for a mock server that answers anything, so it sends ids that exist nowhere, models that nobody
deployed here, and sometimes requests that contradict themselves. `pleiade up --contract` is made for it, and
for nothing else (never run it in production):

- every request is judged by the production code: authentication, routing, types, ranges, errors;
- **real** answers come from the running server: creations run on the bundled models, whatever they name, with
  16 tokens, or pictures of low quality, where they set no limit; the words that the suite sends for pictures are
  replaced by a picture;
- of these, **reduced** ones had a field taken out first: a reference to what exists nowhere (`prompt`,
  `conversation`, `previous_response_id`), `echo` beside `suffix`, what this server refuses (a project's
  `geography`), an e-mail address that is none, or the wish for base64 embeddings (the SDK has it by itself, yet
  its strict validation takes nothing but floats); `x-pleiade-contract` says which;
- **fixtures** answer where production code says that an id is unknown; `x-pleiade-fixture` says so.

A row of dashes, where there is one, was not run: no model of that kind is deployed.
[administration.md](administration.md) says which test files of `admin.organization` are not here, and why.

*Loose* and *strict* are the SDK's two ways to validate answers; asynchronous tests run over aiohttp too.
Tests without a request check the client alone. First come tests (passed/all), then answers."""


def main() -> int:
    """Runs every version, writes the page, prints the result; 1 if a test failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-k", default="", help="only tests that match, as pytest's -k (the page is not written)")
    parser.add_argument("--version", action="append", choices=list(VERSIONS), help="only this version of the SDK")
    parser.add_argument("--url", help="a server that runs already, http://host:port")
    options = parser.parse_args()
    (ROOT / "bench" / "results").mkdir(exist_ok=True)
    with nullcontext(options.url) if options.url else running_server(free_port(), "--contract") as url:
        results = {version: run_suite(version, url, options.k) for version in options.version or VERSIONS}
    every = [outcome for outcomes in results.values() for outcome in outcomes]
    for outcome in every:
        if outcome.outcome != "passed":
            print(f"{outcome.outcome}: {outcome.test} {outcome.statuses}")
    page = markdown(results)
    print(page.split("\n## ", 1)[1])
    if not options.k and not options.version:
        (ROOT / "docs" / "compatibility.md").write_text(page)
    summary = {
        "sdk_passed": sum(outcome.outcome == "passed" for outcome in every),
        "sdk_total": len(every),
        "sdk_real": sum(outcome.real for outcome in every),
        "sdk_fixture": sum(outcome.fixture for outcome in every),
    }
    write_json("sdk_suite", {"result": summary, "tests": [vars(outcome) for outcome in every]})
    print(result_line(summary))
    return int(summary["sdk_passed"] != summary["sdk_total"])


if __name__ == "__main__":
    sys.exit(main())
