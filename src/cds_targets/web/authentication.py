"""Every call of an EHR shows its token before anything of it is read; a refusal says nothing but 401."""

from __future__ import annotations

import logging

from flask import Flask, Response, g, request

from cds_targets.auth.verify import Refused, Verifier
from cds_targets.hooks.request import HookRequest
from cds_targets.store.store import Store
from cds_targets.web.log import log

_OPEN = frozenset({"OPTIONS"})
_GUARDED = ("/cds-services", "/getClinicalTrial")


def install(app: Flask, verifier: Verifier, store: Store) -> None:
    """Ask every call of the guarded addresses for a token."""

    def authenticate() -> Response | None:
        if request.method in _OPEN or not request.path.startswith(_GUARDED):
            return None
        try:
            caller = verifier.verify(request.headers.get("Authorization"), request.path)
        except Refused as refused:
            store.note("refused", {"reason": refused.reason, "request": g.request_id})
            log(logging.WARNING, "refused", request=g.request_id, reason=refused.reason)
            return Response(status=401, headers={"WWW-Authenticate": "Bearer"})
        g.tenant = caller.ehr.name
        g.ehr = caller.ehr
        return None

    app.before_request(authenticate)


def own_server(call: HookRequest) -> HookRequest:
    """The call without its FHIR server, should that be another than the one registered for who calls."""
    ehr = g.get("ehr")
    if ehr is None or call.fhir_server is None:
        return call
    registered = (ehr.fhir_server or "").rstrip("/")
    return call if call.fhir_server.rstrip("/") == registered else call.model_copy(update={"fhir_server": None})
