"""Settings of models: what training starts from, what it writes, what generation uses."""

from typing import Annotated

from pydantic import Field, field_validator

from radray.settings.section import Place, Section


class TinySettings(Section):
    """Size of the small T5 that ``model.init=tiny`` builds from the training text."""

    vocab_size: Annotated[int, Field(ge=300, le=32_000)] = 2_000
    """Tokens in the vocabulary."""
    d_model: Annotated[int, Field(ge=16, le=1024, multiple_of=8)] = 128
    """Width of the hidden states."""
    d_ff: Annotated[int, Field(ge=16, le=4096)] = 256
    """Width of the feed-forward layers."""
    num_layers: Annotated[int, Field(ge=1, le=24)] = 2
    """Layers of the encoder, and as many of the decoder."""
    num_heads: Annotated[int, Field(ge=1, le=16)] = 4
    """Attention heads of a layer."""


class ModelSettings(Section):
    """Models to start from, to make and to use."""

    init: Place = "google/flan-t5-xl"
    """Model that fine-tuning starts from: a hub id, a folder, an ``s3://`` prefix, or `tiny`."""
    tiny: TinySettings = TinySettings()
    out: Place = "out/model"
    """Folder that fine-tuning writes, or ``s3://`` prefix that it is uploaded to, the manifest last."""
    uri: Annotated[tuple[Place, ...], Field(max_length=16)] = ()
    """Models that `generate` uses, one or a list: folders, ``s3://`` prefixes or hub ids; []: none, which `generate`
    refuses."""
    prompt: str = "background-findings-v1"
    """Id of the prompt; see radray/tasks/impression/prompts.py."""

    @field_validator("uri", mode="before")
    @classmethod
    def _single_as_tuple(cls, value: object) -> object:
        if isinstance(value, str) and "," in value and not value.startswith("["):
            raise ValueError("several models are written as a list: 'model.uri=[a, b]'")
        return (value,) if isinstance(value, str) else () if value is None else value
