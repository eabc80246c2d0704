"""All terms together, loaded once from `cards/terms/`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cds_targets.terms.conditions import ConditionFile, Conditions
from cds_targets.terms.drugs import DrugFile, Drugs
from cds_targets.terms.files import TermModel, read_model
from cds_targets.terms.genes import GeneFile, Genes
from cds_targets.terms.hotspots import HotspotFile, Hotspots
from cds_targets.terms.labs import LabFile, Labs, OrderFile
from cds_targets.terms.places import PlaceFile, Places
from cds_targets.terms.tumours import TumourFile, Tumours


class OverrideReason(TermModel):
    """A reason for not following a card, as a coded answer."""

    id: str
    system: str
    code: str
    display: str


class OverrideFile(TermModel):
    """`override_reasons.yaml`."""

    source: str
    reasons: tuple[OverrideReason, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """Every vocabulary the cards and the readers share."""

    genes: Genes
    hotspots: Hotspots
    drugs: Drugs
    tumours: Tumours
    labs: Labs
    conditions: Conditions
    places: Places
    override_reasons: dict[str, OverrideReason]


def load_terms(folder: Path) -> Terms:
    """Read `cards/terms/`; raises ContentError on the first file that is wrong."""

    def shown(name: str) -> str:
        return f"cards/terms/{name}"

    genes, _ = read_model(folder / "genes.yaml", GeneFile, shown("genes.yaml"))
    hotspots, _ = read_model(folder / "hotspots.yaml", HotspotFile, shown("hotspots.yaml"))
    tumours, _ = read_model(folder / "tumours.yaml", TumourFile, shown("tumours.yaml"))
    labs, _ = read_model(folder / "labs.yaml", LabFile, shown("labs.yaml"))
    orders, _ = read_model(folder / "orders.yaml", OrderFile, shown("orders.yaml"))
    conditions, _ = read_model(folder / "conditions.yaml", ConditionFile, shown("conditions.yaml"))
    places, _ = read_model(folder / "places.yaml", PlaceFile, shown("places.yaml"))
    reasons, _ = read_model(folder / "override_reasons.yaml", OverrideFile, shown("override_reasons.yaml"))
    drugs = [
        read_model(path, DrugFile, shown(path.relative_to(folder).as_posix()))[0]
        for path in sorted((folder / "drugs").glob("*.yaml"))
    ]
    return Terms(
        genes=Genes.of(genes.genes),
        hotspots=Hotspots.of(hotspots),
        drugs=Drugs.of(drugs),
        tumours=Tumours.of(tumours),
        labs=Labs.of(labs, orders),
        conditions=Conditions.of(conditions.conditions),
        places=Places.of(places.countries),
        override_reasons={reason.id: reason for reason in reasons.reasons},
    )
