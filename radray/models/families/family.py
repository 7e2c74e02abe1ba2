"""A family of models: what differs between T5 and a causal model, behind one interface."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import torch
from torch import nn

from radray.errors import ConfigError

if TYPE_CHECKING:
    # CTranslate2's engine asks a family for tokens alone: these would more than double the time that it takes to start
    from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase


class EncodedPrompt(NamedTuple):
    """A prompt as token ids, whole.

    Where it is cut its `exemplars`, ranges of ids, are lost first, and its last `tail` ids stay. All prompts of a run
    begin with the first `alike` ids (0: nothing is known of them).
    """

    ids: list[int]
    tail: int
    exemplars: tuple[tuple[int, int], ...] = ()
    alike: int = 0


class Family(ABC):
    """One family: its folders, its texts in tokens, its loss, its search. Without state: one object serves all."""

    name: ClassVar[str]
    task_type: ClassVar[str]
    """What PEFT calls what its models do: the value of a TaskType."""
    decoder_only: ClassVar[bool]
    """Whether a prompt and its answer are one sequence of tokens."""

    # a model folder

    @abstractmethod
    def load_tokenizer(self, folder: Path) -> PreTrainedTokenizerBase:
        """Return the tokenizer of the model folder, with an end and a padding token. Raises InputError for none."""

    @abstractmethod
    def refuse_other_tokenizer(self, folder: Path, tokenizer: PreTrainedTokenizerBase) -> None:
        """Raise InputError when `tokenizer` cannot be the one that the model of `folder` was made with."""

    @abstractmethod
    def load_model(
        self, folder: Path, *, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu"
    ) -> PreTrainedModel:
        """Return the model of the folder on `device`, in evaluation mode, its weights as `dtype`.

        Raises InputError for a folder that holds no such model in safetensors.
        """

    @abstractmethod
    def load_in_parts(
        self, folder: Path, *, dtype: torch.dtype = torch.float32, placed: Callable[[nn.Module], None]
    ) -> PreTrainedModel:
        """Return the model of the folder without ever holding the whole of it, see `loading.fill_by_layer`."""

    def prepare_learning(self, model: PreTrainedModel, device: torch.device) -> None:
        """Set what makes `model` learn fast on `device`, and changes nothing of what it computes."""
        return

    @abstractmethod
    def save_model(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
        """Write `model` and `tokenizer` to `folder` (created if need be) as a Hugging Face folder."""

    @abstractmethod
    def write_converted(self, folder: Path, out: Path, compute_type: str) -> None:
        """Write the model of `folder` into the empty folder `out` for CTranslate2, its weights as `compute_type`.

        Raises InputError for a folder without a usable model, or whose copy would compute something else.
        """

    def longest(self, folder: Path) -> int | None:
        """Return the most tokens that prompt and answer may have together; None: no limit."""
        return None

    def refuse_longer(self, folder: Path, tokens: Mapping[str, int]) -> None:
        """Raise ConfigError when the `tokens` that settings allow, by their name, are more than the model was made for.

        Beyond its positions a causal model answers all the same, and worse.
        """
        longest = self.longest(folder)
        if longest is not None and sum(tokens.values()) > longest:
            listed = " and ".join(f"{name}={count}" for name, count in tokens.items())
            raise ConfigError(
                f"model folder {folder}: the model has positions for {longest:,} tokens of prompt and answer, and"
                f" {listed} allow {sum(tokens.values()):,}"
            )

    def refuse_beyond_window(self, folder: Path, tokens: int) -> None:
        """Raise InputError when CTranslate2 computes something else for prompts and answers of `tokens` together."""
        return

    # its layers

    @abstractmethod
    def blocks_of(self, model: nn.Module) -> list[nn.Module]:
        """Return the layers of the model: what is sharded, and computed twice, by itself."""

    @abstractmethod
    def linear_layers(self, block: nn.Module) -> list[str]:
        """Return the names of the linear layers of a layer: LoRA goes on all of them (Dettmers 2023)."""

    @abstractmethod
    def put_soft_prompt(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, pieces: Sequence[str]
    ) -> None:
        """Have `tokenizer` put `pieces` before every input; both have their ids and rows already."""

    # its texts

    @abstractmethod
    def encode_prompts(
        self, tokenizer: PreTrainedTokenizerBase, prompts: Sequence[str], *, chat: bool
    ) -> list[EncodedPrompt]:
        """Return the tokens of each prompt, whole, without the marks of its exemplars; no prompts: an empty list.

        `chat`: as a user's turn in the tokenizer's chat template. Raises InputError where it has none that works.
        """

    @abstractmethod
    def encode_targets(
        self, tokenizer: PreTrainedTokenizerBase, targets: Sequence[str], *, chat: bool
    ) -> list[list[int]]:
        """Return the tokens of each target as they follow a prompt, end token included; no targets: an empty list."""

    # its work

    @abstractmethod
    def target_logits(
        self,
        model: nn.Module,
        plain: Any,
        inputs: Sequence[list[int]],
        targets: Sequence[list[int]],
        device: torch.device,
    ) -> torch.Tensor:
        """Return the logits of each token of each target, (rows, longest target, vocabulary), given those before it.

        `model` is called once; `plain` is the same or the model that it wraps. Where a target is shorter than the
        longest, the last of its logits mean nothing.
        """

    @abstractmethod
    def search(self, model: Any, rows: Sequence[list[int]], device: torch.device, **arguments: Any) -> Any:
        """Return what transformers' generate returns for `rows` of input tokens, `sequences` without the input.

        `model` is searched as its generation config says; `arguments` go to generate.
        """

    @abstractmethod
    def search_tokens(self, folders: GenerationConfig, tokenizer: PreTrainedTokenizerBase) -> dict[str, Any]:
        """Return the special tokens of a search, by their names in GenerationConfig.

        `folders` is the generation config of the model's folder.
        """
