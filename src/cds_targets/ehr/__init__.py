"""What the EHR left out of a call, fetched from its registered FHIR server."""
