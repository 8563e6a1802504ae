"""Guided decoding is greedy decoding: the ids and probabilities of `generate`, for every model and draft."""

from __future__ import annotations

import copy
import math
import re
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import (
    T5ForConditionalGeneration,
    UMT5Config,
    UMT5ForConditionalGeneration,
)

from kzocr.custom_generate import custom_generate_files, write_custom_generate
from kzocr.custom_generate.generate import generate
from kzocr.decoding import (
    LEAST_RIVAL,
    N_RIVALS,
    TAIL_BYTES,
    Branch,
    Decoded,
    GuidedDecoder,
    Replacement,
    Rival,
)
from kzocr.encoding import BYTE_OFFSET, EOS_ID, LAST_BYTE_ID, encode, pad
from kzocr.inference.generation import allowed_ids, limits_of
from kzocr.rivals.yardstick import generate_greedy
from toy_models import KAZAKH, NOISY, assert_same, tiny_model

TEXTS = ["", "қ", KAZAKH, NOISY, "a\nb\tc", "😀🇰🇿 e\u0301 עברית", "О0О0О0 " * 6]


texts = st.one_of(
    st.sampled_from(TEXTS),
    st.text(alphabet="аәбқңіу 01,-", max_size=40),
    st.text(max_size=20).map(lambda text: text.encode("utf-8", errors="ignore").decode()),
)
raw_ids = st.lists(st.integers(0, 383), max_size=60)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2),
    tied=st.booleans(),
    feed_forward=st.sampled_from(["gated-gelu", "relu"]),
    layers=st.sampled_from([(1, 1), (2, 1), (3, 2)]),
    mask=st.booleans(),
    batch=st.lists(st.tuples(texts, st.one_of(st.none(), raw_ids)), min_size=1, max_size=4),
    stretch=st.sampled_from([(1, 1), (8, 64), (3, 5)]),
    longest=st.integers(1, 24),
)
def test_equals_generate(
    seed: int,
    tied: bool,
    feed_forward: str,
    layers: tuple[int, int],
    mask: bool,
    batch: list[tuple[str, list[int] | None]],
    stretch: tuple[int, int],
    longest: int,
) -> None:
    model = tiny_model(seed, tied=tied, feed_forward=feed_forward, n_encoder=layers[0], n_decoder=layers[1])
    inputs = [encode(text) for text, _ in batch]
    drafts = [ids if draft is None else draft for ids, (_, draft) in zip(inputs, batch, strict=True)]
    decoder = GuidedDecoder(
        model, first_stretch_bytes=stretch[0], longest_stretch_bytes=stretch[1], mask_non_bytes=mask
    )
    guided = decoder.decode(inputs, drafts=drafts, max_new_bytes=longest)
    assert_same(guided, generate_greedy(model, inputs, max_new_bytes=longest, mask_non_bytes=mask))
    if mask:
        assert all(BYTE_OFFSET <= token <= LAST_BYTE_ID for row in guided for token in row.ids)


@settings(max_examples=10, deadline=None, derandomize=True)
@given(data=st.data(), edits=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=8))
def test_a_draft_near_the_output_changes_nothing(data: st.DataObject, edits: list[tuple[int, int]]) -> None:
    model = tiny_model(data.draw(st.integers(0, 2)), tied=False)
    source = encode(KAZAKH)
    reference = generate_greedy(model, [source], max_new_bytes=40)
    draft = list(reference[0].ids)
    for place, byte in edits:
        at = place % (len(draft) + 1)
        draft[at : at + byte % 3] = [byte + BYTE_OFFSET] * (byte % 2)
    assert_same(GuidedDecoder(model).decode([source], drafts=[draft], max_new_bytes=40), reference)


def test_a_perfect_draft_is_verified_in_a_few_passes() -> None:
    model = tiny_model(1, tied=False)
    source = encode(KAZAKH)
    reference = generate_greedy(model, [source], max_new_bytes=200)
    decoder = GuidedDecoder(model, first_stretch_bytes=8, longest_stretch_bytes=64)
    assert_same(decoder.decode([source], drafts=[reference[0].ids], max_new_bytes=200), reference)
    n_ids = len(reference[0].ids) + reference[0].finished
    assert decoder.counts.accepted_bytes == decoder.counts.verified_bytes == n_ids
    assert decoder.counts.n_passes == math.ceil(n_ids / 65)
    assert decoder.counts.n_rows == 1


@pytest.mark.parametrize("multilingual", [False, True])
def test_a_batch_equals_its_rows(multilingual: bool) -> None:
    model = tiny_model(2, multilingual=multilingual)
    inputs = [encode(text) for text in TEXTS]
    decoder = GuidedDecoder(model)
    together = decoder.decode(inputs, max_new_bytes=lambda n_ids: n_ids + 9)
    decoder.packed.padded = True
    assert_same(decoder.decode(inputs, max_new_bytes=lambda n_ids: n_ids + 9), together)
    decoder.packed.padded = False
    assert_same(together, [decoder.decode([ids], max_new_bytes=len(ids) + 9)[0] for ids in inputs])
    assert_same(together, generate_greedy(model, inputs, max_new_bytes=lambda n_ids: n_ids + 9))


def test_end_of_sequence_and_greatest_length() -> None:
    model = tiny_model(0, tied=False)
    inputs = [encode(text) for text in TEXTS]
    free = generate_greedy(model, inputs, max_new_bytes=40)
    limits = [max(1, len(row.ids) + row.finished - place % 2) for place, row in enumerate(free)]
    limits[1] = 0
    guided = GuidedDecoder(model).decode(inputs, max_new_bytes=limits)
    assert_same(guided, generate_greedy(model, inputs, max_new_bytes=limits))
    assert all(len(row.ids) + row.finished <= limit for row, limit in zip(guided, limits, strict=True))
    assert guided[1] == Decoded([], [], False)


def test_a_row_ends_where_the_model_says_so() -> None:
    model = tiny_model(3, tied=False)
    with torch.no_grad():
        model.lm_head.weight[EOS_ID] *= 3
    inputs = [encode(text) for text in TEXTS]
    guided = GuidedDecoder(model).decode(inputs, max_new_bytes=60)
    assert any(row.finished for row in guided)
    assert_same(guided, generate_greedy(model, inputs, max_new_bytes=60))


@pytest.mark.parametrize("length", [300])
def test_long_rows(length: int) -> None:
    model = tiny_model(1, n_encoder=1, n_decoder=1)
    source = encode((KAZAKH * 10).encode()[:length].decode(errors="ignore"))
    guided = GuidedDecoder(model).decode([source], max_new_bytes=length)
    assert_same(guided, generate_greedy(model, [source], max_new_bytes=length))


def test_bfloat16_runs() -> None:
    model = tiny_model(4).to(torch.bfloat16)
    guided = GuidedDecoder(model).decode([encode(KAZAKH), encode("")], max_new_bytes=30)
    assert all(len(row.ids) + row.finished <= 30 for row in guided)
    assert all(value <= 0 for row in guided for value in row.log_probabilities)


@pytest.mark.gpu
def test_cuda_equals_the_cpu() -> None:
    model = tiny_model(1, tied=False)
    inputs = [encode(text) for text in TEXTS]
    expected = GuidedDecoder(model).decode(inputs, max_new_bytes=40)
    guided = GuidedDecoder(copy.deepcopy(model).to("cuda")).decode(inputs, max_new_bytes=40)
    assert_same(guided, expected)


def test_refusals() -> None:
    config = UMT5Config(vocab_size=384, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2, decoder_start_token_id=0)
    with pytest.raises(TypeError, match="UMT5ForConditionalGeneration"):
        GuidedDecoder(UMT5ForConditionalGeneration(config))
    model = tiny_model()
    decoder = GuidedDecoder(model)
    with pytest.raises(ValueError, match="2 drafts for 1"):
        decoder.decode([encode("а")], drafts=[[], []])
    with pytest.raises(ValueError, match="at least one id"):
        decoder.decode([[]])
    with pytest.raises(ValueError, match="stretch"):
        GuidedDecoder(model, first_stretch_bytes=0)
    model.generation_config.repetition_penalty = 1.2
    with pytest.raises(ValueError, match="repetition_penalty"):
        GuidedDecoder(model)
    assert decoder.decode([]) == []


def test_limits_and_allowed_ids() -> None:
    assert limits_of([[5, 1]], None) == [20]
    assert limits_of([[5, 1], [1]], 7) == [7, 7]
    assert limits_of([[5, 1], [1]], [3, 4]) == [3, 4]
    assert limits_of([[5, 1]], lambda n_ids: n_ids * 2) == [4]
    with pytest.raises(ValueError, match="1 lengths for 2"):
        limits_of([[1], [1]], [1])
    assert allowed_ids(tiny_model()) == [1, *range(3, 259)]
    assert allowed_ids(tiny_model(), mask_non_bytes=False) == list(range(384))


def test_custom_generate_names_all_its_files() -> None:
    """Transformers 4.57 copies what `generate.py` imports, not what that imports in turn."""
    files = custom_generate_files()
    named = re.findall(r"^\s*from\s+\.(\S+)\s+import", files["generate.py"], flags=re.MULTILINE)
    assert {f"{name}.py" for name in named} == set(files) - {"generate.py"}


def test_custom_generate_from_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`transformers` loads the folder as it would from the Hub; what comes out is what `generate` gives."""
    write_custom_generate(tmp_path)
    assert not any("from kzocr" in source for source in custom_generate_files().values())
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "cache"))
    model = tiny_model(1, tied=False)
    inputs = [encode(text) for text in TEXTS]
    arguments = {
        "input_ids": pad(inputs),
        "attention_mask": torch.tensor([[1] * len(ids) + [0] * (len(pad(inputs)[0]) - len(ids)) for ids in inputs]),
        "max_new_tokens": 20,
    }
    guided = model.generate(**arguments, custom_generate=str(tmp_path), trust_remote_code=True)
    assert guided.tolist() == model.generate(**arguments, do_sample=False, num_beams=1).tolist()
    output = model.generate(
        **arguments, custom_generate=str(tmp_path), trust_remote_code=True, return_dict_in_generate=True
    )
    assert output.sequences.tolist() == guided.tolist()
    with pytest.raises(ValueError, match="num_beams"):
        model.generate(**arguments, custom_generate=str(tmp_path), trust_remote_code=True, num_beams=4)
    handed_on = {"custom_generate": str(tmp_path), "trust_remote_code": True}  # as transformers 4 does
    assert generate(model=model, **arguments, **handed_on).tolist() == guided.tolist()


def test_suppressed_ids_stay_away() -> None:
    model = tiny_model(1, tied=False)
    source = encode(KAZAKH)
    first = generate_greedy(model, [source], max_new_bytes=20)[0].ids[0]
    model.generation_config.suppress_tokens = [first]
    guided = GuidedDecoder(model).decode([source], max_new_bytes=20)
    assert first not in guided[0].ids
    assert_same(guided, generate_greedy(model, [source], max_new_bytes=20))


@pytest.mark.parametrize("tied", [True, False])
def test_score_is_the_difference_of_two_forced_readings(tied: bool) -> None:
    """What `transformers` says of output and replacement, teacher-forced, is what `score` compares."""
    model = tiny_model(3, tied=tied)
    decoder = GuidedDecoder(model)
    inputs = [encode(text) for text in (KAZAKH, NOISY, "қ")]
    decoded = decoder.decode_rows(inputs, max_new_bytes=[40, 25, 9])
    replacements = [
        (Replacement(row, start, start + width, encode(text)[:-1]), 0)
        for row, (result, _) in enumerate(decoded)
        for start, width, text in ((0, 1, "ә"), (3, 4, "қала"), (len(result.ids) - 2, 2, "ө"))
    ]
    # A space is put into the output: of the seven bytes behind it in the stretch none changes.
    ids = decoded[0][0].ids
    replacements.append((Replacement(0, 2, 12, [*ids[2:5], BYTE_OFFSET + 0x20, *ids[5:12]]), 7))
    expected = []
    for item, n_alike in replacements:
        ids = decoded[item.row][0].ids
        end = min(item.end - n_alike + TAIL_BYTES, len(ids))
        new = [*ids[: item.start], *item.ids[: len(item.ids) - n_alike], *ids[item.end - n_alike : end]]
        expected.append(
            forced(model, inputs[item.row], new, item.start) - forced(model, inputs[item.row], ids[:end], item.start)
        )
    assert not any(result.finished for result, _ in decoded)
    assert decoder.score(decoded, [item for item, _ in replacements]) == pytest.approx(expected, abs=1e-3)


def test_scoring_leaves_the_rows_as_they_are() -> None:
    decoder = GuidedDecoder(tiny_model())
    decoded = decoder.decode_rows([encode(KAZAKH)], max_new_bytes=30)
    item = Replacement(0, 4, 6, encode("ө")[:-1])
    first = decoder.score(decoded, [item])
    decoder.score(decoded, [Replacement(0, 0, 3, encode("басқа")[:-1])])
    assert decoder.score(decoded, [item]) == first


def test_rivals_are_the_next_likeliest_ids_where_they_are_likely() -> None:
    """The same logits by `transformers`, teacher-forced."""
    model = tiny_model(5)
    inputs = [encode(text) for text in (KAZAKH, NOISY)]
    allowed = allowed_ids(model)
    n_found = 0
    decoded = GuidedDecoder(model).decode_rows(inputs, max_new_bytes=30, with_rivals=True)
    for source, (result, _) in zip(inputs, decoded, strict=True):
        with torch.no_grad():
            forced_ids = torch.tensor([[0, *result.ids[:-1]]])
            logits = model(input_ids=pad([source]), decoder_input_ids=forced_ids).logits[0]
        top = logits[:, allowed].softmax(dim=-1).topk(1 + N_RIVALS, dim=-1)
        expected = [
            Rival(place, allowed[int(top.indices[place, rank])])
            for place in range(len(result.ids))
            for rank in range(1, 1 + N_RIVALS)
            if top.values[place, rank] >= LEAST_RIVAL
        ]
        assert result.rivals == expected
        n_found += len(expected)
    assert n_found


def test_a_branch_is_greedy_decoding_behind_another_id() -> None:
    model = tiny_model(5)
    decoder = GuidedDecoder(model)
    inputs = [encode(text) for text in (KAZAKH, NOISY)]
    decoded = decoder.decode_rows(inputs, max_new_bytes=30)
    other = encode("ө")[0]
    branches = [Branch(row, place, other, place + 6) for row in (0, 1) for place in (0, 1, 11)]
    for branch in branches:
        expected = [*decoded[branch.row][0].ids[: branch.place], other]
        for _ in range(8):
            with torch.no_grad():
                ids = torch.tensor([[0, *expected]])
                logits = model(input_ids=pad([inputs[branch.row]]), decoder_input_ids=ids).logits[0, -1]
            expected.append(max(allowed_ids(model), key=lambda token: float(logits[token])))
        behind = expected[branch.place :]
        for stops in (frozenset[int](), frozenset([behind[4]])):
            end = next((n for n, token in enumerate(behind) if n and token in stops | {EOS_ID}), 0)
            assert decoder.branched(decoded, [branch], stops=stops, longest=9) == [behind[:end]]
    together = decoder.branched(decoded, branches, stops=frozenset(), longest=9)
    assert together == [decoder.branched(decoded, [one], stops=frozenset(), longest=9)[0] for one in branches]
    assert decoder.decode(inputs, max_new_bytes=30) == [result for result, _ in decoded]


def forced(model: T5ForConditionalGeneration, ids: list[int], output: list[int], start: int) -> float:
    """Return the log probability of `output` from `start` on, given what stands before, among the allowed ids."""
    allowed = allowed_ids(model)
    with torch.no_grad():
        logits = model(input_ids=pad([ids]), decoder_input_ids=torch.tensor([[0, *output[:-1]]])).logits[0]
    shares = logits[:, allowed].log_softmax(dim=-1)
    return sum(float(shares[place, allowed.index(output[place])]) for place in range(start, len(output)))
