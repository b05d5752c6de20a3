"""The demo city's photos of papers: taken like any other, the same every time, and stored where they are named."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

from flask import Flask
from PIL import Image

from app import storage
from app.enroll.models import Proof, ProofFile, ProofState
from app.seed import papers
from app.seed.organisations import DEMO_COUNTY
from app.uploads import UploadKind, read_upload


def test_the_photo_is_one_that_would_be_taken_and_is_drawn_the_same_again() -> None:
    photo = papers.draw_photo()
    assert read_upload(photo).kind is UploadKind.PHOTO
    assert papers.draw_photo() == photo
    marked = Image.open(io.BytesIO(photo)).convert("L").crop((320, 40, 680, 220))
    assert 0.1 < sum(marked.histogram()[:128]) / (360 * 180) < 0.4  # 示例, in ink


def test_every_paper_that_waits_in_the_demo_county_gets_a_photo_that_can_be_looked_at(app: Flask) -> None:
    kept: list[dict[str, Any]] = []
    proofs = [
        {"id": number, "learner_id": 9, "region_id": region, "state": state, "created_at": "2026-11-20"}
        for number, (region, state) in enumerate(
            [(1, ProofState.PENDING), (1, ProofState.VERIFIED), (2, ProofState.PENDING), (1, ProofState.PENDING)]
        )
    ]
    rows = SimpleNamespace(
        waiting=lambda model: proofs if model is Proof else [],
        add=lambda model, **values: kept.append({"model": model, **values}),
    )
    county = SimpleNamespace(id=1, code=DEMO_COUNTY)
    block: Any = SimpleNamespace(rows=rows, reference=SimpleNamespace(counties=[county]))
    for _again in range(2):
        papers.add_papers(block)
    assert [(each["model"], each["proof_id"]) for each in kept] == [(ProofFile, 0), (ProofFile, 3)] * 2
    assert kept[:2] == kept[2:]
    assert len({each["name"] for each in kept}) == 2
    for each in kept:
        content = storage.get(each["name"])
        assert (len(content), content) == (each["size"], papers.draw_photo())
