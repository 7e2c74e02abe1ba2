"""What every stage of a pipeline is: a callable on Arrow tables that checks its columns and keeps texts to itself."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import pyarrow as pa

from radray.errors import RadrayError, StageError


class Stage(ABC):
    """A step of a pipeline: an Arrow table in, an Arrow table out. Heavy things are loaded when it is made."""

    reads: ClassVar[tuple[str, ...]]
    """Columns that the stage needs."""
    keeps_rows: ClassVar[bool]
    """One row out for each row in; checked."""

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Return the stage's rows for `batch`."""
        stage = type(self).__name__
        missing = [name for name in self.reads if name not in batch.column_names]
        if missing:
            raise StageError(f"stage {stage}: columns {missing} are missing, got {batch.column_names}")
        with texts_withheld(stage, f"{batch.num_rows} rows"):
            output = self.run(batch)
        if self.keeps_rows and output.num_rows != batch.num_rows:
            raise StageError(f"stage {stage}: {batch.num_rows} rows came and {output.num_rows} went")
        return output

    @abstractmethod
    def run(self, batch: pa.Table) -> pa.Table:
        """Return the stage's rows for `batch`, which has the columns that it reads."""


@contextmanager
def texts_withheld(stage: str, what: str) -> Iterator[None]:
    """Let radray's own errors pass. Raises StageError for any other, naming its type, `stage` and `what` it worked on.

    Ray writes `str(exception)` of everything into its logs, and several libraries put values into their messages.
    """
    try:
        yield
    except RadrayError:
        raise
    except Exception as error:
        raise StageError(f"stage {stage}: {type(error).__name__} at {innermost_frame(error)}, {what}") from None


def innermost_frame(error: BaseException) -> str:
    """Return file, line and function that `error` was raised in: what may be said of it beside its class."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "unknown place"
    code = trace.tb_frame.f_code
    return f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno} in {code.co_name}"
