"""The only room that knows FHIR: resources in, facts out; and every resource the program emits."""
