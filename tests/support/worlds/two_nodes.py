"""A program: two Ray nodes of this machine, and a text that crosses between them in each of the ways that Ray has.

    python -m tests.support.worlds.two_nodes TEXT

Whether they encrypt, and with which token, says the environment. The last line is ``crossed N``, the bytes that came.
"""

import sys

import ray
from ray.cluster_utils import Cluster

COPIES = 40_000
"""Of the text in one object: 2 MB of 50 bytes each, which the object store sends in parts."""
STORE_BYTES = 200 << 20


@ray.remote
def write(text: str, copies: int) -> str:
    """Return a text so long that it lies in this node's object store."""
    return text * copies


@ray.remote
def length(*texts: str) -> int:
    """Return the length of texts that come from another node."""
    return sum(map(len, texts))


@ray.remote
class Writer:
    """Keeps texts in an actor, as engines do."""

    def __init__(self, text: str) -> None:
        self.text = text

    def answer(self, text: str) -> str:
        """Return both texts, so short that they travel in the answer."""
        return self.text + text


def main(text: str) -> None:
    """Send `text` as an object, an argument, an answer, and in the state of an actor."""
    first = {"num_cpus": 1, "resources": {"first": 4}, "object_store_memory": STORE_BYTES}
    second = {"num_cpus": 1, "resources": {"second": 4}, "object_store_memory": STORE_BYTES}
    cluster = Cluster(initialize_head=True, head_node_args=first | {"include_dashboard": False})
    cluster.add_node(**second)
    try:
        ray.init(address=cluster.address, log_to_driver=False)
        here, there = ({"resources": {name: 1}, "num_cpus": 0} for name in ("first", "second"))
        big = write.options(**here).remote(text, COPIES)
        crossed = ray.get(length.options(**there).remote(big, text))
        writer = Writer.options(**there).remote(text)  # type: ignore[attr-defined]
        crossed += len(ray.get(writer.answer.remote(text)))
        sys.stdout.write(f"crossed {crossed}\n")
    finally:
        ray.shutdown()
        cluster.shutdown()


if __name__ == "__main__":
    main(sys.argv[1])
