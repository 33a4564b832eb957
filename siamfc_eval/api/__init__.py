"""The way in: from a folder to results, scores, a comparison and a report.

`import siamfc_eval as se` offers these functions; the command line, notebooks, benchmarks and the search for parameters
call the same ones.
"""
