import pytest

from kzocr.bands import quality_bands
from kzocr.metrics import ErrorCounts


def counts(n_errors: int, n_chars: int = 1000) -> ErrorCounts:
    return ErrorCounts(matches=n_chars - n_errors, substitutions=n_errors)


@pytest.mark.parametrize(
    ("n_errors", "name"),
    [
        (0, "below 1 %"),
        (9, "below 1 %"),
        (10, "1 to 2 %"),
        (20, "2 to 5 %"),
        (50, "5 to 10 %"),
        (100, "10 to 20 %"),
        (200, "20 % and more"),
        (1000, "20 % and more"),
    ],
)
def test_a_band_has_its_lower_bound_and_not_its_upper_one(n_errors: int, name: str) -> None:
    (band,) = quality_bands([(counts(n_errors), counts(0))])
    assert band.name == name


def test_rates_are_pooled_within_a_band_and_bands_without_documents_left_out() -> None:
    documents = [(counts(30), counts(10)), (counts(1), counts(2)), (counts(40, 2000), counts(5, 2000))]
    well, badly = quality_bands(documents)
    assert (well.n_documents, badly.n_documents) == (1, 2)
    assert badly.before.rate == 70 / 3000
    assert badly.after.rate == 15 / 3000
    assert quality_bands([]) == ()
