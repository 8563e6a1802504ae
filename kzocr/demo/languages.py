"""Every word that the demo shows, in Kazakh, Russian and English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

EXAMPLE = (
    "Ауыл к!тапханасындағы ескі газеттер көп жылдан бері ш аң басып ж атты.\n"
    "Енд! оқушылар ескi газеттердi у йден оқиды, галымдар да соларды аударып\n"
    "қарайды. Кітапханаш ы кыз 1250 бетті сканерден өткізді.\n"
)
"""A text with errors of several engines; the author's own."""


@dataclass(frozen=True, slots=True)
class Words:
    """What the page says in one language.

    Attributes:
        name: of the language, in itself.
        title: heading of the page.
        intro: a sentence below it.
        language: label of the choice of languages.
        input_label: of the text that is corrected.
        input_placeholder: in it while it is empty.
        file_label: of the place for a file.
        confidence_label: of the slider.
        confidence_info: what the slider does.
        reflow: label of the switch for joining lines.
        correct: the main button.
        example: the button that fills in an example.
        clear: the button that empties all.
        differences: heading of the text with changes marked.
        corrected: label of the corrected text.
        download: the button that saves the corrected text.
        working: while the model is at work.
        empty: there is nothing to correct.
        unchanged: nothing was changed.
        summary: `{n}` changes.
        kept: what was left as it was, `{reasons}`.
        removed: legend of the mark for what was there before.
        added: legend of the mark for what was put there.
        edit_confidence: tooltip of a change, `{value}`.
        too_long: `{n}` characters are more than `{limit}`.
        not_text: the file `{name}` is no UTF-8 text.
        not_here: the file `{name}` is of a format that the page does not correct.
        broken: the layout file `{name}` cannot be read.
        lines_stay: the lines of a layout file are not joined.
        only_text: the text of a layout file was changed by hand, so the download is plain text.
        reasons: why something was left as it was, by the names of `kzocr.correction.guards`.
    """

    name: str
    title: str
    intro: str
    language: str
    input_label: str
    input_placeholder: str
    file_label: str
    confidence_label: str
    confidence_info: str
    reflow: str
    correct: str
    example: str
    clear: str
    differences: str
    corrected: str
    download: str
    working: str
    empty: str
    unchanged: str
    summary: str
    kept: str
    removed: str
    added: str
    edit_confidence: str
    too_long: str
    not_text: str
    not_here: str
    broken: str
    lines_stay: str
    only_text: str
    reasons: Mapping[str, str]


KAZAKH = Words(
    name="Қазақша",
    title="Қазақ мәтінін OCR-дан кейін түзету",
    intro="OCR оқыған мәтінді қойыңыз немесе файлды осында тастаңыз: kzocr басылған мәтінді қалпына келтіреді.",
    language="Тіл",
    input_label="OCR оқыған мәтін",
    input_placeholder="Мәтінді осында қойыңыз",
    file_label="Мәтін (UTF-8), hOCR, ALTO, PAGE XML файлы: осында тастаңыз немесе басып таңдаңыз",
    confidence_label="Ең төменгі сенімділік",
    confidence_info="Неғұрлым жоғары болса, өзгеріс соғұрлым аз әрі сенімді",
    reflow="Абзац жолдарын біріктіру",
    correct="Түзету",
    example="Мысал",
    clear="Тазалау",
    differences="Айырмашылықтар",
    corrected="Түзетілген мәтін",
    download="Жүктеп алу",
    working="Түзетіліп жатыр…",
    empty="Мәтін жоқ: мәтінді қойыңыз немесе файл таңдаңыз.",
    unchanged="Ештеңе өзгертілмеді.",
    summary="Өзгеріс саны: {n}.",
    kept="Өзгертілмей қалдырылды: {reasons}.",
    removed="бұрын болған",
    added="орнына қойылған",
    edit_confidence="сенімділік {value}",
    too_long="Мәтін тым ұзын: {n} таңба, ең көбі {limit}.",
    not_text="{name}: бұл UTF-8 мәтіні емес.",
    not_here="{name}: мұнда тек мәтін, hOCR, ALTO және PAGE XML түзетіледі.",
    broken="{name}: файл бүлінген, оны оқу мүмкін емес.",
    lines_stay="Бұл файлдың жолдары орнында қалады.",
    only_text="Мәтін қолмен өзгертілді, сондықтан жай мәтін файлы жүктеледі.",
    reasons={
        "unfinished": "аяқталмаған жауап",
        "invalid": "жарамсыз жауап",
        "length": "ұзындығы сәйкес емес",
        "repeats": "қайталау",
        "changed": "тым көп өзгеріс",
        "lines": "жол соңы",
        "space": "шегініс пен бос орын",
        "unreadable": "белгісіз таңба",
        "digits": "сандар",
        "address": "мекенжайлар",
        "latin": "латын сөздері",
        "russian": "орыс тіліндегі мәтін",
        "quote": "тырнақшаның түрі",
        "end": "мәтін соңындағы белгі",
        "confidence": "төмен сенімділік",
        "overlap": "қабаттасу",
        "skipped": "тастап кету",
        "invented": "қосып жазу",
        "mark": "леп белгісі",
        "join": "сөздерді біріктіру",
        "lone": "жалғыз өзгеріс",
        "oscillates": "тұрақсыз",
    },
)

RUSSIAN = Words(
    name="Русский",
    title="Исправление казахского текста после OCR",
    intro="Вставьте текст, который прочитал OCR, или перетащите файл: kzocr восстановит то, что было напечатано.",
    language="Язык",
    input_label="Текст после OCR",
    input_placeholder="Вставьте текст сюда",
    file_label="Файл с текстом (UTF-8), hOCR, ALTO, PAGE XML: перетащите сюда или нажмите и выберите",
    confidence_label="Наименьшая уверенность",
    confidence_info="Чем выше, тем меньше изменений и тем они надёжнее",
    reflow="Соединять строки абзаца",
    correct="Исправить",
    example="Пример",
    clear="Очистить",
    differences="Различия",
    corrected="Исправленный текст",
    download="Скачать",
    working="Исправляется…",
    empty="Текста нет: вставьте текст или выберите файл.",
    unchanged="Ничего не изменено.",
    summary="Изменений: {n}.",
    kept="Оставлено как было: {reasons}.",
    removed="было",
    added="стало",
    edit_confidence="уверенность {value}",
    too_long="Текст слишком длинный: {n} символов при пределе {limit}.",
    not_text="{name}: это не текст в UTF-8.",
    not_here="{name}: здесь исправляются только текст, hOCR, ALTO и PAGE XML.",
    broken="{name}: файл повреждён, прочитать его нельзя.",
    lines_stay="Строки этого файла остаются на месте.",
    only_text="Текст изменён вручную, поэтому скачивается простой текст.",
    reasons={
        "unfinished": "незавершённый ответ",
        "invalid": "негодный ответ",
        "length": "не подходит длина",
        "repeats": "повторение",
        "changed": "слишком много изменений",
        "lines": "конец строки",
        "space": "отступ и пробелы",
        "unreadable": "неизвестный знак",
        "digits": "цифры",
        "address": "адреса",
        "latin": "латинские слова",
        "russian": "русский текст",
        "quote": "вид кавычек",
        "end": "знак в конце текста",
        "confidence": "низкая уверенность",
        "overlap": "наложение",
        "skipped": "пропуск текста",
        "invented": "приписанные буквы",
        "mark": "восклицательный знак",
        "join": "слияние слов",
        "lone": "единственная правка",
        "oscillates": "колебание",
    },
)

ENGLISH = Words(
    name="English",
    title="Correct Kazakh text after OCR",
    intro="Paste what an OCR engine read, or drop a file: kzocr puts back what was printed.",
    language="Language",
    input_label="Text as read by OCR",
    input_placeholder="Paste the text here",
    file_label="File of text (UTF-8), hOCR, ALTO, PAGE XML: drop it here, or click to choose",
    confidence_label="Least confidence",
    confidence_info="The higher, the fewer the changes and the surer",
    reflow="Join the lines of a paragraph",
    correct="Correct",
    example="Example",
    clear="Clear",
    differences="Differences",
    corrected="Corrected text",
    download="Download",
    working="Correcting…",
    empty="No text: paste some, or choose a file.",
    unchanged="Nothing was changed.",
    summary="Changes: {n}.",
    kept="Left as it was: {reasons}.",
    removed="before",
    added="after",
    edit_confidence="confidence {value}",
    too_long="The text is too long: {n} characters, at most {limit}.",
    not_text="{name}: this is no UTF-8 text.",
    not_here="{name}: only text, hOCR, ALTO and PAGE XML are corrected here.",
    broken="{name}: the file is broken and cannot be read.",
    lines_stay="The lines of this file stay where they are.",
    only_text="The text was changed by hand, so the download is plain text.",
    reasons={
        "unfinished": "unfinished answer",
        "invalid": "invalid answer",
        "length": "unfitting length",
        "repeats": "repetition",
        "changed": "too many changes",
        "lines": "line end",
        "space": "indentation and spaces",
        "unreadable": "unknown character",
        "digits": "digits",
        "address": "addresses",
        "latin": "Latin words",
        "russian": "Russian text",
        "quote": "kind of quotation mark",
        "end": "mark at the end of the text",
        "confidence": "low confidence",
        "overlap": "overlap",
        "skipped": "skipped text",
        "invented": "invented letters",
        "mark": "exclamation mark",
        "join": "joined words",
        "lone": "a lone change",
        "oscillates": "oscillation",
    },
)

LANGUAGES: dict[str, Words] = {"kk": KAZAKH, "ru": RUSSIAN, "en": ENGLISH}
"""The languages of the page by their code; the first is the one that it starts with."""


def preferred(accepted: str | None) -> str:
    """Return the code of the language to start with.

    Args:
        accepted: a browser's `Accept-Language` header (RFC 9110, section 12.5.4), or `None`.

    Returns:
        `preferred("de, ru;q=0.5, en;q=0.3") == "ru"`; Kazakh if none of ours is in it.
    """
    weights: dict[str, float] = {}
    for item in (accepted or "").split(","):
        tag, _, quality = item.partition(";")
        code = tag.strip().lower().split("-")[0]
        weight = quality.strip().removeprefix("q=")
        if code in LANGUAGES:
            number = float(weight) if weight.replace(".", "", 1).isdecimal() else 1.0
            weights[code] = max(weights.get(code, 0.0), number)
    return max(weights, key=lambda code: weights[code], default=next(iter(LANGUAGES)))
