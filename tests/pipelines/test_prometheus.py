"""The dashboard asks for the metrics that there are, by the names that Prometheus sees, and for no others."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest

from radray.pipelines.prometheus import METRICS, MetricSpec
from tests.support.paths import ROOT
from tests.support.prometheus import exported

DASHBOARD = ROOT / "jobs" / "configs" / "grafana.json"


def targets() -> list[dict[str, Any]]:
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    return [target for panel in panels for target in panel["targets"]]


def test_the_dashboard_names_each_metric_and_no_other() -> None:
    asked = {name for target in targets() for name in re.findall(r"\bray_[a-z_]+", target["expr"])}
    assert asked == {exported(spec) for spec in METRICS}
    assert len({spec.name for spec in METRICS}) == len(METRICS)


@pytest.mark.parametrize("spec", METRICS, ids=lambda spec: spec.name)
def test_what_the_dashboard_groups_by_is_a_label(spec: MetricSpec) -> None:
    known = {"model", "dataset", "status", "outcome", "task", "work"}  # of a closed list: nothing of a report
    assert set(spec.labels) <= known
    for target in targets():
        if exported(spec) in target["expr"]:
            grouped = {name for group in re.findall(r"by \(([^)]*)\)", target["expr"]) for name in group.split(", ")}
            assert grouped - {"le"} <= set(spec.labels)
            assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= set(spec.labels)


def test_panels_have_places_and_ids_of_their_own() -> None:
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}) == len(panels)


EXPORT = """
from prometheus_client import generate_latest
from ray._private.telemetry.open_telemetry_metric_recorder import OpenTelemetryMetricRecorder

from radray.pipelines.prometheus import METRICS

recorder = OpenTelemetryMetricRecorder()
for spec in METRICS:
    register = getattr(recorder, f"register_{spec.kind}_metric")
    register(spec.name, spec.doc, *([list(spec.bounds)] if spec.bounds else []))
    recorder.set_metric_value(spec.name, dict.fromkeys(spec.labels, "x"), 1.0)
print(generate_latest().decode())
"""


def test_rays_exporter_gives_them_the_names_that_we_say() -> None:
    pytest.importorskip("opentelemetry.exporter.prometheus", reason="ray[default] is not there: no export")
    root = DASHBOARD.parents[2]
    done = subprocess.run([sys.executable, "-c", EXPORT], cwd=root, capture_output=True, text=True, check=True)
    names = set(re.findall(r"^(ray_radray_\w+)\{", done.stdout, re.MULTILINE))
    assert {exported(spec) for spec in METRICS} <= names
