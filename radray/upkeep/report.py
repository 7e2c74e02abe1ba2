"""What an erasure did and showed, and the lines that say so."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from radray.tables.identity import utc_now
from radray.upkeep.carried import ModelErasure
from radray.upkeep.maintenance import Kind, Leftover

Night = tuple[str, str, str | None]
"""Dataset, date (ISO) and split of a partition that had rows of the patient."""


@dataclass(frozen=True, slots=True, order=True)
class Output:
    """Something that a run wrote, or read, outside the tables, and that may hold the patient."""

    what: str
    place: str
    """As the run's settings have it; a relative path is one on the machine that it ran on."""
    run_id: str


@dataclass(slots=True)
class Erasure:
    """What an erasure did, and what reading every remaining file showed."""

    erasure_id: str
    rows: Counter[str] = field(default_factory=Counter)
    """Rows erased, by table."""
    partitions: int = 0
    """Partitions rewritten without them."""
    emptied: int = 0
    """Of these, partitions that are empty now."""
    removed: list[Leftover] = field(default_factory=list)
    """Snapshots that were expired; data, metadata and staged files that were removed."""
    traces: int = 0
    """Values of the patient that were searched for: ids, digests, texts."""
    shared: int = 0
    """Of these, values that other patients' rows hold too, so that finding them proves nothing."""
    files_read: int = 0
    bytes_read: int = 0
    mentions: int = 0
    """Predictions of others from which the ids of the patient's reports were removed."""
    copied: int = 0
    """Predictions of others that failed now: each was an impression of the patient, word for word, and of no other."""
    shared_texts: int = 0
    """Predictions of others that were an impression of the patient and stay: reports of others have the text too."""
    masked: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Rows of others in which an id of the patient was masked, by table and column."""
    left: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Rows of others that hold an id of the patient, or the same characters, and stay as they are, likewise."""
    named: int = 0
    """Models that were named and looked through."""
    missing: list[str] = field(default_factory=list)
    """Folders that were named as models and are not there."""
    models: list[ModelErasure] = field(default_factory=list)
    """Of these, the ones that carried reports of the patient."""
    copies: list[Path] = field(default_factory=list)
    """Copies of models on this machine that were removed, since they carried reports of the patient."""
    model_files_read: int = 0
    learnt: list[str] = field(default_factory=list)
    """Name and digest of models that `runs` says were fine-tuned on nights with reports of the patient, or from one
    that was."""
    outputs: list[Output] = field(default_factory=list)
    """What runs over nights with reports of the patient wrote outside the tables."""
    snapshots: dict[str, list[int]] = field(default_factory=dict)
    """Snapshots that are left and were read, by table."""
    listing_digest: str = ""
    """sha256 over size and uri of each file that was read, in order."""
    dataset: str | None = None
    """Dataset of the patient; None: not known."""
    began: str = field(default_factory=lambda: f"{utc_now():%Y-%m-%dT%H:%M:%SZ}")
    """When it, or the first attempt that was cut off, began, UTC."""
    attempts: list[str] = field(default_factory=list)
    """Ids of earlier attempts that were cut off; what they did is not counted."""

    def lines(self) -> list[str]:
        """Return the report as lines of text, without anything about the patient."""
        kinds = Counter(leftover.kind.value for leftover in self.removed)
        rows = ", ".join(f"{count:,} of {table}" for table, count in sorted(self.rows.items())) or "none"
        return [
            f"rows erased: {rows}; {self.partitions:,} partitions rewritten, {self.emptied:,} of them empty now",
            f"expired {kinds[Kind.SNAPSHOT]:,} snapshots, removed {kinds[Kind.FILE]:,} data and metadata files and"
            f" {kinds[Kind.STAGING]:,} staged files",
            f"read every remaining file, raw and decoded ({self.files_read:,} files, {self.bytes_read:,} bytes): none"
            f" holds any of {self.traces - self.shared:,} values of the patient ({self.shared:,} more are also"
            " other patients')",
            *self._predictions(),
            *self._ids(),
            *self._models(),
            *self._outputs(),
            "outside the warehouse and not erased: the raw source (remove the reports there too: a rerun of an emptied"
            " night, or another night, brings them back), models that were not named, copies of models on other"
            " machines, exports and backups, old versions of objects in a versioned bucket",
        ]

    def _predictions(self) -> list[str]:
        if not self.mentions and not self.copied and not self.shared_texts:
            return []
        return [
            f"predictions of others: {self.mentions:,} no longer name the patient's reports; {self.copied:,} have no"
            " text any more (status failed, reason erased): it was an impression of the patient, word for word, and of"
            f" nobody else; {self.shared_texts:,} keep such a text, which reports of others have too"
        ]

    def _ids(self) -> list[str]:
        lines = []
        if self.masked:
            lines.append(
                f"rows of others from which ids of the patient were masked: {by_column(self.masked)}; rename such files"
                " at the source, and correct such texts there: a rerun of the night reads them again"
            )
        if self.left:
            lines.append(
                f"rows of others that hold the characters of an id and stay: {by_column(self.left)}: they are in a key"
                " or name that other records refer to, or may be a word, a date or another's longer id; look at them"
            )
        return lines

    def _models(self) -> list[str]:
        lines = [
            f"model {model.name} at {model.uri}: {model.reports:,} reports removed, {model.kept:,} left; its digest is"
            f" now {model.digest} and was {model.replaced}; its weights have learnt from the patient: fine-tune a new"
            f" one, and remove copies on other machines, .cache/radray/models/{model.replaced}"
            for model in self.models
        ]
        lines += [f"removed a copy of a model that carried reports of the patient: {folder}" for folder in self.copies]
        lines += [f"model.uri={uri}: there is no such folder, and nothing was looked through" for uri in self.missing]
        lines.append(
            f"{self.named:,} models looked through, {len(self.models):,} of them carried reports of the patient;"
            f" {self.model_files_read:,} files of models read again, all but weights: none holds them"
            if self.named
            else "no model was looked through: one that carries reports keeps the patient's; name its folder"
            " or s3:// prefix in model.uri, and erase again"
        )
        if self.learnt:
            lines.append(
                f"fine-tuned on nights with reports of the patient, by `runs`: {', '.join(self.learnt)}: their weights"
                " have learnt from them, and new ones are needed"
            )
        return lines

    def _outputs(self) -> list[str]:
        """Return what may still hold the patient, a line each."""
        if not self.outputs:
            return []
        return [
            f"{len(self.outputs):,} outputs and inputs of runs over nights with the patient may hold them still; look"
            " through each, or remove it:",
            *(f"may hold the patient: {its.what} {its.place} ({its.run_id})" for its in self.outputs),
        ]


def by_column(counts: Counter[tuple[str, str]]) -> str:
    """Return rows by table and column in words; '' for none."""
    return ", ".join(f"{count:,} in {table}.{column}" for (table, column), count in sorted(counts.items()))


def plan_of_erasure(warehouse: str, dataset: str | None, models: Iterable[str]) -> list[str]:
    """Return what an erasure in the `warehouse` would do, a line each."""
    return [
        f"refuse while a run is running in {warehouse}, and where table audit cannot be written",
        f"erase one subject_id (it is never shown: give it again) of dataset {dataset or 'any'}",
        f"from {warehouse}: reports, predictions, staging; expire all older snapshots",
        "mask the id in texts of others, in names of files and in settings of runs",
        *(f"from the training reports that {uri} carries, which gets another digest" for uri in models),
        "from the copies of models on this machine: remove those that carry such reports",
        f"read every file left in {warehouse}, and in the models but their weights",
        f"write a certificate below {warehouse}/erasures, without the id",
    ]
