"""A classic script with the loop that answers every frame one too late: it reports on the first image."""

from siamfc_eval.adapters import vot

handle = vot.VOT("rectangle")
region = handle.region()
image = handle.frame()
while image:
    handle.report(region)
    image = handle.frame()
