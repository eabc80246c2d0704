"""The CDS Hooks conversation: the call, the answer, what is published, and what comes back as feedback."""
