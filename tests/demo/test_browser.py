"""The demo as a visitor has it: Debian's Chromium, headless, clicks and types; what it shows is looked at."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from kzocr.demo.languages import LANGUAGES, Words
from kzocr.formats.layout import LayoutFile
from kzocr.formats.recognise import DIALECTS
from places import DATA

MISSING = [
    *(f"the package {name}" for name in ("gradio", "selenium") if find_spec(name) is None),
    *(f"the program {name}" for name in ("chromium", "chromedriver") if shutil.which(name) is None),
]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        bool(MISSING),
        reason=f"needs {' and '.join(MISSING)} "
        '(pip install "kzocr[demo]" selenium; apt-get install chromium chromium-driver)',
    ),
]

SCREENSHOTS = "KZOCR_SCREENSHOTS"
"""Environment variable: a folder that keeps the screenshots for people to look at."""

LANGUAGE_NAMES = {words.name for words in LANGUAGES.values()}
WAIT_SECONDS = 60


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of `kzocr demo`, started as a user starts it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "kzocr", "demo", "--port", str(port), "--no-open"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    url = f"http://127.0.0.1:{port}/"
    try:
        wait_for(lambda: process.poll() is not None or answers(url))
        assert process.poll() is None, process.stdout and process.stdout.read()
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def wait_for(condition: Callable[[], Any], seconds: float = WAIT_SECONDS) -> Any:
    """Return the first true value of `condition`, asked again and again."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def browser(downloads: Path) -> Iterator[Any]:
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1280,1400"):
        options.add_argument(argument)
    options.add_experimental_option(
        "prefs", {"download.default_directory": str(downloads), "intl.accept_languages": "ru"}
    )
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(shutil.which("chromedriver"))))
    yield driver
    driver.quit()


@pytest.fixture
def page(browser: Any, address: str) -> Any:
    browser.get(address)
    wait_for(lambda: visible_text(browser).count(LANGUAGES["ru"].title))
    return browser


def visible_text(browser: Any) -> str:
    text: str = browser.execute_script("return document.body.innerText")
    return text


def find(browser: Any, selector: str) -> Any:
    from selenium.webdriver.common.by import By

    return browser.find_element(By.CSS_SELECTOR, selector)


def texts(browser: Any, selector: str) -> list[str]:
    found: list[str] = browser.execute_script(
        "return [...document.querySelectorAll(arguments[0])].map(element => element.innerText)", selector
    )
    return found


def choose_language(browser: Any, code: str) -> Words:
    words = LANGUAGES[code]
    browser.execute_script(f"document.querySelector('#language input[value=\"{code}\"]').click()")
    wait_for(lambda: words.title in visible_text(browser))
    return words


def click(browser: Any, element_id: str) -> None:
    browser.execute_script("document.getElementById(arguments[0]).click()", element_id)


def keep_screenshot(browser: Any, folder: Path, name: str) -> Path:
    target = Path(os.environ.get(SCREENSHOTS, folder)) / f"{name}.png"
    target.parent.mkdir(parents=True, exist_ok=True)
    assert browser.save_screenshot(str(target))
    return target


def n_pixels_of(path: Path, colour: tuple[int, int, int]) -> int:
    from PIL import Image

    with Image.open(path) as image:
        return int(sum(n for n, found in image.convert("RGB").getcolors(1 << 24) or [] if found == colour))


def test_a_click_corrects_and_the_differences_are_in_colour(page: Any, tmp_path: Path) -> None:
    words = LANGUAGES["ru"]
    find(page, "#text textarea").send_keys("Енд! окушылар ескі газеттерді у йден оқиды.\n")
    click(page, "correct")
    wait_for(lambda: texts(page, "#differences .kzocr-text ins"))
    corrected = wait_for(lambda: find(page, "#corrected textarea").get_property("value"))
    assert "Енді" in corrected
    assert words.summary.split("{")[0] in "".join(texts(page, "#status"))
    title = find(page, "#differences .kzocr-text ins").get_attribute("title")
    assert re.search(r"уверенность (0\.[5-9]\d|1\.00)", title)
    picture = keep_screenshot(page, tmp_path, "corrected-ru")
    assert n_pixels_of(picture, (0xC5, 0xEF, 0xD2)) > 100
    assert n_pixels_of(picture, (0xFF, 0xD9, 0xD6)) > 100


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_whole_page_is_in_one_language(page: Any, code: str, tmp_path: Path) -> None:
    words = choose_language(page, code)
    click(page, "example")
    wait_for(lambda: texts(page, "#differences .kzocr-text ins"))
    wait_for(lambda: words.summary.split("{")[0] in visible_text(page))
    keep_screenshot(page, tmp_path, f"example-{code}")
    shown = visible_text(page)
    assert find(page, "#text textarea").get_attribute("placeholder") == words.input_placeholder
    always = ("title", "intro", "language", "input_label", "file_label", "confidence_label", "confidence_info")
    always += ("reflow", "correct", "example", "clear", "differences", "corrected", "download", "removed", "added")
    for name in always:
        assert getattr(words, name) in shown, name
    own = {*re.findall(r"[A-Za-zА-яЁё]+", " ".join([*(getattr(words, name) for name in always), *LANGUAGE_NAMES]))}
    own |= {*re.findall(r"[A-Za-zА-яЁё]+", words.summary)}
    outside = shown.replace("".join(texts(page, "#differences .kzocr-text")).strip(), "")
    foreign = "[A-Za-z]+" if code != "en" else "[А-яЁё]+"
    assert not {*re.findall(foreign, outside)} - own, "words in another language"


def test_the_slider_refuses_changes_that_are_less_sure(page: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    click(page, "example")
    wait_for(lambda: texts(page, "#differences .kzocr-text ins"))
    n_before = len(texts(page, "#differences .kzocr-text ins"))
    slider = find(page, "#least input[type=range]")
    slider.send_keys(Keys.END)
    page.execute_script("arguments[0].dispatchEvent(new Event('pointerup', {bubbles: true}))", slider)
    reason = LANGUAGES["ru"].reasons["confidence"]
    wait_for(lambda: reason in "".join(texts(page, "#status")))
    assert len(texts(page, "#differences .kzocr-text ins")) < n_before


def test_a_dropped_file_is_corrected_and_downloaded_with_its_line_ends(
    page: Any, tmp_path: Path, downloads: Path
) -> None:
    source = tmp_path / "бет 1.txt"
    source.write_bytes("\ufeffЕнд! окушылар\r\nескі газеттерді оқиды.\r\n".encode())
    find(page, "#file input[type=file]").send_keys(str(source))
    wait_for(lambda: "окушылар" in find(page, "#text textarea").get_property("value"))
    click(page, "correct")
    wait_for(lambda: texts(page, "#differences .kzocr-text ins"))
    wait_for(lambda: find(page, "#download").get_attribute("disabled") is None)
    click(page, "download")
    (saved,) = wait_for(lambda: [path for path in downloads.iterdir() if path.suffix == ".txt"])
    content = saved.read_bytes().decode()
    assert content.startswith("\ufeffЕнді")
    assert content.count("\r\n") == 2


def test_a_dropped_layout_file_comes_back_as_one(page: Any, downloads: Path) -> None:
    source = DATA / "formats" / "page.hocr"
    find(page, "#file input[type=file]").send_keys(str(source))
    wait_for(lambda: "дирмен" in find(page, "#text textarea").get_property("value"))
    assert "<" not in find(page, "#text textarea").get_property("value")
    click(page, "correct")
    wait_for(lambda: texts(page, "#differences .kzocr-text ins"))
    wait_for(lambda: find(page, "#download").get_attribute("disabled") is None)
    click(page, "download")
    (saved,) = wait_for(lambda: [path for path in downloads.iterdir() if path.suffix == ".hocr"])
    content = saved.read_text(encoding="utf-8")
    assert content.count("ocrx_word'") + content.count('ocrx_word"') == source.read_text().count("ocrx_word'")
    assert LayoutFile.of(content.encode(), saved.name, DIALECTS["hocr"]).text == find(
        page, "#corrected textarea"
    ).get_property("value")


def test_what_is_no_text_is_named_and_an_empty_field_too(page: Any, tmp_path: Path) -> None:
    click(page, "correct")
    wait_for(lambda: LANGUAGES["ru"].empty in visible_text(page))
    source = tmp_path / "page.txt"
    source.write_bytes("Бұл мәтін".replace("ұ", "у").replace("ә", "а").replace("і", "i").encode("cp1251"))
    find(page, "#file input[type=file]").send_keys(str(source))
    wait_for(lambda: LANGUAGES["ru"].not_text.format(name="page.txt") in visible_text(page))
    click(page, "clear")
    wait_for(lambda: "page.txt" not in visible_text(page))
