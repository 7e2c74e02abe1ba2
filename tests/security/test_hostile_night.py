"""A whole night under a hostile feed, through Ray: a hundred files of reports, every hostile file among them."""

import io
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console

from jobs import cli
from jobs.generate import generate
from radray.cluster.connection import ray_cluster
from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.settings.loading import load_settings
from radray.tables.catalog import Warehouse
from tests.support.inputs.hostile_files import GOOD, HOSTILE, hl7
from tests.support.worlds.loop import tiny_model
from tests.support.worlds.nights import NO_GATES

pytestmark = pytest.mark.drill  # minutes

FILES = 100


def test_a_night_among_all_hostile_files_writes_every_good_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feed = tmp_path / "feed"
    feed.mkdir()
    for file in range(FILES):
        messages = (hl7(f"good{n}", f"M{n}") for n in range(file * GOOD // FILES, (file + 1) * GOOD // FILES))
        (feed / f"ris{file:03d}.hl7").write_bytes(b"".join(messages))
    for number, (_, write) in enumerate(HOSTILE.values()):
        folder = feed / f"hostile{number:02d}"
        folder.mkdir()
        write(folder)
    model = tiny_model(tmp_path / "model", ["FINDINGS: The lungs are clear. IMPRESSION: Normal."] * 50)
    words = [f"warehouse.uri={tmp_path}/warehouse", f"source.uri={feed}", "source.format=auto", "source.dataset=h"]
    words += ["date=2026-11-21", f"model.uri={model}", "generate.max_new_tokens=4", "generate.engine=transformers"]
    settings = load_settings([], [*words, *NO_GATES])
    out = io.StringIO()
    with ray_cluster(settings.cluster):
        code = cli.exit_code(lambda: generate(settings, Console(file=out, width=200)))
    assert (code, capsys.readouterr().err) == (0, "")
    warehouse = Warehouse(settings.warehouse)
    reports = warehouse.read(REPORTS, ["study_id", "status", "reason", "source_uri"]).to_pylist()
    status = Counter(row["status"] for row in reports if row["source_uri"].startswith("ris"))
    assert status == {"ok": GOOD}
    # each hostile folder has left a row, and what is not ok has its reason
    folders = {row["source_uri"].split("/")[0] for row in reports if not row["source_uri"].startswith("ris")}
    assert folders == {f"hostile{number:02d}" for number in range(len(HOSTILE))}
    assert all(row["reason"] for row in reports if row["status"] != "ok")
    written = Counter(row["study_id"] for row in warehouse.read(PREDICTIONS, ["study_id"]).to_pylist())
    assert [written[f"good{n}"] for n in range(GOOD)] == [1] * GOOD
