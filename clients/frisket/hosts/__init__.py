"""What the plug-ins for GIMP and Krita share and what needs neither of them.

Standard library, `frisket.client`'s session and `frisket.v1` only: it is carried inside
the plug-ins and runs in the hosts' own Python.
"""
