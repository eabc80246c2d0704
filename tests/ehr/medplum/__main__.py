"""`python -m tests.ehr.medplum` installs the server."""

from tests.ehr.medplum import install, installed

if not installed() and not install():
    print("The FHIR server of the tests cannot be installed here: its tests are skipped (in CI they fail).")
