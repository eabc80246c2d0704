"""Tumour genomics in every form in which it arrives: Observations found by code, never by profile."""

from cds_targets.fhir.genomics.read import GenomicsRead, read_genomics

__all__ = ["GenomicsRead", "read_genomics"]
