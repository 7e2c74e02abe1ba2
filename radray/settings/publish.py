"""Settings of what is published: the models that the views name, and AWS Athena and QuickSight."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from radray.settings.section import Place, Section

Arn = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:[a-z]+:[a-z0-9-]*:[0-9]{12}:.+$", max_length=2048)]


class PublishSettings(Section):
    """Views, here and in Athena, and the dashboards over them."""

    production_model: Place = "model"
    """Name of the model that the views take for the one in use; `model` is what `model.out` of a laptop is called."""
    candidate_model: Place | None = None
    """Name of the model that it is compared with; None: the candidate's columns are null, and the comparison is
    empty."""
    athena_workgroup: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,128}$")] = "primary"
    """Workgroup in which Athena runs the queries."""
    athena_output: Annotated[str, Field(pattern=r"^s3://[^/]+/.+$")] | None = None
    """Prefix on S3 where Athena writes results; None: the workgroup's."""
    account_id: Annotated[str, Field(pattern=r"^[0-9]{12}$")] | None = None
    """AWS account, needed for QuickSight and for the policies; None: Athena's views alone."""
    principal_arn: Arn | None = None
    """QuickSight user or group (its namespace is in the ARN) that sees the dashboard without text; None: nobody.

    It shows ids of studies: it is for those who may look a study up."""
    text_principal_arn: Arn | None = None
    """QuickSight user or group that sees texts side by side as well; None: no data set holds text."""
    analyst_role_arn: Arn | None = None
    """Role of analysts, for whom `--dry-run` prints the grants of columns that Lake Formation needs; None: none are
    printed."""
    import_mode: Literal["DIRECT_QUERY", "SPICE"] = "DIRECT_QUERY"
    """How QuickSight reads: by asking Athena each time, or from a copy of its own (SPICE), which somebody has to
    refresh."""
    deidentification_key: Annotated[str | None, Field(min_length=32, exclude=True)] = None
    """Key of the ids in `reports_deidentified` and `predictions_deidentified`, at least 32 characters; None: no such
    views.

    Never in what `dump_settings` gives. The same key gives a patient the same id in the next export."""
    prefix: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")] = "radray"
    """First part of the ids of all that is published in QuickSight."""
    timeout_s: Annotated[float, Field(gt=0.0, le=3600.0)] = 300.0
    """Longest wait for one view or dashboard, in seconds."""
    remove: bool = False
    """Whether what was published is removed instead: dashboards, data sets, data source, views; never a table."""

    @model_validator(mode="after")
    def _an_account_has_readers(self) -> "PublishSettings":
        if self.account_id is not None and self.principal_arn is None:
            raise ValueError("publish.account_id needs publish.principal_arn: else nobody could see the dashboard")
        if self.candidate_model == self.production_model:
            raise ValueError("publish.candidate_model is publish.production_model")
        return self
