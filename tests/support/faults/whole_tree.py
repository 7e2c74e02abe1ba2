"""What lies below a warehouse, and what its tables refer to: listed by other ways than the code under test uses."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from pyiceberg.table import StaticTable

from radray.tables.catalog import Warehouse
from tests.support.s3_server import BUCKET


def tree(warehouse: Warehouse) -> set[str]:
    """Return everything below the warehouse's root, the catalog's file apart: files, folder markers on S3 too."""
    root = warehouse.layout.root
    if not root.startswith("s3://"):
        return {str(path) for path in Path(root).rglob("*") if not path.is_dir()} - {f"{root}/catalog.db"}
    client = warehouse.storage._boto  # a client of its own takes longer to make than all the listing
    prefix = root.removeprefix(f"s3://{BUCKET}/")
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{prefix}/")
    return {f"s3://{BUCKET}/{entry['Key']}" for page in pages for entry in page.get("Contents", ())}


def referred_to(warehouse: Warehouse, catalog_file: Path) -> set[str]:
    """Return every file that the catalog's tables refer to: by their metadata's JSON, and by pyiceberg's inspection."""
    with closing(sqlite3.connect(catalog_file)) as catalog:
        locations = [row[0] for row in catalog.execute("SELECT metadata_location FROM iceberg_tables")]
    files = set(locations)
    access = warehouse.storage.access
    for location in locations:
        table = StaticTable.from_metadata(location, access.pyiceberg() if location.startswith("s3://") else {})
        with table.io.new_input(location).open() as source:
            metadata = json.loads(source.read())
        files |= {entry["metadata-file"] for entry in metadata["metadata-log"]}
        files |= {entry["manifest-list"] for entry in metadata["snapshots"]}
        files |= set(table.inspect.all_manifests().column("path").to_pylist())
        files |= set(table.inspect.all_files().column("file_path").to_pylist())
    return files
