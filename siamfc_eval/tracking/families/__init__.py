"""Families of trackers, one module or package each: tracker, hyper-parameters, presets, tuning ranges."""
