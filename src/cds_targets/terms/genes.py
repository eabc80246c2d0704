"""Genes: the current HGNC symbol, and everything else a report may call it."""

from __future__ import annotations

from dataclasses import dataclass, field

from cds_targets.terms.files import TermModel


class Gene(TermModel):
    """One gene. `hgnc` is the full id (`HGNC:6407`) where one was verified, `ncbi` the NCBI Gene number."""

    symbol: str
    hgnc: str | None = None
    ncbi: str | None = None
    name: str | None = None
    previous: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


class GeneFile(TermModel):
    """`genes.yaml`."""

    source: str
    genes: tuple[Gene, ...]


@dataclass(frozen=True, slots=True)
class Genes:
    """All genes, found by symbol, HGNC id, NCBI id, previous symbol, alias or name."""

    by_symbol: dict[str, Gene]
    by_hgnc: dict[str, str] = field(default_factory=dict)
    by_ncbi: dict[str, str] = field(default_factory=dict)
    by_word: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, genes: tuple[Gene, ...]) -> Genes:
        """Build the indexes; an alias that is another gene's symbol stays that gene's."""
        words: dict[str, str] = {}
        for gene in genes:
            for word in (*gene.aliases, *gene.previous, *([gene.name] if gene.name else [])):
                words.setdefault(word.casefold(), gene.symbol)
        for gene in genes:
            words[gene.symbol.casefold()] = gene.symbol
        _add_compact(words)
        return cls(
            by_symbol={gene.symbol: gene for gene in genes},
            by_hgnc={gene.hgnc.removeprefix("HGNC:"): gene.symbol for gene in genes if gene.hgnc},
            by_ncbi={gene.ncbi: gene.symbol for gene in genes if gene.ncbi},
            by_word=words,
        )

    def has(self, symbol: str) -> bool:
        """Whether this is a current symbol, exactly as written."""
        return symbol in self.by_symbol

    def named(self, word: str) -> str | None:
        """The symbol of a symbol, alias, previous symbol or full name; None if it is none we know."""
        folded = word.strip().casefold()
        found = self.by_word.get(folded)
        if found is None and ("-" in folded or " " in folded):
            found = self.by_word.get(folded.replace("-", "").replace(" ", ""))
        if found is None and folded.startswith("c-"):  # the cellular form of a viral oncogene: c-MET, c-MYC
            found = self.by_word.get(folded[2:])
        return found


def _add_compact(words: dict[str, str]) -> None:
    """Every word also without blanks and hyphens (`BRCA 1`, `C-MET`), unless two genes would then share it."""
    compact: dict[str, str | None] = {}
    for word, symbol in words.items():
        short = word.replace("-", "").replace(" ", "")
        if short not in words:
            compact[short] = symbol if compact.get(short, symbol) == symbol else None
    words.update({word: symbol for word, symbol in compact.items() if symbol is not None})
