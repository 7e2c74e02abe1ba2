"""The bed that nobody tuned the checks on is the frozen one, and the checks still see most of its planted errors."""

import hashlib

from tests.benchmarks import unseen


def test_the_bed_is_the_frozen_file() -> None:
    assert hashlib.sha256(unseen.FILE.read_bytes()).hexdigest() == unseen.DIGEST


def test_most_dangerous_errors_raise_tier_a_and_few_sound_pairs_do() -> None:
    counts = unseen.counts()
    assert counts["planted, tier A"][0] == 35
    assert counts["planted, tier A"][2] >= 30
    assert counts["sound"][0] == 50
    assert counts["sound"][2] <= 3
