from __future__ import annotations

import copy
import pickle

from kzocr.language.lexicon import Lexicon
from kzocr.language.remembered import Remembered


def test_an_answer_is_found_once() -> None:
    asked: list[int] = []

    def double(number: int) -> int:
        asked.append(number)
        return 2 * number

    remembered = Remembered(double, 2)
    assert [remembered[number] for number in (1, 1, 2, 3, 3, 1)] == [2, 2, 4, 6, 6, 2]
    assert asked == [1, 2, 3, 1]
    assert len(remembered) == 2


def test_it_goes_with_the_one_that_asks() -> None:
    lexicon = Lexicon({"қар": 2, "қас": 1})
    assert lexicon.near("қат", 1) == [("қар", 1), ("қас", 1)]
    for other in (pickle.loads(pickle.dumps(lexicon)), copy.deepcopy(lexicon)):
        assert other.near("қат", 1) == lexicon.near("қат", 1)
        assert other.near("қал", 1) == lexicon.near("қал", 1)
