"""A request to the autoscaler fits the nodes that are there, or the misfit is named."""

import pytest

from radray.cluster.scaling import missing
from radray.errors import ConfigError
from radray.settings.loading import load_settings

SMALL, LARGE, GPU = {"CPU": 4.0}, {"CPU": 16.0}, {"CPU": 8.0, "GPU": 1.0, "inference": 1.0}


@pytest.mark.parametrize(
    ("asked", "nodes", "without"),
    [
        ([], [], []),
        ([{"CPU": 4}], [], [{"CPU": 4}]),
        ([{"CPU": 16}, {"CPU": 4}], [LARGE, SMALL], []),
        # the small one must not take the large one's place, in whatever order they come
        ([{"CPU": 4}, {"CPU": 16}], [LARGE, SMALL], []),
        ([{"CPU": 4}, {"CPU": 16}], [SMALL, LARGE], []),
        ([{"GPU": 1, "inference": 1}] * 2, [GPU, LARGE], [{"GPU": 1, "inference": 1}]),
        ([{"GPU": 1}, {"CPU": 16}], [GPU, LARGE], []),
        ([{"CPU": 8}] * 3, [LARGE, SMALL], [{"CPU": 8}]),
        ([{"CPU": 1}], [{"CPU": 0.0}], [{"CPU": 1}]),
    ],
)
def test_what_finds_no_room(
    asked: list[dict[str, float]], nodes: list[dict[str, float]], without: list[dict[str, float]]
) -> None:
    assert missing(asked, nodes) == without


def test_nodes_are_asked_for_as_a_list() -> None:
    ask = load_settings((), ["cluster.ask=[{GPU: 1, inference: 1}, {CPU: 16}]"]).cluster.ask
    assert ask == ({"GPU": 1.0, "inference": 1.0}, {"CPU": 16.0})
    for wrong in ("[{}]", "[{CPU: 0}]", "[{CPU: -1}]", "CPU"):
        with pytest.raises(ConfigError, match=r"cluster\.ask"):
            load_settings((), [f"cluster.ask={wrong}"])
