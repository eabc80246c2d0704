"""Which studies are open, whom they seek, and how far this patient fits."""
