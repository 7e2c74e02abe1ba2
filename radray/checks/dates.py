"""Dates of reports, however written: whether one that an impression names is in its input."""

import re
from functools import lru_cache

_DIGIT = re.compile(r"\d")
_MONTHS = {
    month: number
    for number, month in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DATE = re.compile(
    rf"""(?<![\w./-])(?:
        (?P<iso>(?:19|20)\d\d)[/.-](?P<iso_month>\d{{1,2}})[/.-](?P<iso_day>\d{{1,2}})
        | (?P<first>\d{{1,2}})[/.-](?P<second>\d{{1,2}})(?:[/.-](?P<year>(?:19|20)?\d\d))?
        | (?P<short_month>\d{{1,2}})/(?P<short_year>(?:19|20)\d\d)
        | (?P<month>{_MONTH})\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(?P<after>(?:19|20)\d\d))?
        | (?P<day_first>\d{{1,2}})(?:st|nd|rd|th)?[\s-](?:of\s+)?(?P<month_after>{_MONTH})
            (?:,?[\s-](?P<year_last>(?:19|20)?\d\d))?
        | (?P<month_alone>{_MONTH}),?\s+(?:of\s+)?(?P<year_alone>(?:19|20)\d\d)
    )(?![\w/])""",
    re.IGNORECASE | re.VERBOSE,
)

Date = tuple[int | None, int | None, int | None]
"""Year of two digits, month and day; None for what is not written."""


def is_known(written: str, texts: tuple[str, ...]) -> bool:
    """Return whether the date `written` is in any of `texts`, in whatever form; false where it is no date.

    What only one of two gives agrees: "11/16" is in "November 16, 2018". Both orders of day and month are tried.
    """
    stated = dates(written)
    return bool(stated) and any(_agree(first, second) for first in stated for text in texts for second in dates(text))


@lru_cache(maxsize=512)
def dates(text: str) -> tuple[Date, ...]:
    """Return the dates of `text` in order, a date of figures once as month and day and once as day and month."""
    if not _DIGIT.search(text):
        return ()
    read: list[Date] = []
    for match in _DATE.finditer(text):
        if match["iso"]:
            read.append(_date(match["iso"], match["iso_month"], match["iso_day"]))
        elif match["first"]:
            read.append(_date(match["year"], match["first"], match["second"]))
            read.append(_date(match["year"], match["second"], match["first"]))
        elif match["short_month"]:
            read.append(_date(match["short_year"], match["short_month"], None))
        elif match["month"]:
            read.append(_date(match["after"], match["month"], match["day"]))
        elif match["day_first"]:
            read.append(_date(match["year_last"], match["month_after"], match["day_first"]))
        else:
            read.append(_date(match["year_alone"], match["month_alone"], None))
    return tuple(read)


def _date(year: str | None, month: str, day: str | None) -> Date:
    number = int(month) if month.isdigit() else _MONTHS[month[:3].lower()]
    return (int(year[-2:]) if year else None, number, int(day) if day else None)


def _agree(first: Date, second: Date) -> bool:
    return all(None in pair or pair[0] == pair[1] for pair in zip(first, second, strict=True))
