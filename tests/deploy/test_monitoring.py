"""The dashboard and the alert rules ask for what gateways really tell."""

import json
import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from pleiade.gateway.metrics import FAMILIES, Metrics

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
NAME = re.compile(r"\b(?:pleiade|gen_ai)_[a-z_]+")


def told() -> set[str]:
    """Names of all series, as Prometheus stores them."""
    names = set()
    for family in text_string_to_metric_families(Metrics().render().decode()):
        names |= {family.name, family.name + "_total"}
    for histogram in FAMILIES:
        names |= {f"{histogram.name}_{part}" for part in ("bucket", "sum", "count")}
        names |= set(histogram.labels)
    return names


def test_the_dashboard_shows_what_is_told() -> None:
    board = json.loads((DEPLOY / "grafana" / "pleiade.json").read_text())
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    assert len(asked) >= 8
    for expression in asked:
        assert set(NAME.findall(expression)) <= told(), expression
    places = [tuple(panel["gridPos"].values()) for panel in board["panels"]]
    assert len(set(places)) == len(places)


def test_alert_rules_ask_for_what_is_told_and_say_what_to_do() -> None:
    text = (DEPLOY / "prometheus" / "alerts.yml").read_text()
    rules = text.split("- alert: ")[1:]
    assert len(rules) >= 6
    for rule in rules:
        (expression,) = re.findall(r"expr: (.+)", rule)
        assert set(NAME.findall(expression)) <= told(), expression
        assert re.search(r"severity: (page|ticket)", rule)
        assert 'summary: "' in rule
        assert 'action: "' in rule
