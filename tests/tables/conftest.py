from pathlib import Path

import pytest

from radray.settings.warehouse import WarehouseSettings
from radray.tables.catalog import Warehouse
from tests.support.worlds.tables import open_warehouse


@pytest.fixture(params=["disk", "s3"])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Warehouse:
    """Return an empty warehouse: on local disk, and on a real S3 server, below a prefix of its own."""
    if request.param == "disk":
        return open_warehouse(tmp_path / "warehouse")
    return on_s3(request, tmp_path)


def on_s3(request: pytest.FixtureRequest, folder: Path) -> Warehouse:
    server = request.getfixturevalue("s3")
    uri = f"s3://radray/{folder.name}"
    return Warehouse(WarehouseSettings(uri=uri, catalog_uri=f"{folder}/catalog.db", s3=server.settings()))
