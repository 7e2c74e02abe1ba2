"""Files changed at random by bytes, the same for the same seed: what a parser must survive."""

import random
from collections.abc import Iterator


def mutations(data: bytes, seed: int, count: int) -> Iterator[bytes]:
    """Yield `count` versions of `data`, each changed in 1 to 8 places; of b'' inserted bytes alone."""
    draw = random.Random(seed)
    for _ in range(count):
        changed = bytearray(data)
        for _ in range(draw.choice((1, 1, 1, 2, 3, 8))):
            draw.choice(_CHANGES)(changed, draw)
        yield bytes(changed)


def _flip(data: bytearray, draw: random.Random) -> None:
    if data:
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)


def _set(data: bytearray, draw: random.Random) -> None:
    """Put a byte that parsers look at in the place of another one."""
    if data:
        data[draw.randrange(len(data))] = draw.choice(b"\x00\xff\x80\n\r\"',{}[]<>&|\\-0")


def _delete(data: bytearray, draw: random.Random) -> None:
    start = draw.randrange(len(data) + 1)
    del data[start : start + draw.randint(1, 16)]


def _insert(data: bytearray, draw: random.Random) -> None:
    start = draw.randrange(len(data) + 1)
    data[start:start] = draw.randbytes(draw.randint(1, 16))


def _truncate(data: bytearray, draw: random.Random) -> None:
    del data[draw.randrange(len(data) + 1) :]


def _copy(data: bytearray, draw: random.Random) -> None:
    """Put a block of the file over another place of it."""
    start, to = (draw.randrange(len(data) + 1) for _ in range(2))
    block = data[start : start + draw.randint(1, 64)]
    data[to : to + len(block)] = block


_CHANGES = (_flip, _flip, _set, _set, _delete, _insert, _truncate, _copy)
