"""The page for people: what this is, what it is for, and where things are."""

from __future__ import annotations

from html import escape

from cds_targets import __version__
from cds_targets.hooks.services import SERVICES
from cds_targets.settings import Settings

INTENDED_USE = (
    "Decision support for clinicians who treat people with cancer: it reads the record sent with a CDS Hooks call and "
    "shows targeted therapies, resistance, toxicity monitoring, sequencing and trials, each with its reason and its "
    "evidence. It does not decide, does not replace a molecular tumour board or the label, is not for patients and not "
    "for emergencies. The content has not been reviewed by clinicians. A silent answer means that everything needed "
    "was seen and there was nothing to say; what could not be judged is said on a card."
)

STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;"
    "background:#fff}dt{font-weight:600;margin-top:.8rem}dd{margin:0}code{background:#eef1f4;padding:.1em .3em}"
    "p.mode{border-left:.3rem solid #9a5b00;padding:.3rem .8rem;background:#fdf5e8}"
)
_LINKS = (
    ("/cds-services", "Discovery: the services, for CDS Hooks clients"),
    ("/openapi.yaml", "The interface, as OpenAPI"),
    ("/schemas/card-extension.json", "What programs can read on every card, as JSON Schema"),
    ("/health/ready", "Whether the service is ready"),
)


def home_page(settings: Settings) -> bytes:
    """The page as UTF-8 HTML, complete in itself."""
    services = "".join(
        f"<dt>{escape(service.title)}</dt><dd><code>{service.id}</code> on <code>{service.hook}</code>. "
        f"{escape(service.description)}</dd>"
        for service in SERVICES.values()
    )
    links = "".join(f'<li><a href="{path}">{escape(text)}</a></li>' for path, text in _LINKS)
    mode = (
        '<p class="mode">Evaluation mode: open to anyone, draft content is shown and labelled. '
        "Synthetic patients only.</p>"
        if settings.evaluation
        else ""
    )
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>cds-targets</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{STYLE}</style></head><body><main>'
        f"<h1>cds-targets</h1>{mode}<h2>What it is for</h2><p>{escape(INTENDED_USE)}</p>"
        f"<h2>Services</h2><dl>{services}</dl><h2>Addresses</h2><ul>{links}</ul>"
        f"<p>Version {escape(__version__)}. CDS Hooks base address: <code>{escape(settings.public_url)}</code></p>"
        "</main></body></html>"
    )
    return page.encode()
