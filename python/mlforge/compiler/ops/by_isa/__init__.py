"""How operators are written for kinds of cores: DSP, MVE, and plain cores with packed weights."""
