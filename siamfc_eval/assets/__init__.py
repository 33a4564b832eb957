"""Libraries that web pages embed, as their authors released them: uPlot 1.6.32 (MIT, see uPlot.LICENSE)."""
