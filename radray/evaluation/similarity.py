r"""How alike two reports' findings are: the cosine of their words and pairs of words.

In detail: scikit-learn's TfidfVectorizer, fitted on the known findings, with ``lowercase=True``,
``token_pattern=r"(?u)\b\w\w+\b"`` (words of two letters or more; a mask ``___`` is one), ``ngram_range=(1, 2)``,
``sublinear_tf=True`` (1 + ln tf), ``smooth_idf=True`` (ln((1 + n) / (1 + df)) + 1), ``norm="l2"``, no stop words, in
float64.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from radray.errors import InputError

TIE = 1e-12
"""Tolerance for equal cosines: float64 sums depend on the order of their terms."""
_CHUNK_CELLS = 4_000_000
"""Cosines that are held in memory at once: 32 MB."""


class FindingsSimilarity:
    """The cosines of any findings with those that it was fitted on."""

    def __init__(self, findings: Sequence[str]) -> None:
        """Fit on the known `findings`. Raises InputError when no word is in any of them."""
        # scikit-learn takes a second to import, and those who import this module may never compare
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._vectorizer = TfidfVectorizer(
            lowercase=True,
            token_pattern=r"(?u)\b\w\w+\b",
            ngram_range=(1, 2),
            sublinear_tf=True,
            smooth_idf=True,
            norm="l2",
            dtype=np.float64,
        )
        try:
            self._known = self._vectorizer.fit_transform(findings).T.tocsr()
        except ValueError:
            raise InputError("the training findings contain no word of two letters or more") from None

    def cosines(self, findings: Sequence[str]) -> Iterator[npt.NDArray[np.float64]]:
        """Yield for each of `findings`, in order, its cosines with all known ones, (known,); none: nothing.

        Holds at most 32 MB of cosines in memory, or those of one text.
        """
        chunk = max(1, _CHUNK_CELLS // self._known.shape[1])
        for start in range(0, len(findings), chunk):
            queries = self._vectorizer.transform(findings[start : start + chunk])
            yield from (queries @ self._known).toarray()
