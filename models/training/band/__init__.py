"""The recipe of a network that says where a matte is open; see README.md."""
