"""Who may call: registered EHRs, their keys, and the tokens they sign."""
