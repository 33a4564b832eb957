"""`siamfc-eval compare`: which differences between trackers are significant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from siamfc_eval.cli import options
from siamfc_eval.cli.printing import echo, exit_code
from siamfc_eval.storage.json_text import json_text

if TYPE_CHECKING:
    from siamfc_eval.comparison.closeness import PairDetails
    from siamfc_eval.comparison.compare import Comparison
    from siamfc_eval.comparison.ranks import RankComparison
    from siamfc_eval.metrics.scores import Scores
    from siamfc_eval.reporting.report import Section


@click.command(
    epilog="Examples: siamfc-eval compare runs/otb2015 --data ~/OTB2015 --metric precision_20; "
    "siamfc-eval compare runs/otb2015 runs/vot2018"
)
@options.results_each
@options.data_each
@options.dataset
@options.convention
@options.selecting
@options.comparing
@click.option("--pairs", is_flag=True, help="Show every pair of trackers with its difference and test.")
@click.option(
    "--pair",
    type=(str, str),
    metavar="A B",
    help="Show where two trackers differ: the sequences that decide, wins by attribute, what would settle it.",
)
@options.repetitions
@click.option("--ranks", "with_ranks", is_flag=True, help="Show average ranks and the groups that do not differ.")
@click.option(
    "--margin",
    type=click.FloatRange(min=0, min_open=True),
    default=0.01,
    show_default=True,
    help="Difference of the metric within which two trackers count as the same.",
)
@options.as_latex
@options.as_json
def command(
    *,
    results: tuple[Path, ...],
    data: tuple[Path, ...],
    convention: str | None,
    metric: str | None,
    resamples: int,
    seed: int,
    pairs: bool,
    pair: tuple[str, str] | None,
    with_ranks: bool,
    margin: float,
    as_latex: bool,
    as_json: bool,
    **selecting: Any,
) -> int:
    """Compare the trackers in RESULTS: intervals, paired tests with correction, and how sure the ranking is.

    A difference that is not significant is not shown to be none: --margin says within what two trackers are the same,
    which is tested as well. Several RESULTS, such as runs on several benchmarks, give one table and say how alike their
    rankings are.
    """
    from siamfc_eval.api.comparison import compare, compare_each
    from siamfc_eval.api.scores import score

    selecting["metrics"] = (metric,) if metric is not None else ()
    if len(results) > 1:
        sections = compare_each(
            results, convention, data=data, metric=metric, resamples=resamples, seed=seed, **selecting
        )
        return _show_several(sections, as_json)
    if len(data) > 1:
        raise click.UsageError(f"{len(data)} data sets were given for {len(results)} folder of results.")
    scores = score(next(iter(results), None), convention, data=next(iter(data), None), **selecting)
    comparison = compare(scores, metric=metric, resamples=resamples, seed=seed)
    details = comparison.pair(*pair, margin=margin) if pair is not None else None
    ranks = comparison.average_ranks() if with_ranks or as_json else None
    if as_json:
        close = comparison.closeness(margin=margin)
        more = {
            "ranks": None if ranks is None else ranks.to_json(),
            "closeness": [one.to_json() for one in close],
            "pair": None if details is None else details.to_json(),
        }
        echo(json_text({**comparison.to_json(), **more}))
    elif as_latex:
        from siamfc_eval.reporting.latex import table_latex
        from siamfc_eval.reporting.tables import pairs_table, ranking_table

        table = pairs_table(comparison) if pairs else ranking_table(scores, comparison, most=1)
        echo(table_latex(table, scores.signature, comparison))
    elif details is not None:
        _show_pair(details, comparison)
    else:
        _show(scores, comparison, pairs, ranks, margin)
    for gap in scores.incomplete:
        echo(f"incomplete: {gap}", err=True)
    return exit_code([scores])


def _show_several(sections: tuple[Section, ...], as_json: bool) -> int:
    """Several benchmarks: a tracker a row, and whether their rankings agree."""
    from siamfc_eval.cli.console import Console
    from siamfc_eval.reporting.overview import agreement_table, agreements, overview_headline, overview_table
    from siamfc_eval.reporting.rendering import to_terminal

    found = agreements(sections)
    compared = [section.comparison for section in sections if section.comparison is not None]
    if as_json:
        agreement = [one.to_json() for one in found]
        echo(json_text({"comparisons": [one.to_json() for one in compared], "agreement": agreement}))
    else:
        console = Console()
        console.print(overview_headline(sections), highlight=False, markup=False)
        for table in filter(None, (overview_table(sections), agreement_table(sections, found))):
            console.print()
            console.print(to_terminal(table, console.width))
    for section in sections:
        for gap in section.scores.incomplete:
            echo(f"incomplete: {section.scores.dataset}: {gap}", err=True)
    return exit_code([section.scores for section in sections])


def _show_pair(details: PairDetails, comparison: Comparison) -> None:
    """One pair of trackers for a person."""
    from siamfc_eval.cli.console import Console
    from siamfc_eval.reporting.pair_tables import pair_sentences, pair_tables
    from siamfc_eval.reporting.rendering import to_terminal

    console = Console()
    for sentence in pair_sentences(details, comparison.metric.digits):
        console.print(sentence, highlight=False, markup=False)
    for table in pair_tables(details, comparison.metric.digits):
        console.print()
        console.print(to_terminal(table, console.width))


def _show(scores: Scores, comparison: Comparison, pairs: bool, ranks: RankComparison | None, margin: float) -> None:
    """Findings, ranks and groups for a person; every pair on request."""
    from siamfc_eval.cli.console import Console
    from siamfc_eval.reporting.pair_tables import beside_significance, ranks_table
    from siamfc_eval.reporting.rendering import to_terminal
    from siamfc_eval.reporting.summary import findings, gathered_notes
    from siamfc_eval.reporting.tables import pairs_table, ranking_table

    console = Console()
    for sentence in (*findings(scores, comparison), *beside_significance(comparison, margin)):
        console.print(sentence, highlight=False, markup=False)
    tables = [ranking_table(scores, comparison, most=1)]
    tables += [pairs_table(comparison, brief=True)] if pairs and comparison.pairs else []
    tables += [ranks_table(ranks)] if ranks is not None else []
    for table in tables:
        console.print()
        console.print(to_terminal(table, console.width))
    for note in gathered_notes(scores):
        console.print(note, style="dim", markup=False, highlight=False, soft_wrap=True)
    if comparison.pairs and not pairs:
        tests = f"--pairs shows the tests of {_counted(len(comparison.pairs))}"
        said = f"{tests}, --pair A B where two differ, --ranks groups that do not."
        console.print(said, style="dim", highlight=False)


def _counted(pairs: int) -> str:
    return "the pair" if pairs == 1 else f"all {pairs} pairs"
