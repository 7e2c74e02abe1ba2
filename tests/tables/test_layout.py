import datetime

from radray.tables.layout import Layout


def test_paths_are_these() -> None:
    layout = Layout("s3://bucket/radray")
    assert layout.catalog_file() == "s3://bucket/radray/catalog.db"
    assert layout.location("runs") == "s3://bucket/radray/tables/runs"
    assert layout.data("runs") == "s3://bucket/radray/data/runs"
    attempt = layout.attempt("predictions", datetime.date(2026, 11, 21), "generate-1")
    assert attempt == "s3://bucket/radray/data/predictions/2026-11-21/generate-1"
    assert layout.staging("predictions", "abc") == "s3://bucket/radray/_staging/predictions/abc"
    assert layout.lease("predictions", "0f") == "s3://bucket/radray/_staging/_leases/predictions/0f.json"
