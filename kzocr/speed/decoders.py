"""Ways to decode that are compared: `transformers` itself, CTranslate2 and kzocr, each as a function of one batch."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from transformers import PreTrainedModel

from kzocr.decoding import Decoded, GuidedDecoder
from kzocr.encoding import BYTE_OFFSET
from kzocr.inference.generation import limits_of
from kzocr.inference.recollection import Recollection
from kzocr.language.lexicon import LEXICON_FILE, Lexicon
from kzocr.language.skeletons import Skeletons
from kzocr.models.loading import EMBEDDED
from kzocr.rivals.yardstick import generate_greedy

Run = Callable[[Sequence[Sequence[int]]], list[Decoded]]
"""The ids of one batch -> what comes out."""

GENERATE = "transformers generate"
"""The yardstick's name."""


class Forgetful:
    """Guided decoding whose memory can be emptied, so that no run knows what an earlier one decoded.

    Args:
        model: the checkpoint.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        self._skeletons = Skeletons(Lexicon.read(EMBEDDED / LEXICON_FILE))
        self._skeletons.filled("сездер")  # sorts the lexicon, once
        self.decoder = GuidedDecoder(model)

    def start(self) -> Run:
        """Return the decoder's method, its memory empty."""
        self.decoder.memory = Recollection(self._skeletons)
        return self.decoder.decode


@dataclass(frozen=True)
class Contestant:
    """One way of decoding.

    Attributes:
        name: of the way.
        start: begins a run; returns the function that decodes.
        n_runs: how often it is timed; 0: as often as was asked for.
    """

    name: str
    start: Callable[[], Run]
    n_runs: int


def contestants(
    model: PreTrainedModel, forgetful: Forgetful, rows: int, device: str, *, only_generate: bool = False
) -> Iterator[Contestant]:
    """Yield the ways to decode with a checkpoint, `generate` first; CTranslate2 where it is installed.

    Args:
        model: the checkpoint.
        forgetful: kzocr's own way.
        rows: of a batch; prompt lookup can do one.
        device: "cpu" or "cuda".
        only_generate: leave out all others.
    """
    yield Contestant(GENERATE, lambda: lambda batch: generate_greedy(model, batch), 3)
    if only_generate:
        return
    if rows == 1:
        yield Contestant(
            "transformers generate, prompt lookup",
            lambda: lambda batch: generate_greedy(model, batch, prompt_lookup_num_tokens=10),
            1,
        )
    for kind in ("float32", "int8") if device == "cpu" else ("float32", "int8_float16"):
        run = ctranslate2_run(model, kind, device)
        if run is not None:
            yield Contestant(f"CTranslate2 {kind}", partial(_same, run), 0)
        del run  # its idle threads would slow the next one down by a third
    yield Contestant("kzocr guided decoding", forgetful.start, 0)


def _same(run: Run) -> Run:
    return run


def ctranslate2_run(model: PreTrainedModel, compute_type: str, device: str) -> Run | None:
    """Return greedy decoding by CTranslate2, or None where it is not installed.

    It is given one thread: with two on two cores it was up to seven times slower.

    ByT5 is not among its documented models: the loader of T5 converts it, with a vocabulary made here.
    """
    try:
        import ctranslate2
        from ctranslate2.converters.transformers import T5Loader
    except ImportError:
        return None
    tokens = ["<pad>", "</s>", "<unk>", *(f"<{number}>" for number in range(BYTE_OFFSET, model.config.vocab_size))]
    spec = _converted(model, tokens, T5Loader())
    spec.optimize(quantization=None if compute_type == "float32" else compute_type)
    with tempfile.TemporaryDirectory() as folder:
        spec.save(folder)
        translator = ctranslate2.Translator(
            folder, device=device, compute_type=compute_type, inter_threads=1, intra_threads=1
        )
    number_of = {token: number for number, token in enumerate(tokens)}

    def run(batch: Sequence[Sequence[int]]) -> list[Decoded]:
        limit = max(limits_of(batch, None))
        sources = [[tokens[number] for number in ids] for ids in batch]
        results = translator.translate_batch(sources, beam_size=1, max_decoding_length=limit)
        return [Decoded([number_of[t] for t in result.hypotheses[0]], [], True) for result in results]

    return run


def _converted(model: PreTrainedModel, tokens: Sequence[str], loader: Any) -> Any:
    """Return the model as CTranslate2 describes it, with tokens for its ids."""
    model = copy.deepcopy(model).cpu()  # quantising works on the weights themselves
    scaled = getattr(model.config, "scale_decoder_outputs", None)
    if scaled is not None:
        model.config.tie_word_embeddings = scaled
    spec = loader.get_model_spec(model)
    spec.register_source_vocabulary(tokens)
    spec.register_target_vocabulary(tokens)
    spec.config.bos_token, spec.config.eos_token, spec.config.unk_token = "<pad>", "</s>", "<unk>"
    spec.config.decoder_start_token = "<pad>"
    spec.validate()
    return spec
