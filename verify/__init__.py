"""What the service withstands, as figures: `make verify`. One file for each; real processes, on 127.0.0.1 only."""
