"""Many documents with a journal: planned, claimed, cut, marked; killed at any point, it goes on."""
