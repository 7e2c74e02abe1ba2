"""Writing a T5 in CTranslate2's format, with the output scale that the model has and not the one its config says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from ctranslate2.converters.transformers import T5Loader
from ctranslate2.specs.model_spec import OPTIONAL

from radray.errors import InputError
from radray.models.families.loading import load_tokenizer, quiet
from radray.models.families.t5.loading import load_model

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def write_converted(folder: Path, out: Path, compute_type: str) -> None:
    """Write the model of `folder` into the empty folder `out`, its weights stored as `compute_type`.

    Raises InputError for a folder without a usable model.
    """
    with quiet(), torch.no_grad():
        spec = _Loader()(load_model(folder), load_tokenizer(folder))
        spec.validate()
        spec.optimize(quantization=compute_type)
        spec.save(str(out))


class _Loader(T5Loader):
    """CTranslate2's own reading of T5, but for two mistakes (4.8.5, transformers/T5Loader)."""

    def get_model_spec(self, model: Any) -> Any:
        """Return the weights. The scale is what the model does.

        The original takes it from `tie_word_embeddings`, which transformers 5 sets for every T5: FLAN's logits came
        out divided by sqrt(d_model), and beams and scores were wrong.
        """
        spec = super().get_model_spec(model)
        scale = output_scale(model)
        spec.decoder.scale_outputs = OPTIONAL if scale == 1.0 else scale
        return spec

    def get_vocabulary(self, model: Any, tokenizer: Any) -> list[str]:
        """Return a name for every row of the embedding, each another.

        The original calls rows without a piece ``<extra_id_0>`` and so on, which FLAN's tokenizer has already.
        """
        rows = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
        if [row for _, row in rows] != list(range(len(rows))) or len(rows) > model.config.vocab_size:
            raise InputError("the tokenizer's ids are not the first rows of the model's embedding")
        return [piece for piece, _ in rows] + [f"<no piece {row}>" for row in range(len(rows), model.config.vocab_size)]


@torch.no_grad()
def output_scale(model: PreTrainedModel) -> float:
    """Return the factor between the decoder's output and what its output layer is given: 1, or d_model**-0.5.

    It is measured, on one call, because configs say it in ways that changed between releases of transformers.
    Raises InputError for any other factor.
    """
    start = torch.tensor([[model.generation_config.decoder_start_token_id or 0]])
    out: Any = model(input_ids=start, decoder_input_ids=start, output_hidden_states=True)
    plain = torch.nn.functional.linear(out.decoder_hidden_states[-1], model.get_output_embeddings().weight)
    scales = (1.0, model.config.d_model**-0.5)
    fits = [scale for scale in scales if torch.allclose(plain * scale, out.logits, rtol=1e-3, atol=1e-4 * scale)]
    if len(fits) != 1:
        raise InputError(f"the decoder's output is scaled by neither 1 nor {model.config.d_model}**-0.5")
    return fits[0]
