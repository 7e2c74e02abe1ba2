"""Writers of nights under the baton: what each does, and what must hold whatever the order of their steps."""

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from radray.errors import ConflictError, RadrayError
from radray.schema.reports import REPORTS
from radray.settings.warehouse import WarehouseSettings
from radray.tables.catalog import Warehouse
from tests.support.faults.scheduler import Choice, Writer, critical_steps, play
from tests.support.worlds.faults import Rows, expected_rows, open_night, read_rows, run_rows, stage

OK, ALREADY = "ok", "already there"


@dataclass
class Part:
    """What one writer is to write, and what becomes of the answers to its commits."""

    name: str
    date: datetime.date
    run_key: str
    unit_ids: Sequence[str]
    lost: Sequence[str | None] = ()

    @property
    def rows(self) -> Rows:
        return expected_rows(self.run_key, self.unit_ids)


@dataclass
class Duel:
    """One schedule of some writers, played, with what was seen on the way."""

    settings: WarehouseSettings
    parts: Sequence[Part]
    steps: frozenset[str]
    recorded: bool = False
    """Whether the writers keep their `runs` rows as jobs do."""
    landings: list[str] = field(default_factory=list)
    """Writers in the order in which their commits landed."""
    seen_at_pin: dict[str, int] = field(default_factory=dict)
    """How many commits had landed when a writer pinned its base."""

    def run(self, choose: Choice) -> dict[str, object]:
        """Play the schedule, with a look at every night after every move; return each writer's outcome."""
        self._reader = Warehouse(self.settings)
        self._stands = self._reader.metadata_location(REPORTS)
        self._before = {part.date: read_rows(self._reader, part.date) for part in self.parts}
        with critical_steps(self.landings):
            self.writers = [Writer(part.name, self._work(part), self.steps, part.lost) for part in self.parts]
            self.trace = play(self.writers, choose, self._look)
        self._look("end")
        return {writer.name: writer.outcome for writer in self.writers}

    def _work(self, part: Part) -> Callable[[Writer], str]:
        def work(writer: Writer) -> str:
            warehouse = Warehouse(self.settings)
            opened = open_night(warehouse, part.date, part.run_key)
            self.seen_at_pin[part.name] = len(self.landings)
            if opened.is_committed():
                return ALREADY
            if self.recorded:
                with opened.recorded() as run:
                    stage(warehouse.storage, run, part.date, part.run_key, part.unit_ids)
                    run.stage().commit(part.unit_ids)
            else:
                run = opened.unrecorded()
                stage(warehouse.storage, run, part.date, part.run_key, part.unit_ids)
                run.stage().commit(part.unit_ids)
                warehouse.storage.remove_folder(run.staging)
            return OK

        return work

    def _look(self, step: str) -> None:
        now = self._reader.metadata_location(REPORTS)
        if now == self._stands and step != "end":
            return  # nobody removes a file here: the same metadata shows the same rows
        self._stands = now
        for date in self._before:
            assert read_rows(self._reader, date) == self.state(date)

    def state(self, date: datetime.date) -> Rows:
        """Return what the night must hold: the rows of its last commit that landed."""
        parts = {part.name: part for part in self.parts}
        landed = [parts[name] for name in self.landings if parts[name].date == date]
        return landed[-1].rows if landed else self._before[date]

    def check(self) -> None:
        """Assert what must hold of any schedule."""
        assert len(set(self.landings)) == len(self.landings)  # no writer lands twice
        for part, writer in zip(self.parts, self.writers, strict=True):
            of_night = {other.name: other.run_key for other in self.parts if other.date == part.date}
            since_pin = [name for name in self.landings[self.seen_at_pin[part.name] :] if name in of_night]
            if part.name in self.landings:  # on the very state that it pinned
                assert since_pin[0] == part.name
                assert writer.outcome == OK
            elif writer.outcome == OK:  # a twin did it
                assert part.run_key in {of_night[name] for name in since_pin}
            elif isinstance(writer.outcome, ConflictError):
                assert {of_night[name] for name in since_pin} - {part.run_key}
            elif writer.outcome != ALREADY:
                assert isinstance(writer.outcome, RadrayError)
                assert "did not land" in str(writer.outcome)
                assert list(writer.lost)
        if self.recorded:
            self._check_runs()

    def _check_runs(self) -> None:
        """Assert that each writer's row in `runs` agrees with its outcome; a writer with nothing to do has none."""
        for key in {part.run_key for part in self.parts}:
            outcomes = [
                writer.outcome for part, writer in zip(self.parts, self.writers, strict=True) if part.run_key == key
            ]
            rows = {"finished": outcomes.count(OK)}
            rows["failed"] = len(outcomes) - outcomes.count(OK) - outcomes.count(ALREADY)
            assert run_rows(self._reader, key) == {status: count for status, count in rows.items() if count}
