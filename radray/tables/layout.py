"""Where things lie in a warehouse: pure functions of names, no access to storage."""

import datetime
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths below the warehouse's `root` (a folder or an ``s3://`` prefix, without a trailing slash).

    Folders have plain names, never ``key=value``: readers would add such names as columns.
    """

    root: str

    def catalog_file(self) -> str:
        """Return the SQLite file of a local catalog."""
        return f"{self.root}/catalog.db"

    def location(self, table: str) -> str:
        """Return the folder of a table's Iceberg metadata."""
        return f"{self.root}/tables/{table}"

    def data(self, table: str) -> str:
        """Return the folder of a table's data files."""
        return f"{self.root}/data/{table}"

    def attempt(self, table: str, batch_date: datetime.date, attempt: str) -> str:
        """Return the folder of the data files that one attempt writes; no two attempts share one."""
        return f"{self.data(table)}/{batch_date.isoformat()}/{attempt}"

    def staging(self, table: str, run_key: str) -> str:
        """Return the folder of staged rows: outside every table, shared by all attempts at `run_key`."""
        return f"{self.root}/_staging/{table}/{run_key}"

    def leases(self, table: str) -> str:
        """Return the folder of the leases on a table's partitions; no table is called so, so none has it as staging."""
        return f"{self.root}/_staging/_leases/{table}"

    def lease(self, table: str, partition_id: str) -> str:
        """Return the file of the lease on one partition."""
        return f"{self.leases(table)}/{partition_id}.json"
