"""Coverage-guided fuzzing (`make fuzz`): one file a target, each a program of its own; no part of the tests."""
