r"""Is the hyphen at a line's end the word's own? «қарым-\nқатынас» keeps it, «өнді-\nріс» loses it.

Evidence is added up as natural logarithms of odds, positive for a hyphen that is the word's own: how rare such
hyphens are, how Kazakh words are built and divided, what the document writes elsewhere, and, where all this does not
settle it, what the model makes of either spelling.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence

from kzocr.channel.hyphenation import VOWELS, break_points
from kzocr.inference.views import Output, view
from kzocr.lines.reflow import HYPHENS, SOFT_HYPHENS, DividedWord
from kzocr.text import LETTERS

Outputs = Callable[[Iterable[str]], Mapping[str, Output]]
"""Texts -> what a model prints for each."""

PRIOR = -2.5
"""Of a dozen hyphens at line ends about one is the word's own."""

CERTAIN = 20.0
"""Odds that no other evidence outweighs."""

_SYLLABLE = 2.5
"""For a hyphen where no syllable ends, chosen by hand: it makes up for `PRIOR`."""

_OWN_WORDS = 2.0
"""For a hyphen between two words that the document has and never writes as one, chosen by hand."""

_REDUPLICATION = 3.0
"""For a hyphen in what looks like қап-қара, chosen by hand: it is more than `PRIOR`."""

_COUNTS = 2.0
"""Weight of how often the document writes either spelling, chosen by hand."""

_MODEL = 4.0
"""The most that the model says for or against, chosen by hand: where the rest says more, it is not asked."""

_LEAST_PART_CHARS = 3
_LEAST_SHARED_CHARS = 5
_ENDING_VOWELS = frozenset("аәыіөұү")
_GLIDES = frozenset("уи")
"""Within a Kazakh word no other vowel follows one of the former: ба-уыр but ата-ана."""

_TOKEN = re.compile(rf"[^\W\d_]+(?:[{HYPHENS}][^\W\d_]+)*")
_DIVISION = re.compile(rf"[{HYPHENS}{SOFT_HYPHENS}][^\S\r\n\x0c]*[\r\n\x0c]\s*")
_ANY_HYPHEN = str.maketrans(dict.fromkeys(HYPHENS, "-"))

PAIRED_WORDS = frozenset(
    """
    аз-кем аз-көп аз-маз азды-көпті азық-түлік айла-амал айла-тәсіл айла-шарғы айқай-шу алды-арты алым-салық
    алыс-беріс анда-санда ант-су анық-қанық апа-сіңлі ар-намыс ар-ождан ар-ұят ары-бері ас-су асты-үсті
    ат-көлік ат-тон ата-ана ата-баба ата-тек атақ-абырой атақ-даңқ ауру-сырқат ауру-сырқау ауыз-мұрын
    ауыл-аймақ ашық-жарық аяқ-қол аға-іні ағайын-туыс ағайын-туған ақыл-кеңес ақыл-ой ақыл-парасат ақыл-сана
    аң-құс аңыз-әңгіме бай-манап бала-шаға бас-аяғы бас-аяқ бас-көз бау-бақша бақ-дәулет бел-белес бет-ауыз
    бет-жүз бет-пішін бет-әлпет быт-шыт білім-ғылым бірен-саран бірте-бірте біртін-біртін дау-дамай дау-жанжал
    дос-жаран дос-құрбы дүние-мүлік дәм-тұз дәрі-дәрмек егін-жай ел-жұрт емін-еркін ер-азамат ер-тұрман
    ертелі-кеш ертеңді-кеш жай-жапсар жай-күй жан-дүние жан-жағы жан-жақ жан-тәні жапа-тармағай жас-желең
    жекжат-жұрағат жеміс-жидек жер-көк жер-су жол-жоралғы жол-жөнекей жора-жолдас жылы-жұмсақ жұрт-жамағат
    жөн-жоба жөн-жосық ине-жіп кем-кетік кемпір-шал кең-байтақ киім-кешек кіріс-шығыс күй-жай күл-талқан
    күл-қоқыс күн-түн күні-түні күш-жігер күш-қуат кәрі-жас көз-құлақ көл-көсір көрпе-жастық көрпе-төсек
    көрші-қолаң көңіл-күй мал-жан мал-мүлік мінез-құлық мұң-зар мұң-мұқтаж мұң-шер мән-жай мән-мағына
    нағашы-жиен нәр-су ой-жота ой-пікір ой-сана ой-толғам ой-шұңқыр ой-қыр ойын-күлкі ойын-сауық опыр-топыр
    орман-тоғай от-су отын-су оқта-текте оқу-ағарту оқу-жаттығу оқу-тәрбие оңды-солды салт-дәстүр салт-сана
    сан-алуан сана-сезім сауда-саттық сый-сияпат сый-құрмет сын-пікір сын-сипат сән-салтанат сән-сәулет
    тас-талқан тау-тас той-думан той-томалақ туыс-туған туған-туыс туған-туысқан тыныс-тіршілік тіл-әдебиет
    түр-сипат түр-түс тұрмыс-салт тұрмыс-тіршілік хабар-ошар хал-ахуал хал-жағдай хал-күй хат-хабар шаруа-жай
    шөп-шалам ыдыс-аяқ ырым-тыйым ыстық-суық ілгері-кейін іс-тәжірибе іс-шара іс-қимыл іс-әрекет іші-сырты
    қазан-ошақ қайғы-мұң қайғы-қасірет қам-қарекет қар-жаңбыр қару-жарақ қарым-қатынас қатын-бала қой-ешкі
    қол-аяқ қора-жай қора-қопсы қуаныш-реніш қыз-жігіт қыз-келіншек қыз-қырқын қым-қуыт қыр-сыр қырғын-сүргін
    қысы-жазы құда-жекжат құда-құдағи құрал-жабдық құрал-сайман құрт-құмырсқа үй-жай үй-іші үлгі-өнеге
    үлкен-кіші үрім-бұтақ ұл-қыз ұрыс-керіс ұсақ-түйек әдет-ғұрып әдіс-айла әдіс-тәсіл әке-шеше әл-ауқат
    әл-дәрмен әл-қуат ән-жыр ән-күй әрі-бері әңгіме-дүкен өзен-көл өлең-жыр өнер-білім өсек-аяң
    """.split()
)
"""Paired words that are always written with a hyphen; the second part may bear endings."""

_SECOND_PARTS: dict[str, tuple[str, ...]] = {}
for _pair in sorted(PAIRED_WORDS):
    _first, _second = _pair.split("-")
    _SECOND_PARTS[_first] = (*_SECOND_PARTS.get(_first, ()), _second)


class Vocabulary:
    """The words that a document writes within its lines, for looking up how they begin.

    Args:
        text: the document; the parts of words that a line end divides are left out.
    """

    def __init__(self, text: str) -> None:
        # Two words may share a part: what was cut off before is not looked at again.
        kept, position = [], 0
        for match in _DIVISION.finditer(text):
            start, end = match.span()
            while start > position and text[start - 1].isalpha():
                start -= 1
            while end < len(text) and text[end].isalpha():
                end += 1
            kept.append(text[position:start])
            position = max(position, end)
        kept.append(text[position:])
        self._words = sorted(token.translate(_ANY_HYPHEN) for token in _TOKEN.findall(" ".join(kept).lower()))

    def n_beginning(self, start: str) -> int:
        """Return how many words of the document begin with `start`."""
        return bisect_left(self._words, start + "\U0010ffff") - bisect_left(self._words, start)

    def has(self, word: str) -> bool:
        """Return whether the document has exactly this word."""
        place = bisect_left(self._words, word)
        return self._words[place : place + 1] == [word]


def word_odds(word: DividedWord, vocabulary: Vocabulary) -> float:
    """Return the log odds that the hyphen is the word's own, as far as spelling and document tell.

    Args:
        word: the divided word.
        vocabulary: of the document that it stands in.

    Returns:
        A natural logarithm; `CERTAIN` or beyond where a rule settles it.
    """
    left, right = (part.lower().translate(_ANY_HYPHEN) for part in (word.left, word.right))
    last = left.rsplit("-", 1)[-1]
    if _is_certainly_kept(word, last, right):
        return CERTAIN
    odds = PRIOR
    if not _is_syllable_break(last, right):
        odds += _SYLLABLE
    if _is_reduplicated(last, right):
        odds += _REDUPLICATION
    shared = right[: max(_LEAST_PART_CHARS, _LEAST_SHARED_CHARS - len(left))]
    n_joined, n_hyphenated = vocabulary.n_beginning(left + shared), vocabulary.n_beginning(f"{left}-{shared}")
    odds += _COUNTS * (math.log(n_hyphenated + 0.3) - math.log(n_joined + 0.3))
    if n_joined == 0 and min(len(last), len(right)) >= _LEAST_PART_CHARS:
        odds += _OWN_WORDS * (vocabulary.has(last) and vocabulary.has(right))
    return odds


def _is_certainly_kept(word: DividedWord, last: str, right: str) -> bool:
    """Return whether a digit, a capital or a known pair says that the hyphen is printed in any case."""
    if word.left[-1].isdigit() or word.right[0].isdigit():
        return True
    if word.right[0].isupper() and not word.left.isupper():
        return True
    if word.left.isupper() and len(word.left) > 1 and word.right.islower():
        return True
    if right.startswith(_SECOND_PARTS.get(last, ("\0",))):
        return True
    return len(last) >= _LEAST_PART_CHARS and right.startswith(last)


def _is_syllable_break(left: str, right: str) -> bool:
    """Return whether a printer may divide the joined word there; True for what is no Kazakh or Russian."""
    if not LETTERS.issuperset(left + right):
        return True
    if left[-1] in _ENDING_VOWELS and right[0] in VOWELS - _GLIDES:
        return False
    return len(left) in break_points(left + right)


def _is_reduplicated(left: str, right: str) -> bool:
    """Return whether the word looks like қап-қара or шай-май."""
    if 2 <= len(left) <= 3 and left.endswith("п") and right.startswith(left[:-1]):
        return True
    return len(left) >= _LEAST_PART_CHARS and right[:1] in "мп" and right[1:].startswith(left[1:])


def hyphen_odds(words: Sequence[DividedWord], vocabulary: Vocabulary, outputs: Outputs) -> list[float]:
    """Return for each divided word the log odds that the hyphen is its own; the model is asked where it can matter.

    Args:
        words: the divided words of a document.
        vocabulary: of the document.
        outputs: the model.
    """
    odds = [word_odds(word, vocabulary) for word in words]
    open_places = [i for i, value in enumerate(odds) if abs(value) < _MODEL]
    questions = {i: (_question(words[i], "-"), _question(words[i], "")) for i in open_places}
    answers = outputs(text for pair in questions.values() for text in pair) if questions else {}
    for i, (hyphenated, joined) in questions.items():
        odds[i] += model_odds(hyphenated, answers[hyphenated], joined, answers[joined])
    return odds


def _question(word: DividedWord, between: str) -> str:
    """Return the divided word in its context as a model reads it, written with `between` in the middle."""
    before, after = word.before, word.after
    # A piece of a word at the context's edges would only confuse.
    before = before.partition(" ")[2] if len(before) > 1 and " " in before.strip() else before
    after = after.rpartition(" ")[0] if " " in after.strip() else after
    return view(f"{before}{word.left}{between}{word.right}{after}").text


def model_odds(hyphenated: str, of_hyphenated: Output, joined: str, of_joined: Output) -> float:
    """Return what the model says for (positive) or against the hyphen, as log odds within ±4.

    A model that was trained to return what was printed is surest where it need not change anything. So: if it
    takes the hyphen out of one spelling or puts it into the other, that is its answer; if it leaves both as they
    are, the answer is the difference of the logarithms of the probabilities of its outputs.

    Args:
        hyphenated: the word in its context, written with a hyphen.
        of_hyphenated: what the model printed for it.
        joined: the same without the hyphen.
        of_joined: what the model printed for that.
    """
    if not (of_hyphenated.finished and of_joined.finished):
        return 0.0
    removes = of_hyphenated.text.count("-") < hyphenated.count("-")
    adds = of_joined.text.count("-") > joined.count("-")
    if removes or adds:
        return _MODEL * (adds - removes)
    difference = sum(of_hyphenated.log_probabilities) - sum(of_joined.log_probabilities)
    return max(-_MODEL, min(_MODEL, difference))
