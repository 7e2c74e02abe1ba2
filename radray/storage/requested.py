"""Files that a person asked for by a setting: whole or not at all, and an error that names the setting.

Apart from `radray.storage.whole`, which models need where no S3 library is installed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from radray.errors import ConfigError
from radray.storage.failures import translated
from radray.storage.whole import whole_file


@contextmanager
def requested_file(file: str, setting: str, *, mode: int = 0o666) -> Iterator[Path]:
    """Yield the path to write a file to that a person asked for by `setting`, see `whole_file`; folders are created.

    Raises ConfigError, which names `setting`, when it cannot be written.
    """
    with translated(f"{setting}={file}", "cannot be written", ConfigError):
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        with whole_file(Path(file), mode=mode) as partial:
            yield partial
