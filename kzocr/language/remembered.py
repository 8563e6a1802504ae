"""Answers that are looked up once: a dictionary that finds what it lacks, and begins anew when it is full.

Unlike `functools.lru_cache` around a bound method it can be pickled and copied with the object that asks.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Question = TypeVar("Question", bound=Hashable)
Answer = TypeVar("Answer")


class Remembered(dict[Question, Answer], Generic[Question, Answer]):
    """Question -> answer.

    Args:
        find: gives the answer to a question.
        most: answers that are kept.
    """

    def __init__(self, find: Callable[[Question], Answer], most: int) -> None:
        super().__init__()
        self.find = find
        self.most = most

    def __missing__(self, question: Question) -> Answer:
        """Find an answer and keep it."""
        answer = self.find(question)
        if len(self) >= self.most:
            self.clear()
        self[question] = answer
        return answer
