"""Decision support for precision oncology over CDS Hooks: a call and the patient's FHIR in, cards out."""

__version__ = "0.1.0"
