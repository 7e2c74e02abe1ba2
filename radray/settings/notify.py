"""Settings of the notices that a failed nightly job sends."""

import ipaddress
import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from radray.settings.section import Section, is_loopback

_METADATA = ipaddress.ip_network("fd00:ec2::/32")
"""Where EC2 has what it has at 169.254.169.254, by IPv6."""


def safe_receiver(url: str) -> str:
    """Return `url`, to which a notice may be posted. Raises ValueError, without the URL, for any other.

    It is https, or http on loopback. Refused are what libraries read in different ways (a user before the host, a
    backslash, an address that is not written in full), and addresses at which no receiver of notices is: link-local
    ones, where clouds answer with a machine's credentials, unspecified and multicast ones. Private addresses are taken:
    a hospital's own receiver often has one, https proves who answers, no answer is read and no redirect is followed.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("not a URL of a host and a port") from None
    if not host or "@" in parts.netloc or "\\" in url or not re.fullmatch(r"[!-~]+", url):
        raise ValueError("expected https://host/path: no user or password, no blank, no backslash, ASCII alone")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise ValueError("must be https://, or http:// on loopback")
    if ":" in host or re.fullmatch(r"[0-9]+|0[xX][0-9a-fA-F]*", host.rstrip(".").rpartition(".")[2]):
        _refuse_address(host)
    return url


def _refuse_address(host: str) -> None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise ValueError("an address is written in full, such as 10.1.2.3") from None
    address = getattr(address, "ipv4_mapped", None) or address
    if address.is_link_local or address.is_unspecified or address.is_multicast or address in _METADATA:
        raise ValueError("no receiver of notices has a link-local, unspecified or multicast address")


Webhook = Annotated[str, Field(max_length=2048), AfterValidator(safe_receiver)]
TopicArn = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+$")]


class NotifySettings(Section):
    """Who is sent the final line of `prepare` or `generate` when its exit code is not 0; None: nobody.

    The line holds dates, counts and run ids, and no text of a report or of an error.
    """

    webhook: Annotated[Webhook | None, Field(exclude=True)] = None
    """URL that the line is posted to, https unless it is on loopback; None: nobody is posted to.

    Redirects are not followed: a receiver that has moved is a notice that failed, and is printed.

    Never in what `dump_settings` gives: such a URL is often a secret."""
    sns_topic_arn: TopicArn | None = None
    """SNS topic that the line is published to; None: no topic."""
