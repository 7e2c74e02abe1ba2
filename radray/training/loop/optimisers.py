"""AdamW and Adafactor over whole or sharded parameters, and the learning rate of each step."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import distributed, nn
from torch.distributed.tensor import DTensor, Replicate, Shard

from radray.settings.train import TrainSettings


def build_optimiser(model: nn.Module, settings: TrainSettings) -> torch.optim.Optimizer:
    """Return the optimiser of `settings` over the parameters that learn; no weight decay on gains and biases."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": settings.weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    if settings.optimiser == "adafactor":
        return Adafactor(groups, lr=settings.learning_rate)
    # fused: torch's default on a GPU takes another copy of all weights (11 GB for FLAN-T5 XL)
    return torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)


def learning_rate(step: int, total: int, settings: TrainSettings) -> float:
    """Return the rate of `step` (from 1) of `total`: linear warm-up over `warmup_fraction`, then linear down to 0."""
    warmup = round(settings.warmup_fraction * total)
    if step <= warmup:
        return settings.learning_rate * step / warmup
    return settings.learning_rate * (total - step + 1) / (total - warmup)


def fill_state(optimiser: torch.optim.Optimizer) -> None:
    """Give `optimiser` the state of its first step without changing a weight: rate 0 and gradients of 0."""
    rates = [group["lr"] for group in optimiser.param_groups]
    for group in optimiser.param_groups:
        group["lr"] = 0.0
        for parameter in group["params"]:
            parameter.grad = torch.zeros_like(parameter)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    for group, rate in zip(optimiser.param_groups, rates, strict=True):
        group["lr"] = rate


class Adafactor(torch.optim.Optimizer):
    """Adafactor (Shazeer and Stern, 2018) as in torch.optim.Adafactor, for FSDP2's sharded matrices too.

    torch's own refuses them (2.13: "in-place operations that require placement changes"), and transformers' sees only
    the shard of a matrix. State: for a matrix (n, m) float32 means of squares per row (n, 1), sharded like the matrix,
    and per column (1, m), whole on every worker; for a vector per value.
    """

    def __init__(self, params: Iterable[Any], lr: float, weight_decay: float = 0.0) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Take a step with the present gradients. `closure` is not used.

        Raises ValueError for a matrix that is sharded in another way than by rows.
        """
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, group["lr"], group["weight_decay"])

    def _update(self, parameter: torch.Tensor, lr: float, weight_decay: float) -> None:
        state = self.state[parameter]
        if not state:
            state.update(_first_state(parameter))
        state["step"] += 1
        t = float(state["step"])
        weights, gradient = _local(parameter), _local(parameter.grad).float()
        tiny = torch.finfo(torch.float32).eps
        fresh = t**-0.8  # the decay of the paper: the share of this step in the means of squares
        squares = weights.float().square().sum().reshape(1)
        if parameter.ndim == 2:
            rows, columns = _local(state["rows"]), state["columns"]
            rows.lerp_(gradient.square().mean(dim=1, keepdim=True), fresh)
            # one exchange for everything that needs all shards: sizes of weights and rows, and the columns
            sums = _over_shards(parameter, torch.cat([squares, rows.sum().reshape(1), gradient.square().sum(dim=0)]))
            squares, row_mean = sums[:1], sums[1] / parameter.shape[0]
            columns.lerp_((sums[2:] / parameter.shape[0]).reshape(1, -1), fresh)
            estimate = (rows @ columns).div_(row_mean.clamp(min=tiny))
        else:
            squares = _over_shards(parameter, squares)
            values = _local(state["squares"])
            values.lerp_(gradient.square(), fresh)
            estimate = values.clone()
        update = estimate.clamp_(min=tiny * tiny).rsqrt_().mul_(gradient)
        size = _over_shards(parameter, update.square().sum().reshape(1))
        # relative to the size of the weights, at least 1e-3, and no update of a size above 1; all of it stays on the
        # device: nothing here waits for it
        rms, update_rms = ((value / parameter.numel()).sqrt() for value in (squares, size))
        rate = rms.clamp(min=1e-3) * min(lr, t**-0.5) / update_rms.clamp(min=1.0)
        weights.mul_(1 - lr * weight_decay)
        weights.sub_(update.mul_(rate).to(weights.dtype))


def _first_state(parameter: torch.Tensor) -> dict[str, torch.Tensor]:
    step = torch.tensor(0.0)
    if parameter.ndim != 2:
        return {"step": step, "squares": torch.zeros_like(parameter, dtype=torch.float32)}
    local = _local(parameter)
    rows = torch.zeros(local.shape[0], 1, device=local.device)
    if isinstance(parameter, DTensor):
        rows = DTensor.from_local(
            rows, parameter.device_mesh, parameter.placements, shape=torch.Size((parameter.shape[0], 1)), stride=(1, 1)
        )
    return {"step": step, "rows": rows, "columns": torch.zeros(1, parameter.shape[1], device=local.device)}


def _local(tensor: torch.Tensor | None) -> torch.Tensor:
    """Return this worker's shard of a tensor; the tensor itself where it is not sharded."""
    if tensor is None:
        raise ValueError("a parameter without a gradient")
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def _over_shards(parameter: torch.Tensor, sums: torch.Tensor) -> torch.Tensor:
    """Return `sums`, computed over this worker's shard of `parameter`, as sums over all shards."""
    if not isinstance(parameter, DTensor) or parameter.placements == (Replicate(),):
        return sums
    if parameter.placements != (Shard(0),):
        raise ValueError(f"Adafactor works on shards of rows, not on {parameter.placements}")
    distributed.all_reduce(sums, group=parameter.device_mesh.get_group())
    return sums
