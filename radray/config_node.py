"""Settings of the machine that a fine-tuning is planned for."""

from typing import Annotated

from pydantic import Field

from radray.settings.section import Place, Section

Gib = Annotated[float, Field(gt=0.0)]


class NodeSettings(Section):
    """A node that fine-tuning runs on, as its maker describes it; None: not known, and nothing is refused for it.

    Memory is in GiB (2**30 bytes), speed in TFLOP/s.
    """

    name: Place = "this machine"
    gpus: Annotated[int, Field(ge=0, le=64)] = 0
    gpu_memory_gib: Gib | None = None
    """Of one GPU."""
    gpu_compute_capability: Annotated[float, Field(ge=3.0, le=20.0)] | None = None
    """7.0 for V100, 8.0 A100, 8.6 A10G, 8.9 L40S, 9.0 H100: below 8.0 there is no bf16."""
    tflops: Annotated[float, Field(gt=0.0)] | None = None
    """Peak of one GPU (without GPUs: of one worker) in train.precision, dense, as its maker states it."""
    utilisation: Annotated[float, Field(gt=0.0, le=1.0)] = 0.3
    """Share of the peak that a training reaches. 0.3: below the 0.46 that PaLM (Chowdhery et al. 2022, table 3)
    reached on long sequences; reports are short and micro-batches small."""
    gather_gb_per_s: Annotated[float, Field(gt=0.0)] | None = None
    """Rate (10**9 bytes) at which each GPU gathers weights from the others, NCCL's bus bandwidth; None: as if it took
    no time. The profiles' values are orders of magnitude for such machines, not measured."""
    host_memory_gib: Gib | None = None
    disk_gib: Gib | None = None


class CorpusSettings(Section):
    """What `jobs.finetune --dry-run` plans for, as it reads no table; a run plans with the reports it has."""

    reports: Annotated[int, Field(ge=1)] | None = None
    """Reports with findings and impression, validation included; None: no estimate of time."""
    input_tokens: Annotated[float, Field(gt=0.0)] = 160.0
    """Mean tokens of a prompt with background."""
    target_tokens: Annotated[float, Field(gt=0.0)] = 40.0
    """Mean tokens of an impression."""
