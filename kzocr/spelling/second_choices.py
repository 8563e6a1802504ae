"""Where a model hesitated between bytes of a word -> the words that it would have printed with another one.

Greedy decoding keeps the likeliest byte, and with it the first word that comes to a small model's mind. The word that
was printed is often one behind a less likely byte, known to the lexicon or not: which of them it is, the
document, running text and the words around may tell. So decoding goes on behind each such byte to the word's end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from kzocr.decoding import Branch, Decoded, GuidedDecoder
from kzocr.encoding import BYTE_OFFSET, LAST_BYTE_ID, decode, encode
from kzocr.inference.packed import Row
from kzocr.inference.views import byte_offsets
from kzocr.spelling.alternatives import is_whole_word, words_of

LEAST_CHARS, MOST_CHARS = 2, 30
"""Shorter and longer words are left alone: text without spaces is none."""

MOST_BRANCHES = 24
"""A word with more places where the model hesitated is nothing that it knows."""

LONGEST_BYTES = 32
"""A word that has no end so many bytes behind is left out: hardly any has more, and each costs a pass."""

_SPACE_ID = BYTE_OFFSET + 0x20
_LETTER_IDS = frozenset(BYTE_OFFSET + byte for byte in (*range(0x80, 0xC0), *range(0xD0, 0xD5)))
"""Bytes of Cyrillic letters; any other byte ends a word."""

_STOPS = frozenset(range(BYTE_OFFSET, LAST_BYTE_ID + 1)) - _LETTER_IDS


def second_choices(
    decoder: GuidedDecoder, decoded: Sequence[tuple[Decoded, Row]], texts: Mapping[int, str]
) -> dict[int, dict[int, list[str]]]:
    """Return for rows what the model might have printed in place of words.

    Args:
        decoder: the model.
        decoded: what its `decode_rows` returned.
        texts: number of a row -> the text of its ids; rows that are not in it are left out.

    Returns:
        number of a row -> first character of a word -> other words, or two with a space between them, in the order
        of the bytes in which they differ; an empty mapping for a row without any.
    """
    branches: list[Branch] = []
    places: list[tuple[int, int]] = []
    for row, text in texts.items():
        rivals: defaultdict[int, list[int]] = defaultdict(list)
        for rival in decoded[row][0].rivals:
            rivals[rival.place].append(rival.id)
        offsets = byte_offsets(text)
        for word in words_of(text):
            if len(word.text) > MOST_CHARS or not is_whole_word(word, LEAST_CHARS):
                continue
            start, end = offsets[word.start], offsets[word.end]
            others = [
                Branch(row, place, token, end + 1)
                for place in range(start, end + 1)
                for token in rivals.get(place, ())
                # A word may go on behind its end, or be two; what mark follows it is another question.
                if token in _LETTER_IDS or (token == _SPACE_ID and start < place < end)
            ]
            if len(others) <= MOST_BRANCHES:
                branches += others
                places += [(word.start, start)] * len(others)
    found: dict[int, dict[int, list[str]]] = {row: {} for row in texts}
    endings = decoder.branched(decoded, branches, stops=_STOPS, longest=LONGEST_BYTES)
    for branch, (word_start, start), ending in zip(branches, places, endings, strict=True):
        ids = [*decoded[branch.row][0].ids[start : branch.place], *ending]
        text = decode(ids)
        if ending and encode(text)[:-1] == ids:
            found[branch.row].setdefault(word_start, []).append(text)
    return found
