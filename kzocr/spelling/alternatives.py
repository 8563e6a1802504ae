"""Words that the lexicon does not know, or the model doubts -> known spellings of them, to be judged by the model.

A small model copies what it is not sure of. Where its output holds a string that is no known word, the known words
spelt nearly like it are worth a second look: misread letters, a space inside a word, two words run together. So are
the neighbours of a known word that is rare, that the model itself was not sure of, or that fits far worse between the
words around it, and two known words that were never seen together but make one. Nothing is decided here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from rapidfuzz.distance import Levenshtein

from kzocr.inference.doubts import DIVISION, Alternative
from kzocr.language.lexicon import Lexicon
from kzocr.language.misreadings import NO_MISREADINGS, Misreadings
from kzocr.language.text_model import TextModel
from kzocr.language.word_search import WordSearch
from kzocr.text import LETTERS

Fits = Callable[[str, Sequence[tuple[int, int, str]]], Sequence[float]]
"""A text and changes of it (first character, one past the last, words) -> how well the words of each fit, nats."""

MAX_ALTERNATIVES = 12
"""Known words that are looked at for one unknown one."""

RARE = 1
"""Known words that were seen no more often are looked at as well: a misprint may stand among them."""

SURPRISE = 4.0
"""A known word that nothing else speaks against is looked at as well if a neighbour fits better by so many nats."""

_DISTANCE_COST = 2.5
_MISREADING_COST = 0.5
_TEXT_WEIGHT = 0.35
_CONTEXT_WEIGHT = 0.3
_FREQUENCY_WEIGHT = 0.5
_CANDIDATES = 48
"""The nearest words are chosen by the logarithm of their frequency, less so much for each edit. They, and those that
are often misread so, are then ranked by a sum of nats: how usual the misreading is, how much likelier the text, and how
frequent the word. Of 1,020 printed words among them 88 in 100 are of the first 8, 91 of the first 12 (experiments)."""

_LEAST_CHARS = 3
_LEAST_CHARS_OF_DOUBTFUL = 2
"""Of known words that the model is not sure of: «оп» may be ол, but what abbreviation «тд» is nobody can say."""
_LEAST_PART_CHARS = 2
_LEAST_COUNT_OF_JOINED = 2

_USUAL_UNKNOWN, _USUAL_WORDS = 0.5, 10
"""Unknown words, of so many, that every window is taken to have besides its own."""

_TOKEN = re.compile(r"\S+")
_OUTER = ".,:;!?…()[]{}<>«»\"'“”„‘’–—-_|*^~`"
_ASCII_LETTER = re.compile(r"[A-Za-z]")
_LETTERS_ALONE = re.compile(f"[{''.join(sorted(LETTERS))}]+")


@dataclass(frozen=True, slots=True)
class Word:
    """A token's letters: where they are, and whether a line's end divides the word."""

    start: int
    end: int
    text: str
    is_divided: bool


def words_of(text: str) -> Iterator[Word]:
    """Yield the words of `text` without the punctuation around them; both parts of hyphenated ones are words."""
    after_hyphen = False
    for token in _TOKEN.finditer(text):
        rest = text[token.end() : token.end() + 2]
        ends_divided = token.group().endswith(("-", "¬", "\u00ad")) and "\n" in rest
        start = token.start()
        pieces = re.split("(-)", token.group())
        for number, piece in enumerate(pieces):
            core = piece.strip(_OUTER)
            if core:
                place = start + piece.index(core)
                is_first, is_last = number == 0, number >= len(pieces) - 3
                divided = (is_first and after_hyphen) or (is_last and ends_divided)
                yield Word(place, place + len(core), core, divided)
            start += len(piece)
        after_hyphen = ends_divided


def unknown_share(text: str, lexicon: Lexicon, start: int = 0, end: int = 0) -> float:
    """Return the share of the words around a stretch of `text` that are unknown, drawn towards 1 in 20 where few are.

    Words that a line's end divides, short ones and ones without Kazakh letters are not counted.

    Args:
        text: a window.
        lexicon: the known words.
        start: first character of the stretch; what stands in it is asked about and does not count.
        end: one past its last character.
    """
    words = [word for word in words_of(text) if is_whole_word(word) and (word.end <= start or end <= word.start)]
    n_unknown = sum(word.text.lower() not in lexicon for word in words)
    return (n_unknown + _USUAL_UNKNOWN) / (len(words) + _USUAL_WORDS)


def alternatives(
    text: str,
    lexicon: Lexicon,
    is_doubtful: Callable[[int, int], bool] = lambda start, end: False,
    search: WordSearch | None = None,
    text_model: TextModel | None = None,
    context: Fits | None = None,
    second_choices: Mapping[int, Sequence[str]] | None = None,
) -> list[Alternative]:
    """Return what else the unknown words of `text`, and the rare and doubtful ones, could be, from left to right.

    Args:
        text: what a model printed for a window.
        lexicon: the known words.
        is_doubtful: says of a stretch (first character, one past the last) that the model was not sure of it.
        search: finds words that are many edits away but often misread so, and says what engines take for what, to
            choose the likely ones of many.
        text_model: says how well each fits into the text, by its letters.
        context: says how well each fits into the text, by its words.
        second_choices: first character of a word -> what the model might have printed there
            (`kzocr.spelling.second_choices`).
    """
    words = list(words_of(text))
    groups: list[list[Alternative]] = []
    beyond_doubt: set[int] = set()
    for index, word in enumerate(words):
        if index + 1 < len(words) and DIVISION.fullmatch(text, word.end, words[index + 1].start):
            groups.append(_between(words, index, index + 1, _divided(text, word, words[index + 1], lexicon, search)))
        known = lexicon.counts.get(word.text.lower(), 0)
        if index + 1 < len(words):
            groups.append(_between(words, index, index + 1, _joined_known(text, word, words[index + 1], lexicon)))
        if is_whole_word(word) and not known:
            groups.append(_for_unknown(text, words, index, lexicon, search))
        elif known and is_whole_word(word, _LEAST_CHARS_OF_DOUBTFUL):
            is_rare = known <= RARE and is_whole_word(word)
            is_in_doubt = is_rare or is_doubtful(word.start, word.end)
            if is_in_doubt or (context is not None and is_whole_word(word)):
                if not is_in_doubt:
                    beyond_doubt.add(len(groups))
                groups.append(_between(words, index, index, _respelt_known(word, lexicon)))
        if second_choices and word.start in second_choices:
            second = _second(word, second_choices[word.start], lexicon)
            groups[-1:] = [_without(group, second) for group in groups[-1:]]
            groups.append(_between(words, index, index, second))
    if context is not None:
        weighed = _with_fits(groups, text, context)
        groups = [_surprising(group) if number in beyond_doubt else group for number, group in enumerate(weighed)]
    if text_model is not None:
        groups = _with_gains(groups, text, text_model)
    cost = partial(_cost, usual=search.usual if search is not None else NO_MISREADINGS)
    found: list[Alternative] = []
    for group in groups:
        # Two unknown pieces of a word both name the word that they make.
        new = [item for item in group if item not in found[-MAX_ALTERNATIVES:]]
        found += sorted(new, key=cost)[:MAX_ALTERNATIVES]
    return found


def _surprising(group: Sequence[Alternative]) -> list[Alternative]:
    """Return those that fit far better than the known word that nothing else speaks against."""
    return [item for item in group if item.context_fit - item.context_fit_before > SURPRISE]


def _for_unknown(
    text: str, words: Sequence[Word], index: int, lexicon: Lexicon, search: WordSearch | None
) -> list[Alternative]:
    """Return all that an unknown word could be, by itself or with a neighbour."""
    word = words[index]
    near = {item.after: item for item in (*_respelt(word, lexicon), *_split(word, lexicon))}
    beside = [(left, left + 1) for left in (index - 1, index) if left >= 0 and left + 1 < len(words)]
    found = _between(words, index, index, near.values())
    for left, right in beside:
        found += _between(words, left, right, _joined(text, words[left], words[right], lexicon))
    found.sort(key=lambda item: _DISTANCE_COST * item.distance - item.log_frequency)
    del found[_CANDIDATES:]
    if search is not None:
        found += _between(words, index, index, (item for item in _misread(word, search) if item.after not in near))
        for left, right in beside:
            found += _between(words, left, right, _sign_misread(text, words[left], words[right], search))
    return found


def _divided(text: str, left: Word, right: Word, lexicon: Lexicon, search: WordSearch | None) -> Iterator[Alternative]:
    """Yield what an unknown word could be that a line's end divides; the hyphen and the line's end stay inside."""
    whole = Word(left.start, right.end, left.text + right.text, is_divided=False)
    lower = whole.text.lower()
    if lower in lexicon or not is_whole_word(whole) or {left.text.lower(), right.text.lower()} <= lexicon.counts.keys():
        return
    found = {item.after.lower(): item for item in _respelt(whole, lexicon)}
    if search is not None:
        found |= {item.after.lower(): item for item in _misread(whole, search)}
    before, between = text[left.start : right.end], text[left.end : right.start]
    for known, item in found.items():
        place = _place(lower, known, len(left.text))
        yield replace(item, before=before, after=item.after[:place] + between + item.after[place:])


def _place(read: str, printed: str, place: int) -> int:
    """Return where in `printed` the letters that stand before `place` in `read` end."""
    for step in Levenshtein.opcodes(read, printed):
        if step.src_start <= place <= step.src_end and step.src_start < step.src_end:
            return min(step.dest_start + place - step.src_start, step.dest_end)
    return place


def _with_gains(groups: Sequence[Sequence[Alternative]], text: str, text_model: TextModel) -> list[list[Alternative]]:
    """Return the alternatives with what `text_model` says of each."""
    items = [item for group in groups for item in group]
    # A word that a line's end divides is compared with itself in one piece.
    changes = [(item.start, item.end, after) for item in items for after in (item.words_before, item.words_after)]
    gains = text_model.gains(text, changes)
    differences = (after - before for before, after in zip(gains[::2], gains[1::2], strict=True))
    return [[replace(item, text_gain=next(differences)) for item in group] for group in groups]


def _with_fits(groups: Sequence[Sequence[Alternative]], text: str, context: Fits) -> list[list[Alternative]]:
    """Return the alternatives with what `context` says of each and of what it would replace."""
    items = [item for group in groups for item in group]
    before = list(dict.fromkeys((item.start, item.end, item.words_before) for item in items))
    after = [(item.start, item.end, item.words_after) for item in items]
    fits = context(text, [*before, *after])
    fits_before = dict(zip(before, fits, strict=False))
    fits_after = iter(fits[len(before) :])
    return [
        [
            replace(
                item,
                context_fit=next(fits_after),
                context_fit_before=fits_before[item.start, item.end, item.words_before],
            )
            for item in group
        ]
        for group in groups
    ]


def _cost(item: Alternative, usual: Misreadings) -> float:
    """Return how little there is to say for an alternative before a model has seen it."""
    misreading = usual.log_probability(printed=item.words_after, read=item.words_before)
    fits = _TEXT_WEIGHT * item.text_gain + _CONTEXT_WEIGHT * item.context_fit
    return -_MISREADING_COST * misreading - fits - _FREQUENCY_WEIGHT * item.log_frequency


def _between(words: Sequence[Word], first: int, last: int, items: Iterable[Alternative]) -> list[Alternative]:
    """Return the alternatives for the words from `first` to `last` with the words around these."""
    left = words[first - 1].text.lower() if first > 0 else ""
    right = words[last + 1].text.lower() if last + 1 < len(words) else ""
    return [replace(item, left=left, right=right) for item in items]


def is_whole_word(word: Word, least_chars: int = _LEAST_CHARS) -> bool:
    """Return whether a second look at `word` makes sense: Kazakh, whole, and long enough to be recognised."""
    return (
        len(word.text) >= least_chars
        and not word.is_divided
        and 2 * sum(character in LETTERS for character in word.text) > len(word.text)
        and not any(character.isdigit() for character in word.text)
        and not _ASCII_LETTER.search(word.text)
    )


def _respelt(word: Word, lexicon: Lexicon) -> Iterator[Alternative]:
    length = len(word.text)
    max_distance = 1 if length <= 4 else 2 if length <= 8 else 3
    for known, distance in lexicon.near(word.text.lower(), max_distance):
        yield _alternative(word.start, word.end, word.text, known, distance, lexicon.log_frequency(known))


def _misread(word: Word, search: WordSearch) -> Iterator[Alternative]:
    lower = word.text.lower()
    for known in search.found(lower):
        distance = Levenshtein.distance(lower, known)
        yield _alternative(word.start, word.end, word.text, known, distance, search.lexicon.log_frequency(known))


def _sign_misread(text: str, left: Word, right: Word, search: WordSearch) -> Iterator[Alternative]:
    """Yield what two words may be that a hyphen joins, if it is a misread letter of one word."""
    if text[left.end : right.start] != "-" or left.is_divided or right.is_divided:
        return
    yield from _misread(Word(left.start, right.end, text[left.start : right.end], is_divided=False), search)


def _respelt_known(word: Word, lexicon: Lexicon) -> list[Alternative]:
    """Return the most usual known words that are one edit away from a known one."""
    lower = word.text.lower()
    near = lexicon.near(lower, 1)[:_CANDIDATES]
    before = lexicon.log_frequency(lower)
    plain = (_alternative(word.start, word.end, word.text, known, 1, lexicon.log_frequency(known)) for known, _ in near)
    return [replace(item, is_known=True, log_frequency_before=before) for item in plain]


def _second(word: Word, printed: Iterable[str], lexicon: Lexicon) -> list[Alternative]:
    """Return what the model might have printed in place of a word, known or not, case apart."""
    lower = word.text.lower()
    is_known = lower in lexicon
    before = lexicon.log_frequency(lower) if is_known else 0.0
    found = []
    for after in {other.lower(): other for other in printed if other.lower() != lower}.values():
        parts = after.lower().split(" ")
        if not all(map(_LETTERS_ALONE.fullmatch, parts)):
            continue
        found.append(
            Alternative(
                word.start,
                word.end,
                word.text,
                after,
                distance=Levenshtein.distance(lower, after.lower()),
                log_frequency=min(map(lexicon.log_frequency, parts)),
                is_capitalised=word.text[:1].isupper(),
                is_known=is_known,
                is_second=True,
                is_unknown=not all(part in lexicon for part in parts),
                log_frequency_before=before,
            )
        )
    return found


def _without(group: Sequence[Alternative], second: Sequence[Alternative]) -> list[Alternative]:
    """Return a group without what the model itself might have printed: that is an alternative already."""
    there = {(item.start, item.end, item.after.lower()) for item in second}
    return [item for item in group if (item.start, item.end, item.after.lower()) not in there]


def _split(word: Word, lexicon: Lexicon) -> Iterator[Alternative]:
    lower = word.text.lower()
    for place in range(_LEAST_PART_CHARS, len(lower) - _LEAST_PART_CHARS + 1):
        left, right = lower[:place], lower[place:]
        if left in lexicon and right in lexicon:
            frequency = min(lexicon.log_frequency(left), lexicon.log_frequency(right))
            yield _alternative(word.start, word.end, word.text, f"{left} {right}", 1, frequency)


def _joined(text: str, left: Word, right: Word, lexicon: Lexicon) -> Iterator[Alternative]:
    between = text[left.end : right.start]
    if between.strip(" ") or "\n" in between or not between or left.is_divided or right.is_divided:
        return
    known = (left.text + right.text).lower()
    if known in lexicon:
        before = text[left.start : right.end]
        yield _alternative(left.start, right.end, before, known, len(between), lexicon.log_frequency(known))


def _joined_known(text: str, left: Word, right: Word, lexicon: Lexicon) -> list[Alternative]:
    """Return the word that two known ones make: «көрсеткіш тер» may be көрсеткіштер.

    It is more usual than the rarer of them («тер», sweat), and the two were never seen side by side.
    """
    pair = (left.text.lower(), right.text.lower())
    rarer = min(lexicon.counts.get(word, 0) for word in pair)
    if not rarer or pair in lexicon.pairs or lexicon.counts.get("".join(pair), 0) < max(rarer, _LEAST_COUNT_OF_JOINED):
        return []
    before = min(map(lexicon.log_frequency, pair))
    return [replace(item, is_known=True, log_frequency_before=before) for item in _joined(text, left, right, lexicon)]


def _alternative(start: int, end: int, before: str, known: str, distance: int, log_frequency: float) -> Alternative:
    is_capitalised = before[:1].isupper()
    after = known
    if is_capitalised:
        letters = [character for character in before if character.isalpha()]
        shouting = len(letters) > 1 and all(character.isupper() for character in letters)
        after = known.upper() if shouting else known[:1].upper() + known[1:]
    return Alternative(start, end, before, after, distance, log_frequency, is_capitalised)
