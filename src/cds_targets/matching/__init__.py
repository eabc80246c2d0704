"""Whether a card applies to a patient, and why: verdicts, findings, explanations, examples."""
