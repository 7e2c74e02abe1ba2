"""`train.precision=auto`: bfloat16 where the processor that trains has units for it."""

from radray.settings.root import Settings

UNITS = ("amx_bf16", "avx512_bf16")
"""What a CPU calls its units for bfloat16: without one, bfloat16 is slower than float32."""
_GPU = 8.0
"""Compute capability from which GPUs have them; see `sharding.refuse_bf16`."""


def with_precision(settings: Settings) -> tuple[Settings, str | None]:
    """Return `settings` with `auto` resolved, and a line that says to what and why; None: nothing was to resolve.

    For GPUs by `node.gpu_compute_capability`, where that is not known by this machine's; for CPUs by this machine's, as
    the nodes of a cluster are taken to be alike. Weights and optimiser stay in float32 either way.
    """
    if settings.train.precision != "auto":
        return settings, None
    import torch  # seconds, which a dry run without `auto` need not spend

    if settings.train.use_gpu:
        capability = settings.node.gpu_compute_capability
        if capability is None and torch.cuda.is_available():
            major, minor = torch.cuda.get_device_capability()
            capability = major + minor / 10
        has = capability is not None and capability >= _GPU
        why = f"a GPU of compute capability {capability or 'unknown'}"
    else:
        capabilities = torch.cpu.get_capabilities()
        units = [name for name in UNITS if capabilities.get(name)]
        has, why = bool(units), f"this processor has {units[0] if units else 'neither amx_bf16 nor avx512_bf16'}"
    chosen = "bf16" if has else "fp32"
    train = settings.train.model_copy(update={"precision": chosen})
    return settings.model_copy(update={"train": train}), f"train.precision=auto: {chosen}, {why}"
