"""Sentence splitting on the cases that a split on ". " gets wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radray.language.sentences import split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("No effusion. Heart is normal.", ["No effusion.", "Heart is normal."]),
        ("A nodule of 1.9 x 1.8 cm. No mass.", ["A nodule of 1.9 x 1.8 cm.", "No mass."]),
        ("Mass. 1.9 x 1.8 cm nodule.", ["Mass.", "1.9 x 1.8 cm nodule."]),
        ("Fracture of T12. Next study normal.", ["Fracture of T12.", "Next study normal."]),
        ("Fracture of rib 5. No pneumothorax.", ["Fracture of rib 5.", "No pneumothorax."]),
        ("Rib no. 5 is broken. Rib 6 is not.", ["Rib no. 5 is broken.", "Rib 6 is not."]),
        ("Told Dr. A. B. Sample at 5 p.m. by phone. Done.", ["Told Dr. A. B. Sample at 5 p.m. by phone.", "Done."]),
        ("Seen by 5 p.m. No change.", ["Seen by 5 p.m.", "No change."]),
        ("Known hepatitis C. No edema.", ["Known hepatitis C.", "No edema."]),
        ("Atelectasis vs. Pneumonia, e.g. Aspiration.", ["Atelectasis vs. Pneumonia, e.g. Aspiration."]),
        ("Grew by approx. two mm, i.e. slowly.", ["Grew by approx. two mm, i.e. slowly."]),
        ("1. Large effusion. 2. No edema.", ["1. Large effusion.", "2. No edema."]),
        ("1) Large effusion.  2) No edema.", ["1) Large effusion.", "2) No edema."]),
        ("1. Large effusion 2. Edema 3.Old line", ["1. Large effusion", "2. Edema", "3.Old line"]),
        ("1. Rib 3. No mass. 2. Clear.", ["1. Rib 3.", "No mass.", "2. Clear."]),
        ("A. Clear lungs.\nB. Normal heart", ["A. Clear lungs.", "B. Normal heart"]),
        ("Clear lungs\n\n No effusion \n", ["Clear lungs", "No effusion"]),
        ("No effusion.No edema.", ["No effusion.", "No edema."]),
        ("No effusion.. Next . Last? Yes! Good", ["No effusion..", "Next .", "Last?", "Yes!", "Good"]),
        ("Atelectasis. .", ["Atelectasis."]),
        ("Seen on ___. Compared with ___. No change.", ["Seen on ___.", "Compared with ___.", "No change."]),
        ("Line in place. (Unchanged.) Clear.", ["Line in place.", "(Unchanged.)", "Clear."]),
        ("Clear . then not", ["Clear . then not"]),
        ("___.", ["___."]),
        ("1.", ["1."]),
        ("", []),
        (" \n . \n", []),
    ],
)
def test_splits(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences


@given(st.text(alphabet="abN12. ,)\n_?", max_size=60))
def test_no_word_is_lost_or_moved(text: str) -> None:
    def words(texts: list[str]) -> list[str]:
        return [w for part in texts for w in "".join(c if c.isalnum() or c == "_" else " " for c in part).split()]

    sentences = split_sentences(text)
    assert words(sentences) == words([text])
    assert all(sentence == sentence.strip() != "" and "\n" not in sentence for sentence in sentences)
