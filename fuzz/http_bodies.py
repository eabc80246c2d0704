"""Bodies that nobody wrote, posted to every address: no answer but 2xx or 4xx, and no fault.

A round is a body of raw bytes, the same packed with gzip, or an example call in which the bytes stand for a value.

    python -m fuzz.http_bodies -max_total_time=600
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["cds_targets.fhir", "cds_targets.hooks", "cds_targets.web"]):
    from cds_targets.cli.serve import example_call
    from cds_targets.settings import Settings
    from cds_targets.web.app import create_app

from cds_targets.advice import Advisor

CLIENT = create_app(Settings(), Advisor.load(Settings())).test_client()
SERVICES = (
    "targeted-therapies",
    "treatment-monitoring",
    "matching-trials",
    "therapy-safety-select",
    "therapy-safety-sign",
)
ADDRESSES = (
    *(f"/cds-services/{service}" for service in SERVICES),
    "/cds-services/targeted-therapies/feedback",
    "/getClinicalTrial",
)
FOUND = example_call()
CALL = json.loads(Path(FOUND).read_bytes()) if FOUND is not None else {}


def changed(value: Any, data: atheris.FuzzedDataProvider, new: Any) -> Any:
    """The value with `new` at some place."""
    if isinstance(value, dict) and value and data.ConsumeIntInRange(0, 9):
        key = list(value)[data.ConsumeIntInRange(0, len(value) - 1)]
        return {**value, key: changed(value[key], data, new)}
    if isinstance(value, list) and value and data.ConsumeIntInRange(0, 9):
        place = data.ConsumeIntInRange(0, len(value) - 1)
        return [*value[:place], changed(value[place], data, new), *value[place + 1 :]]
    return new


def body_of(data: atheris.FuzzedDataProvider) -> tuple[bytes, str]:
    """A body and its encoding."""
    kind = data.ConsumeIntInRange(0, 3)
    if kind < 2:
        raw = data.ConsumeBytes(sys.maxsize)
        return (gzip.compress(raw), "gzip") if kind else (raw, "identity")
    text = data.ConsumeUnicode(200)
    new = (text, None, data.ConsumeFloat(), data.ConsumeInt(9), [], {}, [text], {text: text})[
        data.ConsumeIntInRange(0, 7)
    ]
    return json.dumps(changed(CALL, data, new)).encode("utf-8", "surrogatepass"), "identity"


def one_input(raw: bytes) -> None:
    """One round."""
    data = atheris.FuzzedDataProvider(raw)
    address = ADDRESSES[data.ConsumeIntInRange(0, len(ADDRESSES) - 1)]
    body, encoding = body_of(data)
    answer = CLIENT.post(address, data=body, headers={"Content-Type": "application/json", "Content-Encoding": encoding})
    assert answer.status_code in {200, 400, 412, 413}, (address, answer.status_code)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
