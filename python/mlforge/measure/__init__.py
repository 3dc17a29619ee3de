"""What a firmware costs: bytes from its ELF, cycles from what a target executed."""
