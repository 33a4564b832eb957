"""Heads: exemplar and search features in; a response map, or class scores and box offsets, out."""
