"""Settings of the warehouse: where tables, metadata and staging lie, and how S3 is reached."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from radray.settings.section import Place, Section, is_loopback

IN_CLEAR = "reports would cross the network in clear: an endpoint off this machine must be https://"


def is_in_clear(endpoint: str) -> bool:
    """Return whether what is sent to the S3 server at the URL `endpoint` crosses a network, and is not encrypted."""
    return not endpoint.startswith("https://") and not is_loopback(urlsplit(endpoint).hostname or "")


def _encrypted(endpoint: str) -> str:
    if is_in_clear(endpoint):
        raise ValueError(IN_CLEAR)
    return endpoint


Endpoint = Annotated[str, Field(pattern=r"^https?://[^/@?#\\\s]+/?$"), AfterValidator(_encrypted)]


class S3Settings(Section):
    """How every S3 client here reaches S3: tables, staging and the source alike.

    Credentials are never settings: the usual chain gives them (environment, profile, role of the machine).
    Encryption is the bucket's default: pyarrow, which writes the data files, cannot ask for a key.
    """

    endpoint: Endpoint | None = None
    """URL of another S3 than Amazon's (MinIO, Ceph, ...), https unless it is on loopback; None: AWS_ENDPOINT_URL_S3,
    AWS_ENDPOINT_URL, else AWS."""
    region: Place | None = None
    """Region of the bucket; None: AWS_REGION, AWS_DEFAULT_REGION, the profile's, else us-east-1."""
    path_style: bool = False
    """Whether the bucket is in the path (``host/bucket/key``) and not in the host name: most servers other than AWS
    need it."""

    @model_validator(mode="after")
    def _the_bucket_can_be_addressed(self) -> "S3Settings":
        host = "" if self.endpoint is None else urlsplit(self.endpoint).hostname or ""
        if not self.path_style and (":" in host or host.replace(".", "").isdigit()):
            raise ValueError("an endpoint that is an IP address needs warehouse.s3.path_style=true")
        return self


class WarehouseSettings(Section):
    """Where the tables live."""

    uri: Place = "out/warehouse"
    """Folder or ``s3://`` prefix of data, metadata and staging."""
    s3: S3Settings = S3Settings()
    """The S3 that ``s3://`` of `uri` and of `source.uri` means."""
    catalog: Literal["sqlite", "glue"] = "sqlite"
    """Catalog of the tables: a SQLite file for one machine, or AWS Glue."""
    catalog_uri: Place | None = None
    """SQLite file of the catalog; None: ``catalog.db`` in the local warehouse."""

    @model_validator(mode="after")
    def _catalog_outlives_the_head_node(self) -> "WarehouseSettings":
        if self.catalog == "sqlite" and self.catalog_uri is None and "://" in self.uri:
            raise ValueError(
                "a SQLite catalog with a remote warehouse needs warehouse.catalog_uri (a file that outlives the"
                " head node), or use warehouse.catalog=glue"
            )
        if self.catalog_uri is not None and "://" in self.catalog_uri:
            raise ValueError("warehouse.catalog_uri is the path of a local SQLite file")
        return self
