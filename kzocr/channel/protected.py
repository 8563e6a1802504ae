"""Passages that must survive correction as they are: numbers, dates, addresses, Latin and Russian words, capitals.

A corpus has too few of them for a model to learn to leave them alone, so training text gets some more. They are
made up here; the channel does not touch digits and Latin letters, and nothing is to be guessed about them.
"""

from __future__ import annotations

import re

import numpy as np

_FULL_STOP = re.compile(r"(?<=\w)\.(?=\s|$)")
_LATIN = (
    "Windows Google Microsoft Toyota Samsung Facebook email online Wi-Fi iPhone Internet PDF USB CD DVD GPS "
    "SMS Kazakhstan Astana Almaty Nur-Sultan Airbus Boeing Linux Excel Word Times Forbes Zoom Telegram "
    "WhatsApp COVID Homo sapiens vitamin pH Ltd Inc GmbH London Paris Berlin New York Oxford Cambridge UNESCO "
    "NATO FIFA OPEC BBC"
).split()
_RUSSIAN = (
    "Российская Федерация министерство образования и науки издательство Москва Ленинград улица проспект "
    "область район городской комитет партии газета журнал страница редакция главный редактор который этого "
    "человека время работа жизнь государственный университет институт академия сельское хозяйство завод "
    "фабрика железная дорога учебник словарь перевод с русского языка собрание сочинений том второй выпуск "
    "рисунок таблица приложение закон постановление указ президента Республики Казахстан съезд объявление "
    "хлеб щётка объект ещё подъезд вещь площадь общество сообщение будущее Черёмушки Глубокое "
    "Усть-Каменогорск Щучинск Зыряновск Петров Иванова Кузнецов Соколова Щербаков Королёв Семёнов Ильич "
    "Александрович Николаевна не было вчера очень"
).split()
_UNITS = "км кг м² га млн млрд мың теңге тенге % °C сағат мин USD KZT ₸ $ €".split()
_MONTHS = "қаңтар ақпан наурыз сәуір мамыр маусым шілде тамыз қыркүйек қазан қараша желтоқсан".split()
_ROMAN = "I II III IV V VI VII VIII IX X XI XII XV XVII XVIII XIX XX XXI".split()


def protect(text: str, rng: np.random.Generator) -> str:
    """Return `text` with, now and then, a passage put between two words, a line in capitals, or livelier full stops."""
    kind = rng.random()
    if kind < 0.04:
        lines = text.split("\n")
        index = int(rng.integers(len(lines)))
        lines[index] = lines[index].upper()
        return "\n".join(lines)
    if kind < 0.24:
        words = text.split(" ")
        place = int(rng.integers(len(words) + 1))
        return " ".join([*words[:place], passage(rng), *words[place:]])
    if kind < 0.36:
        return _FULL_STOP.sub(lambda stop: _livelier(rng) if rng.random() < 0.5 else stop.group(), text)
    return text


def _livelier(rng: np.random.Generator) -> str:
    """Return another end of a sentence: engines confuse `!` and `?` with letters, and a corpus has few of them."""
    return ("!", "!", "!", "?", "?", "!..", "?!", "…")[int(rng.integers(8))]


def passage(rng: np.random.Generator) -> str:
    """Return one made-up passage: a number, date, sum, address, table row, Latin or Russian words."""
    makers = (_number, _hidden, _date, _quantity, _address, _row, _latin, _russian, _russian, _reference)
    return makers[int(rng.integers(len(makers)))](rng)


def _digits(rng: np.random.Generator, most: int) -> str:
    return str(int(rng.integers(10 ** int(rng.integers(1, most + 1)))))


def _words(rng: np.random.Generator, words: list[str], most: int) -> str:
    start = int(rng.integers(len(words)))
    return " ".join(words[start : start + int(rng.integers(1, most + 1))])


def _number(rng: np.random.Generator) -> str:
    forms = (
        "{a}",
        "{a},{b}",
        "{a}.{b}",
        "{a}-{b}",
        "№{a}",
        "{a} {b}00",
        "{a}/{b}",
        "({a})",
        "{a}%",
        "{a}-ші",
        "{a}:{b}",
    )
    form = forms[int(rng.integers(len(forms)))]
    return form.format(a=_digits(rng, 5), b=_digits(rng, 3))


def _date(rng: np.random.Generator) -> str:
    day, month, year = int(rng.integers(1, 32)), int(rng.integers(1, 13)), int(rng.integers(1850, 2031))
    forms = (
        f"{day:02}.{month:02}.{year}",
        f"{year} жылғы {day} {_MONTHS[month - 1]}",
        f"{day}/{month}/{year % 100:02}",
        f"{year}-{year + int(rng.integers(1, 9))} жж.",
        f"{_ROMAN[int(rng.integers(len(_ROMAN)))]} ғасыр",
    )
    return forms[int(rng.integers(len(forms)))]


def _quantity(rng: np.random.Generator) -> str:
    return f"{_number(rng)} {_UNITS[int(rng.integers(len(_UNITS)))]}"


def _address(rng: np.random.Generator) -> str:
    name = _LATIN[int(rng.integers(len(_LATIN)))].lower()
    ending = ("kz", "com", "ru", "org", "gov.kz", "edu.kz")[int(rng.integers(6))]
    forms = (
        f"www.{name}.{ending}",
        f"https://{name}.{ending}/{_digits(rng, 4)}",
        f"{name}{_digits(rng, 2)}@mail.{ending}",
        f"{name}.{ending}",
        f"+7 ({rng.integers(700, 800)}) {rng.integers(100, 1000)}-{rng.integers(10, 100)}-{rng.integers(10, 100)}",
        f"#{name}",
        f"@{name}_{_digits(rng, 2)}",
    )
    return forms[int(rng.integers(len(forms)))]


def _row(rng: np.random.Generator) -> str:
    divider = (" | ", "\t", "  ", "; ")[int(rng.integers(4))]
    return divider.join(_digits(rng, 4) for _ in range(int(rng.integers(2, 6))))


def _latin(rng: np.random.Generator) -> str:
    return _words(rng, _LATIN, 3)


def _russian(rng: np.random.Generator) -> str:
    return _words(rng, _RUSSIAN, 7)


def _hidden(rng: np.random.Generator) -> str:
    """Return signs as the corrector shows a model what it cannot know (other scripts, emoji)."""
    return "_" * int(rng.integers(1, 6))


def _reference(rng: np.random.Generator) -> str:
    return f"[{_digits(rng, 2)}, {_digits(rng, 3)} б.]"
