"""Which token follows: the likeliest, or one drawn by its probability; and the log-probability of those that did.

A sample is drawn by Gumbel's trick: the token with the greatest sum of log-probability, over the temperature, and a
draw from the standard Gumbel distribution has the softmax's distribution (Maddison, Tarlow and Minka, "A* sampling",
NeurIPS 2014). So greedy search over noise is sampling, and where the noise is a function of a key alone, so is the
sample: whatever else is in the call, whichever actor makes it, however often it is made. CTranslate2's own sampling
is not: its generators are seeded once a thread.
"""

import hashlib
from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt
import torch
from transformers import LogitsProcessor


class TokenChoice(LogitsProcessor):
    """Keeps the log-probability of the token that each step takes, which greedy search does not report."""

    def __init__(self) -> None:
        self._steps: list[torch.Tensor] = []

    def totals(self, lengths: Sequence[int], length_penalty: float) -> list[float]:
        """Return each row's score over its first `lengths` tokens."""
        steps = torch.stack(self._steps, dim=1).tolist()
        return [sum(row[:n]) / n**length_penalty for row, n in zip(steps, lengths, strict=True)]


class Likeliest(TokenChoice):
    """Takes each step's likeliest token, as greedy search does."""

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Return `scores` as they are, (rows, vocabulary)."""
        self._steps.append(torch.log_softmax(scores.float(), dim=-1).amax(dim=-1))
        return scores


class Sampled(TokenChoice):
    """Draws each step's token by its probability at a temperature; a row's draws depend on its key alone."""

    def __init__(self, keys: Sequence[bytes], temperature: float, ends: Collection[int]) -> None:
        """Take a key of 16 bytes a row, and the tokens that end one: after it nothing is drawn."""
        super().__init__()
        self._temperature = temperature
        self._ends = frozenset(ends)
        self._sources: list[np.random.Philox | None] = [
            np.random.Philox(key=int.from_bytes(key, "little")) for key in keys
        ]

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Return scores under which greedy search takes the drawn tokens, (rows, vocabulary)."""
        logprobs = torch.log_softmax(scores.float(), dim=-1)
        noise = np.stack([_gumbel(source, scores.shape[-1]) for source in self._sources])
        drawn = (logprobs / self._temperature + torch.from_numpy(noise).to(logprobs)).argmax(dim=-1, keepdim=True)
        self._steps.append(logprobs.gather(1, drawn)[:, 0])
        for row, token in enumerate(drawn[:, 0].tolist()):
            if token in self._ends:
                self._sources[row] = None
        return torch.full_like(scores, -torch.inf).scatter_(1, drawn, 0.0)


def sample_key(seed: int, number: int, tokens: Sequence[int]) -> bytes:
    """Return the key of the sample `number` of an input of `tokens`: 16 bytes."""
    text = f"{seed} {number} {' '.join(map(str, tokens))}"
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _gumbel(source: np.random.Philox | None, count: int) -> npt.NDArray[np.float64]:
    """Return the next `count` draws of a source from the standard Gumbel distribution; zeros where there is no source.

    From the bits of Philox, which NumPy promises to keep the same, and not by its distributions, which may change.
    """
    if source is None:
        return np.zeros(count)
    uniform = ((source.random_raw(count) >> np.uint64(11)) + 0.5) * 2.0**-53  # in (0, 1), ends excluded
    return np.asarray(-np.log(-np.log(uniform)))
