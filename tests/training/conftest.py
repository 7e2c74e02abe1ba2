from pathlib import Path

import pytest
import torch

from tests.support.training.toy import build_toy, toy_pairs


@pytest.fixture(scope="session", autouse=True)
def _single_thread() -> None:
    """Threads that wait for one another make a model this small 20 times slower on a busy machine."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def toy_family(request: pytest.FixtureRequest) -> str:
    """The family of the toy model: t5, but in tests with the mark `both_families`."""
    return str(getattr(request, "param", "t5"))


@pytest.fixture(scope="session")
def toy_model(toy_family: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained model that knows the toy language's words; not to be changed."""
    folder = tmp_path_factory.mktemp("models") / "toy"
    build_toy(toy_family, folder)
    return folder


@pytest.fixture(scope="session")
def pairs(toy_family: str) -> dict[str, tuple[list[str], list[str]]]:
    """Toy inputs and targets: 75 to train on (a last batch of one in batches of 37), 20 for validation."""
    return {"train": toy_pairs(75, 1, toy_family), "validation": toy_pairs(20, 2, toy_family)}
