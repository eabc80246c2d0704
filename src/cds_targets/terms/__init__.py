"""The words clinicians use for genes, drugs, tumours, labs and conditions: their names, codes and kinship."""

from cds_targets.terms.terms import Terms, load_terms

__all__ = ["Terms", "load_terms"]
