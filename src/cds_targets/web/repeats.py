"""What was said while ordering is not said again at signing; where there is any doubt it is said again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import orjson

from cds_targets.hooks.request import HookRequest
from cds_targets.hooks.response import Card
from cds_targets.library.definition import Kind
from cds_targets.store.issued import IssuedCard, Shown

SELECT, SIGN = "therapy-safety-select", "therapy-safety-sign"
ORDERING = (SELECT, SIGN)
# These return at signing and at every reload until feedback answers them.
_RETURNING = frozenset({Kind.TOXICITY, Kind.RESISTANCE, Kind.SEQUENCING})


def issued_card(card: Card, request: HookRequest) -> IssuedCard:
    """A card as it is kept: what it said in full, and of which drug (what it is about, else all that is drafted)."""
    told = card.extension.card
    drug = list(told.about) or _drafted(request)
    suggested = [suggestion.label for suggestion in card.suggestions]
    extension = told.model_dump(mode="json")
    said = [card.summary, card.detail, card.indicator, drug, suggested, extension]
    fields = {**fields_of(card, extension), "drug": drug}
    hashed = {name: orjson.dumps(value) for name, value in fields.items() if value not in (None, [], ())}
    return IssuedCard(card.uuid, told.id, told.version, told.kind.value, card.indicator, orjson.dumps(said), hashed)


def fields_of(card: Card, extension: Mapping[str, Any]) -> dict[str, Any]:
    """What a card says, field by field, without its uuids and source, which are the call's and the program's.

    `extension.x` is x of our extension, `actions` are those of all suggestions.
    """
    return {
        "summary": card.summary,
        "detail": card.detail,
        "indicator": card.indicator,
        "suggestions": [suggestion.label for suggestion in card.suggestions],
        "actions": [
            [action.type, action.description, action.resource]
            for suggestion in card.suggestions
            for action in suggestion.actions
        ],
        "overrideReasons": [reason.code for reason in card.override_reasons],
        "links": [[link.label, link.url] for link in card.links],
        **{f"extension.{name}": value for name, value in extension.items()},
    }


def is_repeated(service: str, card: Card, content: str, earlier: Iterable[Shown], evaluation: bool) -> bool:
    """Whether a card says nothing that this user was not shown before, and need not return.

    Before means: the same card, version and words about the same drug, for the same patient and user. A card that names
    something unknown always returns, for silence means that everything was seen. A card that feedback answered does not
    return. Any other card returns at order-select; at order-sign it returns if order-select did not show it, if it is
    critical, or if it warns of toxicity, resistance or sequence; in evaluation mode every unanswered warning returns.
    """
    told = card.extension.card
    same = [
        shown for shown in earlier if (shown.card, shown.version, shown.content) == (told.id, told.version, content)
    ]
    if not same or told.unknown:
        return False
    if any(shown.answered for shown in same):
        return True
    if service != SIGN or all(shown.service != SELECT for shown in same):
        return False
    if card.indicator == "info":
        return True
    return card.indicator == "warning" and told.kind not in _RETURNING and not evaluation


def without_repeats(
    service: str,
    cards: Sequence[Card],
    content_of: Callable[[Card], str],
    earlier: Sequence[Shown],
    evaluation: bool,
) -> tuple[tuple[Card, ...], tuple[str, ...]]:
    """The cards to show, and the ids of those left out."""
    if not earlier:
        return tuple(cards), ()
    repeated = [card for card in cards if is_repeated(service, card, content_of(card), earlier, evaluation)]
    return tuple(card for card in cards if card not in repeated), tuple(card.extension.card.id for card in repeated)


def _drafted(request: HookRequest) -> list[Any]:
    """The medications of the draft orders, as written."""
    drafts = request.context.draft_orders or {}
    entries = drafts.get("entry")
    resources = (
        [entry.get("resource") for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    )
    names = ("medicationCodeableConcept", "medicationReference", "medication")
    found = [[resource.get(name) for name in names] for resource in resources if isinstance(resource, dict)]
    return sorted(orjson.dumps(one, option=orjson.OPT_SORT_KEYS).decode() for one in found if any(one))
