"""Backbones: images in, feature maps out; total stride 8 unless a class says otherwise."""
