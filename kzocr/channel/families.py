"""Hand-written families of document channels: each function draws one document's `ChannelModel`.

They encode what is known of engines (which letters look alike, which alphabet an engine can print) and leave
the numbers of a document to chance: every draw picks its own few systematic errors and its own rates. Families
that are counted on real OCR instead live in `estimate`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kzocr.channel.model import ChannelModel
from kzocr.channel.rules import Rule, capped
from kzocr.text import (
    FOREIGN_LETTERS,
    KAZAKH_SPECIFIC_LOWER,
    LATIN_LOOKALIKES,
    LEGACY_FONT_LETTERS,
    LOWER,
    OLD_LETTERS,
    UPPER,
)

CAPITAL_LIKE_SMALL = 0.6
"""How often a capital that is shaped like a drifting small letter drifts too."""

CAPITALS_SHARE = 0.2
"""In so many documents with look-alikes small letters are read as capitals of the same shape."""

MAX_RATE = 0.98
"""What a document misreads always it misreads so often: one place in fifty shows what was printed."""

MAX_LOST_RATE = 0.6
LEFT_HYPHENS_SHARE = 0.12
NEIGHBOUR_ALPHABET_SHARE = 0.15
"""In so many documents an engine without Kazakh letters has some of them from another alphabet: і, ө and ү, қ and ғ."""

STOPPED_COMMAS_SHARE = 0.5
"""In so many documents commas are read as full stops; where it was counted, one comma in ten, or in four."""

# Look-alikes in print, flat on purpose: which of them a document shows is drawn, not how a language uses them.
_SIMILAR = {
    "а": "з о е э", "ә": "э а о е", "б": "6 о в", "в": "н з б", "г": "т ғ r", "ғ": "г F т", "д": "л ц",
    "е": "с ө о э", "ж": "к х", "з": "э а 3 в", "и": "н й ы ц", "й": "и н", "к": "қ н х", "қ": "к к, ц",
    "л": "п д н", "м": "н и ім іп", "н": "и п ң л в", "ң": "н ц п", "о": "с ө е 0", "ө": "о е с", "п": "л н гі іі",
    "р": "о", "с": "е о", "т": "г т' і", "у": "ү ұ ч", "ұ": "ү у", "ү": "ұ у", "ф": "о ср", "х": "ж к",
    "һ": "н ь б", "ц": "и н п", "ч": "у", "ш": "щ пі іп п ін", "щ": "ш", "ы": "ьі ь и", "і": "1 ! i l і: т",
    "ь": "ы ъ б", "э": "з а ә", "ю": "іо о", "я": "л и", "ъ": "ь",
    "А": "Л Д", "Ә": "Э О З", "Б": "В 6", "В": "Б", "Г": "Т Ғ", "Ғ": "Г F", "Д": "Л", "Е": "Б Ғ", "Ж": "К Х",
    "З": "3 Э", "И": "Н Й", "Й": "И", "К": "Қ Н", "Қ": "К К,", "Л": "П Д", "М": "И Н", "Н": "И П", "О": "0 С Ө",
    "Ө": "О Е", "П": "Л Н", "С": "О Е", "Т": "Г", "У": "Ү Ұ", "Ұ": "Ү У", "Ү": "Ұ У", "Ш": "ІП Щ", "Ы": "ЬІ",
    "І": "1 ! l", "Э": "З", "Ң": "Н Ц", "Х": "Ж", "Я": "Л",
}  # fmt: skip
_SIMILAR_STRINGS = {
    "ін": "ш", "ің": "щ ін", "ні": "ш т", "пі": "ш", "іп": "ш", "лі": "ш", "ті": "п", "кі": "ю", "ші": "пп ш",
    "іі": "п", "тт": "п", "ьі": "ы", "ци": "щ", "ми": "ши", "нн": "ш", "ли": "ш", "сі": "а", "дің": "дщ",
}  # fmt: skip
# Only what can be undone: `—` read as `-`, `…` as `...` and `«` as `"` could have been printed so.
_PUNCTUATION = {
    ".": ", ' :", ",": ". ' ;", "-": "‑ _ ~", "—": "--", "«": "< << “", "»": "> >> ”", "?": "2 7 9 ‚", "!": "1 і |",
    ":": ". ;", ";": ": ,", "(": "{ [", ")": "} ]", "\"": "'' “ ”",
}  # fmt: skip

# What an engine with a Russian alphabet prints for the letters that it lacks, most usual first.
_RUSSIAN_READINGS = {
    "қ": "к к, ^ * ц з к; $ ж £ [ н п i^ l^ 1^ 1$ i$ ]$ 1£ ij", "ғ": "г F т r г- f е",
    "ң": "н ц н, п н; в ц,", "ә": "э а о з е",
    "ө": "е о э в с 0 6", "ұ": "у ¥ ү у, V ч", "ү": "у Y v г ч у;", "һ": "н h ь Ь п b 1",
    "і": "1 ! i и : I / l т г | ; ' ь",
    "Қ": "К К, 1^ К; Ц * Ж l^ i^ ]$ 1$ Д", "Ғ": "Г F Е Т", "Ң": "Н Ц Н,", "Ә": "Э О З Е А", "Ө": "О Е 0 9 8",
    "Ұ": "У ¥ Y Ү", "Ү": "У Y V Ч", "Һ": "Н h Ь", "І": "1 I ! Г Т",
}  # fmt: skip

# Letters that a Russian alphabet has no sign for run together with a neighbour: ing -> shch, and where ы is seen as
# ь and a stroke, yng -> ь and shch. і and the mark behind it make one letter, the tail of қ and an о make р.
_RUSSIAN_STRINGS = {
    "ін": "ш ш т", "ің": "щ щ ш, ш", "ын": "ьш", "ың": "ьщ ьщ ьц", "ні": "ш ш т", "нің": "нщ шщ", "іл": "ш л пл",
    "лі": "ш л1 \\1", "ті": "п п т1 и", "тін": "тш пн", "гі": "п и г1", "пі": "ш п1", "іп": "ш т", "кі": "ю к1 ю",
    "сі": "а с1", "ім": "1м ш", "ші": "пп ш1", "шін": "шш пин", "дің": "дщ", "сің": "сщ", "бі": "61 б1", "ңі": "щ",
    "ық": "ьщ ьік", "іні": "ш ши", "қо": "кр", "Қо": "Кр", "і.": "ь ь г. к", "і,": "ь г,", "і!": "й п",
}  # fmt: skip

# Which Kazakh letters neighbours have: Ukrainian, Mongolian, Kyrgyz, Bashkir, Tatar, Tajik, and some of all.
_NEIGHBOUR_ALPHABETS = tuple(map(frozenset, ("і", "өү", "өүң", "әөүғңһ", "әөүңһ", "қғ", "іөүқғ")))

LIKE_ITS_CAPITAL = "вгджзиклмнопстухцчшщъыьэюяғқңөұү"
"""Small letters that have the shape of their capital."""


def similar_to(source: str) -> list[str]:
    """Return what `source`, a letter, sign or string, can be taken for in print; empty where nothing is listed."""
    return {**_SIMILAR, **_PUNCTUATION}.get(source, _SIMILAR_STRINGS.get(source, "")).split()


def clean(rng: np.random.Generator) -> ChannelModel:
    """Return the channel of a document without errors."""
    return ChannelModel(name="clean")


def spaced_letters(rng: np.random.Generator) -> ChannelModel:
    """Return a text layer whose letters drift apart: systematic spaces by letter, few misread letters.

    Which letters are followed or preceded by spaces, and how often, is drawn per document; wide letters are
    likelier to be followed by one, і, ң, ы and ү to be preceded by one. Rates run from
    0.5 % to 90 % for a document's bad letters and stay near 0 for its others.
    """
    after, before = _letter_rates(rng, usual="шжмщыюфқңӨШЖМ"), _letter_rates(rng, usual="іңыү")
    severity = float(rng.choice([0.3, 1.0, 1.0, 1.8]))
    rules = [
        *_similar_rules(rng, n_systematic=int(rng.integers(0, 7)), background=10 ** rng.uniform(-4.5, -2.8)),
        *_punctuation_rules(rng, chance=0.15),
        *_space_rules(rng, doubling=rng.choice([0.0, 0.01, 0.05, 0.1])),
    ]
    return ChannelModel(
        name="spaced-letters",
        rules=_merge(rules),
        space_after={letter: min(rate * severity, 0.95) for letter, rate in after.items()},
        space_before={letter: min(rate * severity, 0.95) for letter, rate in before.items()},
        insertions=_left_hyphens(rng),
        burstiness=float(rng.choice([0.0, 0.3, 1.0])),
    )


def similar_letters(rng: np.random.Generator) -> ChannelModel:
    """Return an engine that knows Kazakh on worn print: look-alikes, few of them systematic, bursts, specks."""
    rules = [
        *_similar_rules(rng, n_systematic=int(rng.integers(1, 14)), background=10 ** rng.uniform(-4, -2)),
        *_punctuation_rules(rng, chance=0.3),
        *_space_rules(rng, doubling=rng.choice([0.0, 0.0, 0.01])),
    ]
    rules += _capital_rules(rng)
    specks = ["'", ".", ",", "-", ":", ";", "`", "*", "|", "~", "_", "^", "і", "ь"]
    speck_rate = 10 ** rng.uniform(-5, -2.6)
    spaces = {}
    if rng.random() < 0.3:
        spaces = {letter: float(rate) for letter, rate in zip(LOWER, rng.beta(0.3, 40, len(LOWER)), strict=True)}
    return ChannelModel(
        name="similar-letters",
        rules=_merge(rules),
        space_after=spaces,
        insertions={speck: speck_rate / len(specks) for speck in specks} | _left_hyphens(rng),
        latin_words=float(rng.choice([0.0, 0.0, 0.0, 0.004])),
        burstiness=float(rng.choice([0.0, 0.5, 2.0])),
    )


def russian_engine(rng: np.random.Generator) -> ChannelModel:
    """Return an engine with a Russian model on Kazakh print: each Kazakh letter has this document's readings.

    The first reading of a letter takes most of its mass in one document and another's in the next; letter pairs
    that look like one Russian letter (ін -> ш) come and go with the face.
    """
    concentration = float(rng.choice([0.15, 0.4, 1.0]))
    kept = 0.0 if rng.random() < 0.7 else float(rng.uniform(0, 0.5))
    shared = _NEIGHBOUR_ALPHABETS[rng.integers(len(_NEIGHBOUR_ALPHABETS))]
    if rng.random() >= NEIGHBOUR_ALPHABET_SHARE:
        shared = frozenset()
    rules = []
    for letter, listed in _RUSSIAN_READINGS.items():
        if letter.lower() in shared:
            continue
        readings = listed.split()
        expected = 0.45 ** np.arange(len(readings)) + 0.02
        shares = rng.dirichlet(expected / expected.sum() * 6 * concentration + 1e-3)
        lost = float(rng.choice([0.0, 0.02, 0.1]))
        outputs = {
            reading: float(share) * (1 - kept) * (1 - lost) for reading, share in zip(readings, shares, strict=True)
        }
        outputs[""] = (1 - kept) * lost
        rules.append(Rule(letter, outputs))
    merging = float(rng.choice([0.1, 0.4, 0.8]))
    for source, listed in _RUSSIAN_STRINGS.items():
        if rng.random() < merging and not shared.intersection(source.lower()):
            rules.append(Rule(source, {str(rng.choice(listed.split())): float(rng.uniform(0.05, 1.2) ** 2) / 1.5}))
    rules += _similar_rules(rng, int(rng.integers(0, 5)), 10 ** rng.uniform(-4, -2.5), skip=KAZAKH_SPECIFIC_LOWER)
    rules += [*_punctuation_rules(rng, chance=0.15), *_space_rules(rng, doubling=0.0)]
    return ChannelModel(
        name="russian-engine",
        rules=_merge(rules),
        insertions=_left_hyphens(rng),
        latin_words=float(rng.choice([0.0, 0.01, 0.03, 0.08])),
        burstiness=float(rng.choice([0.0, 0.3])),
    )


def mixed_alphabets(rng: np.random.Generator) -> ChannelModel:
    """Return a document with Latin, Bashkir or digit look-alikes inside Cyrillic words."""
    from_latin: dict[str, list[str]] = {}
    for foreign, letter in {
        **LATIN_LOOKALIKES,
        **{foreign: letter for foreign, letter in FOREIGN_LETTERS.items() if foreign not in OLD_LETTERS},
        "0": "О",
        "3": "З",
        "6": "б",
        "1": "і",
    }.items():
        from_latin.setdefault(letter, []).append(foreign)
    everywhere = rng.random() < 0.3
    rules = []
    for letter, foreign_letters in from_latin.items():
        if rng.random() < 0.35:
            rate = float(rng.uniform(0.6, 0.95)) if everywhere else float(rng.beta(0.5, 6))
            shares = rng.dirichlet(np.ones(len(foreign_letters)))
            outputs = {foreign: rate * float(share) for foreign, share in zip(foreign_letters, shares, strict=True)}
            rules.append(Rule(letter, outputs))
    rules += _similar_rules(rng, int(rng.integers(0, 3)), 10 ** rng.uniform(-4.5, -3))
    return ChannelModel(name="mixed-alphabets", rules=_merge(rules), latin_words=float(rng.choice([0.0, 0.01, 0.05])))


def legacy_fonts(rng: np.random.Generator) -> ChannelModel:
    """Return a text layer of a page set with fonts from before Unicode: Kazakh letters are others, all or most of them.

    A document has one letter for each; in some the headings, or every other page, were set with newer fonts.
    """
    share = 1.0 if rng.random() < 0.7 else float(rng.uniform(0.5, 1.0))
    rules = []
    for letter, listed in LEGACY_FONT_LETTERS.items():
        stands = str(rng.choice(listed.split()))
        rules += [Rule(letter, {stands: MAX_RATE * share}), Rule(letter.upper(), {stands.upper(): MAX_RATE * share})]
    if rng.random() < 0.5:
        rules += [Rule("і", {"i": MAX_RATE * share}), Rule("І", {"I": MAX_RATE * share})]
    rules += _similar_rules(rng, int(rng.integers(0, 3)), 10 ** rng.uniform(-5, -3), skip=KAZAKH_SPECIFIC_LOWER)
    rules += [*_punctuation_rules(rng, chance=0.1), *_space_rules(rng, doubling=rng.choice([0.0, 0.0, 0.02]))]
    return ChannelModel(name="legacy-fonts", rules=_merge(rules))


def lost_letters(rng: np.random.Generator) -> ChannelModel:
    """Return an engine that drops letters, Kazakh ones above all, and now and then a whole space."""
    kazakh_rate, other_rate = float(rng.beta(1.2, 10)), 10 ** rng.uniform(-4, -2.2)
    rules = []
    for letter in LOWER:
        rate = other_rate
        if letter in KAZAKH_SPECIFIC_LOWER:
            rate = kazakh_rate * float(rng.uniform(0, 2))
        if letter == "һ":
            rate = kazakh_rate * float(rng.uniform(1, 4))
        for sign, lost in ((letter, rate), (letter.upper(), rate * float(rng.uniform(0, 2)))):
            rules.append(Rule(sign, {"": min(lost, MAX_LOST_RATE)}))
    rules += _similar_rules(rng, int(rng.integers(0, 4)), 10 ** rng.uniform(-4.5, -3.2))
    return ChannelModel(
        name="lost-letters",
        rules=_merge([*rules, *_space_rules(rng, doubling=0.0), *_punctuation_rules(rng, chance=0.2, lost=True)]),
        burstiness=float(rng.choice([0.0, 1.0])),
    )


def glued_words(rng: np.random.Generator) -> ChannelModel:
    """Return an engine, or a text layer, that loses spaces: a few, a third, or nearly all of them, more in some lines.

    Some of these engines have no Kazakh letters either.
    """
    lost = 10 ** float(rng.uniform(-2.0, -0.05))
    rules = [Rule(" ", {"": lost})]
    rules += _similar_rules(rng, int(rng.integers(0, 5)), 10 ** rng.uniform(-5, -2.5))
    rules += _punctuation_rules(rng, chance=0.1)
    if rng.random() < 0.25:
        rules += _letters_without_kazakh_ones(rng)
    else:
        rules += _capital_rules(rng)
    return ChannelModel(name="glued-words", rules=_merge(rules), burstiness=float(rng.choice([0.0, 0.5, 2.0])))


def worn_print(rng: np.random.Generator) -> ChannelModel:
    """Return a print so worn that a letter may come out as any other or not at all, in patches; each has its own few.

    What it teaches is not which letters look alike but which word must have stood there.
    """
    rate, lost = 10 ** float(rng.uniform(-2.7, -1.2)), float(rng.choice([0.1, 0.3, 0.6]))
    rules = []
    for letter, weight in zip(LOWER, rng.gamma(1.0, 1.0, len(LOWER)), strict=True):
        others = [str(other) for other in rng.choice(list(LOWER.replace(letter, "")), size=3, replace=False)]
        shares = rng.dirichlet([0.5, 0.5, 0.5]) * (1 - lost)
        read = {"": lost, **dict(zip(others, shares.tolist(), strict=True))}
        rules.append(Rule(letter, {output: share * min(rate * weight, 0.5) for output, share in read.items()}))
        capital = rate * float(rng.uniform(0, 1))
        rules.append(Rule(letter.upper(), {"": capital * lost, others[0].upper(): capital * (1 - lost)}))
    rules += [*_punctuation_rules(rng, chance=0.3), *_space_rules(rng, doubling=0.0)]
    rules += _capital_rules(rng)
    return ChannelModel(name="worn-print", rules=_merge(rules), burstiness=float(rng.choice([0.3, 1.0, 3.0])))


def faded_print(rng: np.random.Generator) -> ChannelModel:
    """Return a print so faint, or an engine so careless, that letters of any kind and marks are missing, some oftener.

    Half of these engines have no Kazakh letters; they lose thin ones on good prints too (желлерн for желілерін).
    """
    rate = 10 ** float(rng.uniform(-2.5, -1.2))
    rules = []
    for letter, weight in zip(LOWER, rng.gamma(0.7, 1 / 0.7, len(LOWER)), strict=True):
        rules.append(Rule(letter, {"": min(rate * float(weight), MAX_LOST_RATE)}))
        rules.append(Rule(letter.upper(), {"": min(rate * float(weight * rng.uniform(0, 2)), MAX_LOST_RATE)}))
    if rng.random() < 0.5:
        rules += _letters_without_kazakh_ones(rng)
    else:
        rules += _similar_rules(rng, int(rng.integers(0, 4)), 10 ** rng.uniform(-4.5, -2.5))
    rules += [*_punctuation_rules(rng, chance=0.3, lost=True), *_space_rules(rng, doubling=0.0)]
    return ChannelModel(name="faded-print", rules=_merge(rules), burstiness=float(rng.choice([0.0, 0.3, 1.0])))


def _letters_without_kazakh_ones(rng: np.random.Generator) -> list[Rule]:
    """Return what an engine without the Kazakh letters makes of single letters."""
    return [rule for rule in russian_engine(rng).rules if len(rule.source) == 1 and rule.source.isalpha()]


def _capital_rules(rng: np.random.Generator) -> list[Rule]:
    """Return rules, mostly none, that make capitals of some letters like theirs, seldom the other way round."""
    rules: list[Rule] = []
    if rng.random() >= CAPITALS_SHARE:
        return rules
    share = float(rng.choice([0.15, 0.4, 1.0]))
    for letter in LIKE_ITS_CAPITAL:
        if rng.random() < share:
            rules.append(Rule(letter, {letter.upper(): float(rng.beta(0.5, 8))}))
        if rng.random() < 0.2 * share:
            rules.append(Rule(letter.upper(), {letter: float(rng.beta(0.5, 8))}))
    return rules


def _left_hyphens(rng: np.random.Generator) -> dict[str, float]:
    """Return the rate of «¬» inside words, mostly none: the mark of a line's end that went when text was set anew."""
    return {"¬": float(rng.uniform(0.001, 0.01))} if rng.random() < LEFT_HYPHENS_SHARE else {}


def _letter_rates(rng: np.random.Generator, usual: str) -> dict[str, float]:
    """Return a rate of spaces for each letter: high for a few bad ones, those of `usual` likelier."""
    n_bad = int(rng.integers(1, 12))
    letters = LOWER + UPPER
    weights = np.array([4.0 if letter in usual else 1.0 for letter in letters])
    bad = rng.choice(len(letters), size=n_bad, replace=False, p=weights / weights.sum())
    rates = {letter: float(rate) for letter, rate in zip(letters, rng.beta(0.3, 60, len(letters)), strict=True)}
    for index in bad:
        letter = letters[index]
        rates[letter] = float(np.clip(rng.beta(0.7, 2.0), 0.005, 0.9))
        if letter in LOWER and rng.random() < CAPITAL_LIKE_SMALL:
            rates[letter.upper()] = float(np.clip(rates[letter] * rng.uniform(0.5, 1.3), 0.005, 0.9))
    return rates


def _similar_rules(rng: np.random.Generator, n_systematic: int, background: float, skip: str = "") -> list[Rule]:
    """Return `n_systematic` strong look-alike rules and a weak background over all the others."""
    rules = []
    listed = {source: outputs for source, outputs in {**_SIMILAR, **_SIMILAR_STRINGS}.items() if source not in skip}
    strong = set(rng.choice(len(listed), size=min(n_systematic, len(listed)), replace=False).tolist())
    for index, (source, outputs) in enumerate(listed.items()):
        choices = outputs.split()
        if index in strong:
            rules.append(Rule(source, {str(rng.choice(choices)): float(np.clip(rng.beta(0.6, 5), 0.002, 0.9))}))
        elif len(source) == 1 and background > 0:
            shares = rng.dirichlet(np.full(len(choices), 0.5)) * background * float(rng.gamma(0.5, 2))
            rules.append(Rule(source, {c: min(float(s), 0.2) for c, s in zip(choices, shares, strict=True)}))
    return rules


def _punctuation_rules(rng: np.random.Generator, chance: float, lost: bool = False) -> list[Rule]:
    """Return rules for a few marks, and for the comma that loses its tail, which every engine takes for a full stop."""
    rules = []
    if rng.random() < STOPPED_COMMAS_SHARE:
        rules.append(Rule(",", {".": float(rng.beta(1, 8))}))
    for source, outputs in _PUNCTUATION.items():
        if rng.random() < chance:
            choice = "" if source != "—" and (lost or rng.random() < 0.1) else str(rng.choice(outputs.split()))
            if choice != source:
                rules.append(Rule(source, {choice: float(np.clip(rng.beta(0.5, 5), 0.002, 0.8))}))
    return rules


def _space_rules(rng: np.random.Generator, doubling: float) -> list[Rule]:
    """Return rules for the space and the line end: doubled, rarely lost, a space left hanging at a line end."""
    lost = float(rng.choice([0.0, 0.0, 0.001, 0.004, 0.012, 0.05], p=[0.2, 0.2, 0.19, 0.19, 0.17, 0.05]))
    rules = [Rule(" ", {"": lost, "  ": float(doubling)})]
    if rng.random() < 0.3:
        rules.append(Rule("\n", {" \n": float(rng.uniform(0.1, 0.9))}))
    return rules


def _merge(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Return one rule per source and neighbours; the outputs of several are added, their sum capped at `MAX_RATE`."""
    merged: dict[tuple[str, str, str], dict[str, float]] = {}
    for rule in rules:
        outputs = merged.setdefault((rule.left, rule.source, rule.right), {})
        for output, rate in rule.outputs.items():
            outputs[output] = outputs.get(output, 0.0) + rate
    return tuple(
        Rule(source, capped(outputs, most=MAX_RATE), left, right) for (left, source, right), outputs in merged.items()
    )
