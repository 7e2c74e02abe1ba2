"""Settings of the notices that a failed nightly job sends."""

from typing import Annotated

from pydantic import Field

from radray.settings.section import Section

Webhook = Annotated[str, Field(pattern=r"^(https://|http://(localhost|127\.0\.0\.1)[:/])\S+$", max_length=2048)]
TopicArn = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+$")]


class NotifySettings(Section):
    """Who is sent the final line of `prepare` or `generate` when its exit code is not 0; None: nobody.

    The line holds dates, counts and run ids, and no text of a report or of an error.
    """

    webhook: Annotated[Webhook | None, Field(exclude=True)] = None
    """URL that the line is posted to; None: nobody is posted to.

    Never in what `dump_settings` gives: such a URL is often a secret."""
    sns_topic_arn: TopicArn | None = None
    """SNS topic that the line is published to; None: no topic."""
