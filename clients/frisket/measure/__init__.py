"""How good a matte is: metrics against a known alpha, and reports over folders."""
