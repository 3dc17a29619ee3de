"""The nouns of MLForge: frozen records that every layer above exchanges. See docs/architecture.md for the words."""
