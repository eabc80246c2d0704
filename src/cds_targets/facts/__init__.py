"""What may be true of a patient: dates, protein changes, genomic and clinical facts, the record. No I/O."""
