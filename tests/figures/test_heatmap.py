from kzocr.figures.heatmap import heatmaps, visible


def test_both_maps_have_the_same_rows_columns_and_scale() -> None:
    before, after = heatmaps([("қ", "к", 16), ("і", "!", 4)], [("қ", "к", 4), ("ң", "", 1)])
    heads = [table.split("</thead>")[0] for table in (before, after)]
    assert heads[0] == heads[1]
    assert heads[0].index(">к<") < heads[0].index(">!<") < heads[0].index("∅")
    assert '<td class="strong" style="--heat:1.00">16</td>' in before
    assert '<td style="--heat:0.50">4</td>' in before
    assert '<td style="--heat:0.50">4</td>' in after
    assert after.count("<tr>") == 4


def test_nothing_misread() -> None:
    assert heatmaps([], []) == ("", "")


def test_characters_that_cannot_be_seen() -> None:
    assert "∅" in visible("")
    assert visible(" ") == "␣"
    assert visible("<") == "&lt;"
    assert visible("ж") == "ж"
    assert "Latin" in visible("c")
