import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzocr.channel.model import ChannelModel
from kzocr.channel.rules import Rule
from kzocr.rivals.noisy_channel import START, CharacterModel, NoisyChannel, channel_costs

LINES = ["Бүгін күн жылы болды.", "Ертең таңда көлге барамыз.", "Қар еріп, өзен тасыды.", "Біз көп кітап оқыдық."] * 3
CHANNEL = ChannelModel(
    rules=(Rule("ө", {"е": 0.2, "о": 0.1}), Rule("қ", {"к": 0.3}), Rule("і", {"!": 0.2}), Rule("ті", {"п": 0.01})),
    space_after={"н": 0.1},
)


def corrector(**options: float) -> NoisyChannel:
    return NoisyChannel(CharacterModel.from_lines(LINES, 5), *channel_costs([CHANNEL]), **options)  # type: ignore[arg-type]


def test_probabilities_add_up_to_one() -> None:
    model = CharacterModel.from_lines(["абаб", "аб"], order=3)
    for context in ("", START, "а", "аб", "вв"):
        total = sum(math.exp(model.log_probability(sign, context)) for sign in ["а", "б", START])
        unseen = math.exp(model.log_probability("в", context))
        assert total + unseen == pytest.approx(1.0)
    assert model.log_probability("б", "а") > model.log_probability("а", "а")


def test_witten_bell_by_hand() -> None:
    """One line «а»: the events are а and the end; with no context (1 + 2 * 1/3) / (2 + 2) for each of two seen."""
    model = CharacterModel.from_lines(["а"], order=1)
    assert math.exp(model.log_probability("а", "")) == pytest.approx((1 + 2 / 3) / 4)


def test_what_the_channel_did_is_undone() -> None:
    assert corrector().correct(["Бүг!н кен жылы", "Бүгін күн  "])[1] == "Бүгін күн  "
    assert corrector().correct(["Бүг!н күн жылы болды."]) == ["Бүгін күн жылы болды."]
    assert corrector().correct(["Ертең таңда келге барамыз."]) == ["Ертең таңда көлге барамыз."]
    assert corrector().correct(["Бүгін күн жылы\n\nезен тасыды."]) == ["Бүгін күн жылы\n\nөзен тасыды."]
    assert corrector().correct(["Б үгін", "күн жылы"])[1] == "күн жылы"


def test_a_spurious_space_goes() -> None:
    assert corrector().correct(["Бүгін күн жылы, таң да көлге"]) == ["Бүгін күн жылы, таң да көлге"]
    assert corrector().correct(["Ертен таңда"]) == ["Ертен таңда"]
    spaced = NoisyChannel(CharacterModel.from_lines(LINES, 5), *channel_costs([ChannelModel(space_after={"ң": 0.3})]))
    assert spaced.correct(["Ертең таң да көлге"]) == ["Ертең таңда көлге"]


def test_a_channel_without_errors_is_the_identity() -> None:
    silent = NoisyChannel(CharacterModel.from_lines(LINES), *channel_costs([ChannelModel()]))
    assert silent.correct(["Кез келген! мәтін 12"]) == ["Кез келген! мәтін 12"]


@settings(max_examples=25)
@given(st.text(alphabet="аеөокқі! \n", max_size=25))
def test_lines_stay(text: str) -> None:
    (corrected,) = corrector(beam=4).correct([text])
    assert corrected.count("\n") == text.count("\n")
    assert [not line.strip() for line in corrected.split("\n")] == [not line.strip() for line in text.split("\n")]


def test_costs_are_averages() -> None:
    costs, keep = channel_costs([CHANNEL, ChannelModel()])
    assert costs["е"]["ө"] == pytest.approx(math.log(0.1))
    assert costs["н "]["н"] == pytest.approx(math.log(0.05))
    assert keep["ө"] == pytest.approx(math.log(1 - 0.15))


def test_nothing_to_learn_from() -> None:
    with pytest.raises(ValueError, match="no text"):
        CharacterModel.from_lines([])
    with pytest.raises(ValueError, match="order is 0"):
        CharacterModel.from_lines(["а"], order=0)
