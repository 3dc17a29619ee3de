"""Programs that run in a converter's environment, under its Python: they import nothing of MLForge's."""
