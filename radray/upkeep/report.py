"""What an erasure did and showed, and the lines that say so."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from radray.upkeep.carried import ModelErasure
from radray.upkeep.maintenance import Kind, Leftover


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
    """Predictions of others that were removed: each was an impression of the patient, word for word."""
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
    """Name and digest of models that `runs` says were fine-tuned on nights with reports of the patient."""

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
            *self._models(),
            "outside the warehouse and not erased: the raw source (remove the reports there too: a rerun of an emptied"
            " night, or another night, brings them back), models that were not named, copies of models on other"
            " machines, exports and backups, old versions of objects in a versioned bucket",
        ]

    def _predictions(self) -> list[str]:
        if not self.mentions and not self.copied:
            return []
        return [
            f"predictions of others: {self.mentions:,} no longer name the patient's reports, {self.copied:,} were"
            " removed, which were an impression of the patient, word for word"
        ]

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
