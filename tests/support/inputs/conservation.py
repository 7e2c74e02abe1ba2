"""What every reader of many records promises of any bytes."""

import io
from collections.abc import Callable, Iterable
from typing import Any, BinaryIO

import pytest

from radray.errors import InputError


def check_count_is_what_is_read(
    read: Callable[[BinaryIO], Iterable[Any]], count: Callable[[BinaryIO], int], data: bytes
) -> None:
    """Check that `data` gives as many records as are counted, or an InputError from both."""
    try:
        expected = count(io.BytesIO(data))
    except InputError:
        with pytest.raises(InputError):
            list(read(io.BytesIO(data)))
    else:
        assert len(list(read(io.BytesIO(data)))) == expected
