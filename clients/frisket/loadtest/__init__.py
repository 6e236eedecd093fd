"""A load of made-up people and jobs on a server, and what they had to wait for."""
