"""Settings of the Ray cluster that a job runs on."""

from typing import Annotated

from pydantic import Field, field_validator

from radray.settings.section import Section

Bundle = dict[Annotated[str, Field(min_length=1)], Annotated[float, Field(gt=0.0)]]


class ClusterSettings(Section):
    """The Ray cluster that a job runs on."""

    address: str | None = None
    """Address of a running cluster; None: RAY_ADDRESS, which a submitted job has, else a local one of at least 4
    CPUs."""
    allow_unencrypted: bool = False
    """Whether a cluster or a job server off loopback is used although Ray does not encrypt what is sent there.

    Report text and the cluster's token then cross the network in clear: for a network that encrypts by itself."""
    ask: tuple[Bundle, ...] = ()
    """Nodes to ask the autoscaler for, and to wait for, before work is planned, each by what it must have, such as
    ``[{GPU: 1, inference: 1}, {CPU: 16}]``; []: what is there is used.

    Nothing is asked of a local Ray."""
    ask_timeout_s: Annotated[float, Field(gt=0.0, le=86_400.0)] = 1_800.0
    """Longest wait for these nodes, in seconds.

    A GPU node starts, pulls its image and installs its libraries first."""
    wait: bool = True
    """Whether `jobs.submit` follows the job to its end and ends with its exit code."""
    price_per_hour: Annotated[float, Field(ge=0.0)] | None = None
    """Price of an hour of the whole cluster, in any currency; None: no cost is reported."""

    @field_validator("ask")
    @classmethod
    def _every_node_has_something(cls, value: tuple[Bundle, ...]) -> tuple[Bundle, ...]:
        if not all(value):
            raise ValueError("a node that is asked for must have something, such as {CPU: 16}")
        return value
