"""The web door: CDS Hooks over HTTP."""
