"""The TraX protocol, versions 1 to 4, both sides of it in Python alone.

Written from the protocol's documentation (https://trax.readthedocs.io/en/latest/protocol.html) and from what libtrax
4.0.2 and vot-toolkit 0.7.4 put on the wire, which is what trackers and clients in use understand.
"""
