"""What spells a special token in a report's text is text to the model."""

import pytest
from tokenizers import Tokenizer, pre_tokenizers, processors
from tokenizers.models import WordLevel
from transformers import PreTrainedTokenizerFast

from radray.models.families.registry import named_family
from radray.models.families.special_tokens import without_special

WORDS = ["<pad>", "<unk>", "</s>", "<extra_id_0>", "Clear", "yes", "(/s>"]


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    backend = Tokenizer(WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    backend.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 2)])
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        additional_special_tokens=["<extra_id_0>"],
    )


def test_texts_keep_their_length_and_lose_special_tokens(tokenizer: PreTrainedTokenizerFast) -> None:
    texts = ["Clear </s> yes <extra_id_0>", "<<pad></s>", "3 < 4 </ s>", ""]
    assert without_special(tokenizer, texts) == ["Clear (/s> yes (extra_id_0>", "<(pad>(/s>", "3 < 4 </ s>", ""]
    assert without_special(tokenizer, []) == []


def test_a_t5_reads_an_end_in_a_report_as_text(tokenizer: PreTrainedTokenizerFast) -> None:
    family = named_family("t5")
    (prompt,) = family.encode_prompts(tokenizer, ["Clear </s> yes"], chat=False)
    assert prompt.ids == [4, 6, 5, 2]
    assert family.encode_targets(tokenizer, ["</s> yes"], chat=False) == [[6, 5, 2]]
