"""What a user would try before kzocr: look-alike map, SymSpell, hunspell, any program. All keep the lines.

Each baseline is a function from a list of texts to the list of corrected texts, for `evaluation.evaluate`.
"""

from __future__ import annotations

import importlib
import os
import re
import shlex
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kzocr.text import DIGIT_LOOKALIKES, FOREIGN_LETTERS, LATIN_LOOKALIKES, LETTERS, nfc

Baseline = Callable[[list[str]], list[str]]

SYMSPELL_MAX_EDITS = 2
"""SymSpell's own default."""

_SIGNS_FOR_I = {"1": "і", "!": "і", "|": "і"}
_WORD = re.compile(r"[^\W\d_]+")
_WORDS = re.compile(r"[^\W\d_]+(?: +[^\W\d_]+)*")
_TOKEN = re.compile(r"[^\W_]+(?:[!|]+[^\W_]+)*")


def identity(texts: list[str]) -> list[str]:
    """Return `texts` as they are."""
    return list(texts)


def lookalike_map(texts: list[str]) -> list[str]:
    """Return `texts` with look-alikes inside Cyrillic words replaced by the Kazakh letter.

    Inside a word that has a letter of the Kazakh alphabet, Latin and foreign letters become the Cyrillic
    letter of the same shape, and digits and the signs `!` and `|` between two letters become a letter
    (1, ! and | become і). Words wholly of other letters and numbers stay:
    `lookalike_map(["кeл1н 2021 CD"]) == ["келін 2021 CD"]`.
    """
    return [_TOKEN.sub(lambda match: _repair_token(match.group()), text) for text in texts]


def symspell(
    word_frequencies: Mapping[str, int], *, compound: bool = False, max_edits: int = SYMSPELL_MAX_EDITS
) -> Baseline:
    """Return a corrector by SymSpell: the most frequent known word within the fewest edits.

    Punctuation, digits, spacing and capitals are kept; a word without a candidate stays.

    Args:
        word_frequencies: lower-case words with their counts, as `count_words` or `read_word_frequencies`
            return them.
        compound: also split and join words (`lookup_compound`), in runs of words with spaces between.
        max_edits: greatest number of edits in characters, counting a swap of neighbours as one.

    Raises:
        ModuleNotFoundError: symspellpy is not installed; the message names the extra.
        ValueError: `word_frequencies` is empty.
    """
    try:
        package: Any = importlib.import_module("symspellpy")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError('the SymSpell baseline needs symspellpy: pip install "kzocr[baselines]"') from error
    if not word_frequencies:
        raise ValueError("the SymSpell baseline needs a word list with at least one word")
    dictionary = package.SymSpell(max_dictionary_edit_distance=max_edits)
    for word, count in word_frequencies.items():
        dictionary.create_dictionary_entry(word, count)

    def one_word(word: str) -> str:
        found = dictionary.lookup(word, package.Verbosity.TOP, max_edit_distance=max_edits, include_unknown=True)
        return str(found[0].term) if found else word

    def many_words(words: str) -> str:
        found = dictionary.lookup_compound(words, max_edit_distance=max_edits)
        return str(found[0].term) if found else words

    def correct_run(match: re.Match[str]) -> str:
        words = match.group().split()
        corrected = many_words(" ".join(word.lower() for word in words)).split()
        if not corrected:
            return match.group()
        if len(corrected) == len(words):
            corrected = [_with_case_of(word, new) for word, new in zip(words, corrected, strict=True)]
        else:
            corrected[0] = _with_case_of(words[0], corrected[0])
        return " ".join(corrected)

    if compound:
        return lambda texts: [_WORDS.sub(correct_run, text) for text in texts]
    return lambda texts: _correct_words(texts, _Memory(one_word))


def hunspell(dictionary: str = "kk_KZ") -> Baseline:
    """Return a corrector by the `hunspell` program: the first suggestion for each unknown word.

    Punctuation, digits and spacing are kept; a word without a suggestion stays.

    Args:
        dictionary: name of a hunspell dictionary, as `hunspell -D` lists them.

    Raises:
        FileNotFoundError: there is no `hunspell` program; the message says what to install.
        RuntimeError: when called, the program fails, for example for want of the dictionary.
    """
    program = shutil.which("hunspell")
    if program is None:
        raise FileNotFoundError("no program 'hunspell' found: apt-get install hunspell hunspell-kk")
    command = [program, "-a", "-i", "utf-8", "-d", dictionary]

    def correct(texts: list[str]) -> list[str]:
        words = sorted({match.group() for text in texts for match in _WORD.finditer(text)})
        suggestions = dict(zip(words, _hunspell_suggestions(command, words), strict=True))
        return _correct_words(texts, suggestions)

    return correct


def external(command: str) -> Baseline:
    """Return a corrector that runs a program once a text: text to its stdin, corrected text from its stdout.

    A final line end that the program adds, or leaves out, is mended to what the text had.

    Args:
        command: program and arguments, quoted as in a shell; no shell is run.

    Raises:
        ValueError: `command` is empty.
        FileNotFoundError: when called, there is no such program.
        RuntimeError: when called, the program ends with an error; the message holds its stderr.
    """
    arguments = shlex.split(command)
    if not arguments:
        raise ValueError("the command is empty")

    def correct_text(text: str) -> str:
        corrected = _run(arguments, text)
        if not text.endswith("\n"):
            return corrected.removesuffix("\n")
        return corrected if corrected.endswith("\n") else corrected + "\n"

    return lambda texts: [correct_text(text) for text in texts]


def count_words(texts: Iterable[str]) -> Counter[str]:
    """Return how often each word occurs, in lower case and NFC; a word is a run of letters."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(match.group() for match in _WORD.finditer(nfc(text).lower()))
    return counts


def read_word_frequencies(path: str | os.PathLike[str]) -> Counter[str]:
    """Return the words and counts of a word list.

    Args:
        path: UTF-8; a word a line, or a word, whitespace and its count. A word without a count counts once.
            Words are brought to lower case and NFC; entries that are no run of letters, comments (`#`),
            blank lines and a heading in the first line are left out.

    Raises:
        ValueError: a line has more than two fields or a count that is no number; names file and line.
    """
    counts: Counter[str] = Counter()
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            fields = line.split()
            if not fields or line.startswith("#"):
                continue
            if len(fields) > 2 or (len(fields) == 2 and not fields[1].isdecimal()):
                if number == 1:
                    continue
                raise ValueError(f"{os.fspath(path)}:{number}: expected a word and its count")
            word = nfc(fields[0]).lower()
            if _WORD.fullmatch(word):
                counts[word] += int(fields[1]) if len(fields) == 2 else 1
    return counts


class _Memory(dict[str, str]):
    """Corrections of lower-case words, each looked up once and given the case of the word."""

    def __init__(self, look_up: Callable[[str], str]):
        super().__init__()
        self._look_up = look_up

    def __missing__(self, word: str) -> str:
        self[word] = _with_case_of(word, self._look_up(word.lower()))
        return self[word]


def _correct_words(texts: list[str], corrections: Mapping[str, str]) -> list[str]:
    return [_WORD.sub(lambda match: corrections[match.group()], text) for text in texts]


def _repair_token(token: str) -> str:
    if LETTERS.isdisjoint(token):
        return token
    letters = [FOREIGN_LETTERS.get(sign, LATIN_LOOKALIKES.get(sign, sign)) for sign in token]
    for place in range(1, len(letters) - 1):
        left, sign, right = letters[place - 1 : place + 2]
        letter = _SIGNS_FOR_I.get(sign, DIGIT_LOOKALIKES.get(sign))
        if letter is not None and left in LETTERS and right in LETTERS:
            letters[place] = letter.upper() if left.isupper() and right.isupper() else letter.lower()
    return "".join(letters)


def _with_case_of(word: str, correction: str) -> str:
    """Return `correction` in capitals, capitalised or in small letters, as `word` is."""
    if word.isupper() and len(word) > 1:
        return correction.upper()
    return correction[:1].upper() + correction[1:] if word[:1].isupper() else correction


def _hunspell_suggestions(command: list[str], words: list[str]) -> list[str]:
    """Return the first suggestion for each word, from hunspell's pipe mode (`man hunspell`, option -a).

    Every input line is answered by a line a word and a blank line; `& WORD N OFFSET: FIRST, ...` carries
    suggestions. `^` keeps hunspell from reading a command in the line.
    """
    answer = _run(command, "".join(f"^{word}\n" for word in words))
    blocks = answer.split("\n", 1)[1].split("\n\n")[: len(words)] if words else []
    if len(blocks) != len(words):
        raise RuntimeError(f"hunspell answered {len(blocks)} of {len(words)} words")
    suggestions = []
    for word, block in zip(words, blocks, strict=True):
        match = re.fullmatch(r"& (\S+) \d+ \d+: ([^,]+)(?:,.*)?", block.strip("\n"))
        suggestions.append(match.group(2) if match and match.group(1) == word else word)
    return suggestions


def _run(arguments: list[str], text: str) -> str:
    """Return what a program writes to stdout, given `text` on stdin; both UTF-8."""
    try:
        done = subprocess.run(arguments, input=text.encode("utf-8", "surrogatepass"), capture_output=True, check=False)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"no program {arguments[0]!r} found") from error
    if done.returncode != 0:
        message = done.stderr.decode("utf-8", "replace").strip()
        raise RuntimeError(f"{arguments[0]!r} ended with exit code {done.returncode}: {message}")
    return done.stdout.decode("utf-8")
