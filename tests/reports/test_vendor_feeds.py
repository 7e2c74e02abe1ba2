import pytest

from tests.support.inputs.vendor_feeds.judging import judge
from tests.support.inputs.vendor_feeds.messages import VENDORS, make_feed


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendors_feed_comes_out_as_it_was_drawn(vendor: str) -> None:
    wrong = {
        verdict.report.study_id: verdict.wrong for verdict in judge(make_feed(vendor, 100, seed=7)) if verdict.wrong
    }
    assert wrong == {}


def test_a_feed_is_the_same_for_the_same_seed() -> None:
    assert make_feed("epic", 12, seed=3).data == make_feed("epic", 12, seed=3).data
    assert make_feed("vista", 0, seed=3).data == b""
