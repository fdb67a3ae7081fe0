"""How good the engine's predictions are."""
