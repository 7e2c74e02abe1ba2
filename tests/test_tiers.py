"""The quick tier holds tests of every room; a run of a part of the tests cannot tell."""

from pathlib import Path

import pytest

from tests.support.paths import ROOT

ROOMS = {path.parent.name for path in (ROOT / "radray").glob("*/__init__.py")} | {"jobs"}


def test_every_room_has_quick_tests(request: pytest.FixtureRequest) -> None:
    if [Path(argument).resolve() for argument in request.config.args] != [ROOT / "tests"]:
        pytest.skip("not all tests were collected")
    quick = [item.path for item in request.session.items if item.get_closest_marker("quick") is not None]
    assert len(ROOMS) > 10
    assert sorted(ROOMS - {path.relative_to(ROOT / "tests").parts[0] for path in quick}) == []
