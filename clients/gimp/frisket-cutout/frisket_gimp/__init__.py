"""The part of frisket that talks to GIMP 3."""
