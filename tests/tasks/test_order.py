"""Items of an impression in the order of urgency: whole, in their own words, or left as they were."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radray.checks.check import check
from radray.language.mentions import find_mentions
from radray.tasks.impression.order import MAX_ITEMS, order_by_criticality


@pytest.mark.parametrize(
    ("text", "ordered", "order"),
    [
        ("Mild cardiomegaly. Large left pneumothorax.", "Large left pneumothorax. Mild cardiomegaly.", "2,1"),
        # critical before urgent before the rest, those of one urgency as they stood
        (
            "Hiatal hernia. Right upper lobe mass. Tension pneumothorax. Left pleural effusion. Scoliosis.",
            "Tension pneumothorax. Right upper lobe mass. Left pleural effusion. Hiatal hernia. Scoliosis.",
            "3,2,4,1,5",
        ),
        # the marks of a list stay where they are, and a recommendation stays with its finding
        (
            "1. Mild cardiomegaly\n2. New right upper lobe mass\n3. Chest CT is recommended",
            "1. New right upper lobe mass\n2. Chest CT is recommended\n3. Mild cardiomegaly",
            "2,3,1",
        ),
        (
            "Hiatal hernia. Right lung mass. It measures 3 cm. This was discussed by telephone.",
            "Right lung mass. It measures 3 cm. This was discussed by telephone. Hiatal hernia.",
            "2,3,4,1",
        ),
        ("Cardiomegaly. Possible small pneumothorax.", "Possible small pneumothorax. Cardiomegaly.", "2,1"),
    ],
)
def test_the_most_urgent_stands_first(text: str, ordered: str, order: str) -> None:
    assert order_by_criticality(text) == (ordered, order)
    assert check(ordered, "", None).most_urgent_first


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No acute disease.",
        "Large left pneumothorax. Mild cardiomegaly.",
        "Mild cardiomegaly. Hiatal hernia.",
        # what is denied, old or resolved is not urgent
        "Mild cardiomegaly. No pneumothorax.",
        "Mild cardiomegaly. Healed rib fracture. Calcified granulomatous nodule.",
        # a sentence that leans on the one before
        "Opacity at the left base. This may be pneumonia.",
        "Increased left hilar density. Malignancy cannot be excluded.",
        "Calcified splenic focus. Vascular aneurysm would be possible.",
        "Patchy right opacity. May represent pneumonia.",
        "Nodular opacity. The questionable mass was not seen before.",
        # nothing to lean on
        "These are unchanged. Large left pneumothorax.",
        # headings, and what refers to an item by its number
        "Chest. Right rib fracture. Hand. No pneumothorax.",
        "CT HEAD: Normal. CT CHEST: Large pneumothorax.",
        "1. Cardiomegaly. 2. Pneumothorax, see item 1.",
        "1. Normal heart. 2. Effusion. 1. Normal bowel. 2. Free air.",
        # the last sentence may be cut off
        "Mild cardiomegaly. Large left pneumothorax",
        "Findings are as follows. Cardiomegaly. Pneumothorax.",
        "Mild cardiomegaly. Large left pneumothorax. " * MAX_ITEMS,
    ],
)
def test_what_cannot_or_need_not_be_moved_stays(text: str) -> None:
    assert order_by_criticality(text) == (text, None)


ITEMS = st.sampled_from(
    (
        *(
            "Large left pneumothorax.",
            "Small right effusion.",
            "Acute aortic dissection!",
            "Free air under the diaphragm.",
        ),
        *(
            "No acute disease.",
            "Mild cardiomegaly.",
            "Stable scoliosis, T12.",
            "Healed rib fracture.",
            "Hiatal hernia?",
        ),
        *("This is new.", "It measures 3.5 cm.", "Recommend chest CT in 3 months.", "Discussed with Dr. ___ at 3 p.m."),
        *(
            "Otherwise unchanged.",
            "Possible pneumonia.",
            "May be pneumonia.",
            "Right 5 mm nodule, unchanged.",
            "Chest.",
        ),
        *("The mass is larger.", "A 2 cm mass is seen in the right lung.", "No effusion or pneumothorax.", "Normal"),
    )
)


@given(st.lists(ITEMS, max_size=8), st.sampled_from((" ", "\n", "  ")), st.sampled_from(("", "{}. ", "{}) ", "- ")))
def test_it_is_a_permutation_of_whole_items(items: list[str], between: str, mark: str) -> None:
    text = between.join(mark.format(place) + item for place, item in enumerate(items, 1))
    ordered, order = order_by_criticality(text)
    if order is None:
        assert ordered == text
        return
    assert ordered != text
    places = [int(place) for place in order.split(",")]
    assert sorted(places) == list(range(1, len(places) + 1))
    assert Counter(ordered.split()) == Counter(text.split())
    assert sorted(ordered) == sorted(text)
    assert all(item in ordered for item in items)
    if len(places) == len(items):
        assert ordered == between.join(mark.format(place) + items[was - 1] for place, was in enumerate(places, 1))
    # what is read in it is the same, and it is in order now
    assert Counter((its.concept, its.state, its.sides) for its in find_mentions(ordered)) == Counter(
        (its.concept, its.state, its.sides) for its in find_mentions(text)
    )
    assert order_by_criticality(ordered) == (ordered, None)


@given(st.text(alphabet=st.sampled_from("aA1.):-\n #?! ") | st.characters(), max_size=200))
def test_any_text_is_taken(text: str) -> None:
    ordered, order = order_by_criticality(f"Cardiomegaly. {text} Large pneumothorax.")
    assert sorted(ordered) == sorted(f"Cardiomegaly. {text} Large pneumothorax.")
    assert order is None or "," in order
