"""Documents without ground truth + clean text -> a model adapted to them, or the reasons why none was kept.

A round corrects the documents, estimates their channel from the corrections and trains on clean text with noise
from that channel. The last round's weights are then blended with the first ones: the largest share of new weights
that does no more harm to clean lines is taken. All steps leave files in one folder, so that a run that was stopped
goes on where it was.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from kzocr.adaptation.documents import AdaptationError, CleanText, Documents
from kzocr.adaptation.judgement import (
    Judgement,
    clean_objection,
    judge_clean,
    judge_held_out,
    judge_pairs,
    known_words,
    objections,
)
from kzocr.adaptation.noise import PRIOR_NAME, VOCABULARY_NAME, document_words, estimate_noise, write_noise
from kzocr.config import ModelConfig, TrainingConfig, config_from_dict
from kzocr.corpus import load_corpus
from kzocr.correction.guards import Guards
from kzocr.corrector import Corrector
from kzocr.json_files import write_json
from kzocr.models.checkpoint import own_name, read_metadata, write_model
from kzocr.models.loading import EMBEDDED, check_folder, companions, load_model
from kzocr.pairs import TextPair
from kzocr.training import Trainer

SETTINGS_NAME = "adaptation.json"
REPORT_NAME = "report.json"
CLEAN_NAME = "clean.txt"
BLENDS = (1.0, 0.7, 0.4)
"""Shares of the new weights that are tried, the largest first."""

OnProgress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done and how much there is."""


@dataclass(frozen=True)
class AdaptationSettings:
    """How a model is adapted.

    Attributes:
        text: clean Kazakh text to put the noise on: text files, folders of `*.txt`, data sets of the Hub
            (see `kzocr.config.DataConfig.corpus`). The nearer to the documents the better.
        model: folder of the model to begin with; None for the one in the package.
        n_rounds: how often documents are corrected and the channel is estimated, at least 1.
        n_steps: training steps of all rounds together, at least one a round.
        held_out_share: share of the documents that no step sees, to report on.
        learning_rate: peak, relative to the size of the weights.
        batch_bytes: padded bytes a training step.
        window_bytes: longest training windows.
        seed: of the split and of the training.
    """

    text: tuple[str, ...]
    model: str | None = None
    n_rounds: int = 2
    n_steps: int = 320
    held_out_share: float = 0.2
    learning_rate: float = 5.0e-3
    batch_bytes: int = 1536
    window_bytes: int = 288
    seed: int = 1

    def __post_init__(self) -> None:
        if self.n_rounds < 1 or self.n_steps < self.n_rounds:
            raise AdaptationError(
                f"{self.n_steps} steps in {self.n_rounds} rounds: at least one step a round is needed"
            )
        if not self.text:
            raise AdaptationError("clean Kazakh text is needed to put the noise on")

    @property
    def base(self) -> str:
        """Folder of the model to begin with."""
        return str(EMBEDDED) if self.model is None else self.model


@dataclass(frozen=True)
class AdaptationReport:
    """What an adaptation did.

    Attributes:
        model: folder of the model that was kept; None if none was.
        objections: why none was kept; empty if one was.
        blend: share of the new weights in the model that was judged.
        n_documents: documents learnt from and held out.
        by_passage: whether passages of documents were held out, not documents.
        n_misreadings: misreadings behind the last estimate of the channel.
        known_words_read: share of known words in the held-out documents as they were read.
        clean_kazakh_letters: share of the nine Kazakh letters in the clean text, to compare with.
        before: what the first model does.
        after: what the adapted one does.
    """

    model: str | None
    objections: tuple[str, ...]
    blend: float
    n_documents: tuple[int, int]
    by_passage: bool
    n_misreadings: int
    known_words_read: float
    clean_kazakh_letters: float
    before: Judgement
    after: Judgement

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return dataclasses.asdict(self)


class Adaptation:
    """One adaptation in one folder; `run` starts it or goes on with it."""

    def __init__(
        self,
        texts: Mapping[str, str],
        folder: Path,
        settings: AdaptationSettings,
        pairs: Sequence[TextPair] = (),
        on_progress: OnProgress | None = None,
    ) -> None:
        """Read the clean text and split the documents.

        Args:
            texts: name -> what an engine read.
            folder: where everything goes; an unfinished run of the same documents and settings there is gone on with.
            settings: how.
            pairs: documents with their printed text, to score with; nothing is learnt from them.
            on_progress: called now and then.

        Raises:
            AdaptationError: too little text, or the folder is that of another adaptation.
            CorpusError, OSError, ValueError: clean text or model cannot be read.
        """
        check_folder(Path(settings.base))
        self.documents = Documents.split(texts, settings.held_out_share, settings.seed)
        self.clean = CleanText.of(load_corpus(settings.text))
        self.folder = folder
        self.settings = settings
        self.pairs = list(pairs)
        self.on_progress = on_progress or (lambda _what, _done, _all: None)
        self._open(texts)

    def _open(self, texts: Mapping[str, str]) -> None:
        """Write the folder's settings, or compare them with those that are there.

        Raises:
            AdaptationError: the folder is that of another adaptation.
        """
        described: dict[str, Any] = {
            **dataclasses.asdict(self.settings),
            "documents_sha256": _sha256(name + "\0" + text for name, text in sorted(texts.items())),
            "text_sha256": _sha256(source.sha256 for source in self.clean.sources),
        }
        described["text"] = list(described["text"])
        path = self.folder / SETTINGS_NAME
        if path.is_file():
            known = json.loads(path.read_text(encoding="utf-8"))
            if changed := sorted(key for key in {*known, *described} if known.get(key) != described.get(key)):
                raise AdaptationError(
                    f"{self.folder} has an adaptation with another {', '.join(changed)}: take another folder"
                )
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / CLEAN_NAME).write_text("".join(line + "\n" for line in self.clean.judged), encoding="utf-8")
        write_json(path, described)

    def run(self) -> AdaptationReport:
        """Adapt, judge, keep the model or not, and return the report; it is in `report.json` too.

        Raises:
            TrainingError: training cannot go on; what was done before is kept.
        """
        model = self.settings.base
        n_misreadings = 0
        for number in range(1, self.settings.n_rounds + 1):
            model, n_misreadings = self._round(number, model)
        before = self._judgement(self.settings.base, "judging the first model")
        blend, candidate = self._candidate(model, before)
        after = self._judgement(str(candidate), "judging the adapted model")
        found = objections(before, after)
        report = self._report(before, after, blend, n_misreadings, found)
        target = self.folder / "model"
        shutil.rmtree(target, ignore_errors=True)
        if found:
            shutil.rmtree(candidate)
        else:
            metadata = read_metadata(candidate)
            adaptation = {key: value for key, value in report.to_dict().items() if key != "model"}
            write_json(candidate / "training.json", {**metadata, "adaptation": adaptation})
            candidate.rename(target)
        write_json(self.folder / REPORT_NAME, report.to_dict())
        return report

    def _round(self, number: int, model: str) -> tuple[str, int]:
        """Correct, estimate and train once; return the new model's folder and the misreadings counted."""
        folder = self.folder / f"round-{number}"
        if not (folder / PRIOR_NAME).is_file():
            corrector = self._corrector(model)
            texts = self.documents.learnt

            def on_corrected(done: int, n_all: int) -> None:
                self.on_progress(f"round {number}: correcting the documents", done, n_all)

            corrected = corrector.explain(list(texts.values()), on_progress=on_corrected)
            corrections = dict(zip(texts, corrected, strict=True))
            prior = estimate_noise(corrections, f"from the corrections of {own_name(model)}, without ground truth")
            write_noise(folder, prior, document_words(corrected, self.clean.vocabulary))
        channel = json.loads((folder / "channel.json").read_text(encoding="utf-8"))
        if not (folder / "model" / "config.json").is_file():
            config = self._config(number, model, folder)
            trainer = Trainer(config, folder)
            n_steps = config.run.max_steps
            trainer.on_step = lambda step: self.on_progress(f"round {number}: training", step, n_steps)
            trainer.train()
        self._equip(folder / "model")
        return str(folder / "model"), int(channel["provenance"]["n_misreadings"])

    def _config(self, number: int, model: str, folder: Path) -> TrainingConfig:
        settings = self.settings
        n_steps = settings.n_steps // settings.n_rounds + (number <= settings.n_steps % settings.n_rounds)
        has_words = bool((folder / VOCABULARY_NAME).read_text(encoding="utf-8"))
        described = {
            "name": f"adapted-round-{number}",
            "seed": settings.seed + number,
            "model": dataclasses.asdict(_model_config(model)),
            "data": {
                "corpus": list(settings.text),
                "validation_corpus": [str(self.folder / CLEAN_NAME)],
                "word_lists": [str(folder / VOCABULARY_NAME)] if has_words else [],
                "word_list_share": 0.05 if has_words else 0.0,
                "prior": str(folder / PRIOR_NAME),
                "least_window_bytes": max(1, settings.window_bytes // 5),
                "greatest_window_bytes": settings.window_bytes,
                "windows_per_document": 6,
                "batch_bytes": settings.batch_bytes,
                "pool_examples": 96,
                "n_workers": 0,
            },
            "curriculum": [],
            "optimizer": {
                "kind": "rms_scaled_adamw",
                "learning_rate": settings.learning_rate,
                "warmup_steps": n_steps // 10,
                "decay_steps": n_steps // 2,
                "weight_decay": 0.0,
                "beta1": 0.9,
                "beta2": 0.98,
                "gradient_clip": 1.0,
                "ema_decay": 0.95,
            },
            "run": {
                "max_steps": n_steps,
                "gradient_accumulation": 1,
                "gradient_checkpointing": False,
                "mixed_precision": "auto",
                "compile": False,
                "changed_byte_weight": 1.0,
                "log_steps": 10,
                "validate_steps": n_steps,
                "checkpoint_steps": 40,
                "keep_checkpoints": 1,
                "n_validation_windows": 24,
            },
        }
        return config_from_dict(described, f"round {number}")

    def _candidate(self, model: str, before: Judgement) -> tuple[float, Path]:
        """Return the largest blend that does no more harm to clean lines than the first model, and its folder."""
        folder = self.folder / ".candidate"
        for blend in BLENDS:
            shutil.rmtree(folder, ignore_errors=True)
            write_blend(self.settings.base, model, blend, folder)
            self._equip(folder)
            self.on_progress(f"judging a blend of {blend:.0%}", 0, 1)
            harm = judge_clean(self._corrector(str(folder)), self.clean.judged)
            if clean_objection(before.clean, harm) is None:
                break
        return blend, folder

    def _equip(self, folder: Path) -> None:
        """Give a new model the first one's calibration and lexicon: without ground truth none can be fitted."""
        for path in companions(self.settings.base):
            shutil.copyfile(path, folder / path.name)

    def _judgement(self, model: str, what: str) -> Judgement:
        self.on_progress(what, 0, 1)
        corrector = self._corrector(model)
        return Judgement(
            judge_clean(corrector, self.clean.judged),
            judge_held_out(corrector, self.documents.held_out, self.clean),
            judge_pairs(corrector, self.pairs) if self.pairs else None,
        )

    def _corrector(self, model: str) -> Corrector:
        return Corrector.from_pretrained(model, guards=Guards())

    def _report(
        self, before: Judgement, after: Judgement, blend: float, n_misreadings: int, found: Sequence[str]
    ) -> AdaptationReport:
        return AdaptationReport(
            None if found else str(self.folder / "model"),
            tuple(found),
            blend,
            (len(self.documents.learnt), len(self.documents.held_out)),
            self.documents.by_passage,
            n_misreadings,
            known_words(list(self.documents.held_out.values()), self.clean),
            self.clean.kazakh_letter_share,
            before,
            after,
        )


def write_blend(base: str, adapted: str, share: float, folder: Path) -> None:
    """Write the weighted mean of two models' weights into `folder`, as a model of its own.

    Models that were fine-tuned from one another stay good models on the line between them; nearer to the first one
    there is less of what was learnt and less of what was forgotten (Wortsman et al. 2022, "Robust fine-tuning of
    zero-shot models").

    Args:
        base: folder of the first model.
        adapted: folder of the fine-tuned one.
        share: of the fine-tuned weights, 0 to 1.
        folder: where the blend goes.
    """
    model, other = load_model(adapted, device="cpu", dtype="float32"), load_model(base, device="cpu", dtype="float32")
    first = dict(other.named_parameters())
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.lerp_(first[name], 1 - share)
    write_model(model, folder, {**read_metadata(adapted), "blend": share})


def _model_config(model: str) -> ModelConfig:
    """Return what the training configuration says of the model in a folder."""
    path = Path(model) / "config.json"
    described = json.loads(path.read_text(encoding="utf-8"))
    names = {
        "d_model": "d_model",
        "d_ff": "d_ff",
        "d_kv": "d_kv",
        "n_heads": "num_heads",
        "n_encoder_layers": "num_layers",
        "n_decoder_layers": "num_decoder_layers",
    }
    if missing := [key for key in names.values() if key not in described]:
        raise AdaptationError(f"{path}: no {missing[0]!r}: not the configuration of a T5 model")
    return ModelConfig(init=model, dropout=0.0, **{key: described[name] for key, name in names.items()})


def _sha256(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
