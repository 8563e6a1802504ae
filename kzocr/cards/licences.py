"""Where the sources of training text are from, and what their publishers let one do with them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SourceLicence:
    """Where a source of text is from and what its publisher lets one do with it.

    Attributes:
        domain: what kind of text it is.
        licence: as the source states it.
        origin: whom to name.
    """

    domain: str
    licence: str
    origin: str


SOURCES: dict[str, SourceLicence] = {
    "abai_qara_sozder": SourceLicence("classical prose", "public domain (author died 1904)", "Abai, Qara sözder"),
    "abai_wikisource": SourceLicence("classical poetry and prose", "public domain / CC BY-SA 4.0", "Wikisource, Abai"),
    "apertium_kaz_other": SourceLicence("news, declarations, short texts", "GPL-3.0", "Apertium kaz-tat, kaz-kir"),
    "apertium_kaz_rus_corpus": SourceLicence("government, news, university", "GPL-3.0", "apertium/apertium-kaz-rus"),
    "apertium_kaz_segcorpus": SourceLicence("encyclopedia, literature", "GPL-3.0", "apertium/apertium-kaz"),
    "apertium_kaz_texts": SourceLicence("encyclopedia, speeches, stories", "CC BY-SA 4.0", "apertium/apertium-kaz"),
    "classics_wikisource": SourceLicence("classical literature", "public domain / CC BY-SA 4.0", "Wikisource"),
    "common_voice_kk": SourceLicence("short sentences, proverbs", "CC0 1.0", "Mozilla Common Voice"),
    "kazakh_factcheck_sources": SourceLicence("legislation, news", "CC BY 4.0", "Tim2190/kazakh-factcheck-benchmark"),
    "kazakh_worship_songs": SourceLicence("religious songs", "Unlicense", "ethnosdev/kazakh_worship"),
    "kaznerd": SourceLicence("TV news sentences", "CC BY 4.0", "IS2AI/KazNERD"),
    "kazopensource_texts": SourceLicence(
        "lectures, history, news, essays", "MIT / GPL-3.0; texts of third parties", "opencorpora.kz, KazOpenSource"
    ),
    "kazqad": SourceLicence("encyclopedia, school subjects, questions", "CC BY-SA 4.0", "IS2AI/KazQAD"),
    "kyz_zhibek": SourceLicence("folk epic", "public domain (folklore)", "123456789255/kazakh-library"),
    "kz_laws": SourceLicence("legislation", "official documents, no copyright in Kazakhstan", "adilet.zan.kz"),
    "laser_tatoeba": SourceLicence("short sentences", "CC BY 2.0", "Tatoeba, facebookresearch/LASER"),
    "lingua_leipzig_test": SourceLicence("web, encyclopedia, news", "CC BY 4.0", "Leipzig Corpora"),
    "tatoeba": SourceLicence("short everyday sentences", "CC BY 2.0 FR", "Tatoeba"),
    "udhr_kaz": SourceLicence("declaration of human rights", "free to reproduce", "United Nations"),
    "wikimedia/wikipedia": SourceLicence("encyclopedia", "CC BY-SA 4.0", "Kazakh Wikipedia"),
    "wikipedia_sample": SourceLicence("encyclopedia", "CC BY-SA 4.0", "Kazakh Wikipedia"),
}
"""Licences by the name that a source has in the training metadata."""

WORD_LISTS: dict[str, SourceLicence] = {
    "tesseract_kaz_wordlist.txt": SourceLicence("words by frequency", "Apache-2.0", "Tesseract's Kazakh model"),
    "unilex_kk_frequency.txt": SourceLicence("words by frequency", "Unicode License v3", "Unilex"),
}
"""Licences of word lists by the name of their file."""
