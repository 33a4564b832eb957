"""`python -m siamfc_eval` is `siamfc-eval`."""

from siamfc_eval.cli.main import main

main()
