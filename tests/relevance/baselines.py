"""What Elasticsearch finds by itself in the same data: what the suite's numbers are to be read against.

Two indices over the fields of a course, asked with the question as it was typed: under the stock `standard`
analyzer, which makes a word of every Chinese character, and under pairs of characters, which is what the `cjk`
analyzer makes (made here and indexed by whitespace, as the engine's core is without that analyzer).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from elasticsearch import Elasticsearch
from elasticsearch.helpers import bulk

from tests.relevance.judging import JudgedCard
from tests.relevance.metrics import DEPTH

FIELDS = ("title", "trade", "institution", "region", "said", "content")
BOOSTED = ["title^3", "trade^2", "institution", "region", "said", "content"]
ANALYZERS = {"standard": "standard", "bigrams": "whitespace"}
_RUNS = re.compile(r"[\u4e00-\u9fff]+|[a-z0-9]+")


@dataclass(frozen=True)
class Baseline:
    """One of the two indices."""

    client: Elasticsearch
    prefix: str
    name: str

    @property
    def index(self) -> str:
        return f"{self.prefix}baseline-{self.name}"

    def build(self, cards: Iterable[tuple[JudgedCard, dict[str, str]]]) -> None:
        """Index the cards with the texts of their fields."""
        field = {"type": "text", "analyzer": ANALYZERS[self.name]}
        self.client.indices.create(
            index=self.index,
            settings={"number_of_shards": 1, "number_of_replicas": 0},
            mappings={"dynamic": "strict", "properties": dict.fromkeys(FIELDS, field)},
        )
        actions = (
            {"_index": self.index, "_id": card.card_id, **{name: self._text(texts[name]) for name in FIELDS}}
            for card, texts in cards
        )
        bulk(self.client, actions, refresh=True)

    def search(self, text: str) -> list[str]:
        """The ids of the first cards for a question."""
        found = self.client.search(
            index=self.index,
            query={"multi_match": {"query": self._text(text), "fields": BOOSTED, "type": "most_fields"}},
            size=DEPTH,
            source=False,
        )
        return [hit["_id"] for hit in found["hits"]["hits"]]

    def _text(self, text: str) -> str:
        return " ".join(bigrams(text)) if self.name == "bigrams" else text


def bigrams(text: str) -> list[str]:
    """Every pair of neighbouring Chinese characters, every other word whole."""
    found: list[str] = []
    for run in _RUNS.findall(unicodedata.normalize("NFKC", text).casefold()):
        is_pairs = run[0] >= "\u4e00" and len(run) > 1
        found += [run[at : at + 2] for at in range(len(run) - 1)] if is_pairs else [run]
    return found
