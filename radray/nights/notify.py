"""Sends the final line of a nightly job that failed to a webhook and an SNS topic, and nothing else."""

import json
import urllib.request
from http.client import HTTPMessage
from typing import IO, Any
from urllib.parse import urlsplit

from radray.settings.notify import NotifySettings
from radray.settings.section import is_loopback

TIMEOUT_S = 5
"""For a connection, and for an answer: the job has ended, and whoever waits for its exit code waits for this too."""
ATTEMPTS = 2


def notify(settings: NotifySettings, line: str) -> list[str]:
    """Send `line` to every receiver in `settings`; return what went wrong, a sentence each, and never raise.

    The sentences name neither URL nor topic: the first is often a secret.
    """
    failures = []
    if settings.webhook is not None:
        try:
            post(settings.webhook, line)
        except Exception as error:  # whatever it is: the exit code is the job's own
            failures.append(f"notify.webhook was not told: {_cause(error)}")
    if settings.sns_topic_arn is not None:
        try:
            publish(sns_client(settings.sns_topic_arn), settings.sns_topic_arn, line)
        except Exception as error:
            failures.append(f"notify.sns_topic_arn was not told: {_cause(error)}")
    return failures


def post(url: str, line: str) -> None:
    """Post `line` as JSON to `url`, through the environment's proxy if it has one, but on loopback.

    Raises OSError unless the answer is 2xx: also for a redirect. urllib would follow it with a GET, without the line
    and to any host, and count the notice as given.
    """
    headers = {"Content-Type": "application/json", "User-Agent": "radray"}
    request = urllib.request.Request(url, line.encode("utf-8"), headers, method="POST")
    proxies = urllib.request.ProxyHandler({} if is_loopback(urlsplit(url).hostname or "") else None)
    with urllib.request.build_opener(_NoRedirects, proxies).open(request, timeout=TIMEOUT_S):
        pass


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Takes a redirect for what it is here: no receiver."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Return None, by which urllib raises HTTPError with the redirect's code."""


def sns_client(topic_arn: str) -> Any:
    """Return a boto3 client of the topic's region."""
    # here and not above: few jobs fail, and few of these tell a topic
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=TIMEOUT_S,
        read_timeout=TIMEOUT_S,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    )
    return boto3.session.Session().client("sns", region_name=topic_arn.split(":")[3], config=config)


def publish(client: Any, topic_arn: str, line: str) -> None:
    """Publish `line` to the topic, its first sentence as the subject. Raises botocore's errors."""
    client.publish(TopicArn=topic_arn, Subject=json.loads(line)["text"][:99], Message=line)


def _cause(error: Exception) -> str:
    code = getattr(error, "code", None)
    return f"HTTP {code}" if isinstance(code, int) else type(error).__name__
