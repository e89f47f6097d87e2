"""A real run on the cards of a released lineage graph, and an audit of the released graphs.

    python benchmarks/released_graphs.py [--graphs DIR] [--store FILE] [--limit N]
                                         [--json] [--verbose]

DIR holds `tracing_roots_{text,multimodal}_{edges,datasets}.jsonl` of "Tracing the Roots"
(arXiv 2604.10480). Part 1 imports and audits both graphs and sets each count beside the one
that the folder's README states. Part 2 reads the card texts of the multimodal datasets file,
offline, into a real store, audits that, and compares it with the released edges.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from released_agreement import (
    REASONS,
    Agreement,
    counted,
    edge_row,
    later_parents,
    shown,
)
from released_audit import (
    Released,
    audited,
    card_document,
    quoted_roles,
    released,
)
from rich.console import Console
from rich.progress import Progress as Bar

import lineage
from agents.reading.declared import DeclaredReader
from agents.reading.rules import RulesReader
from agents.resolver import RegistryResolver
from lineage.identity import DatasetId
from lineage.model import Document, FactKey, Failure, Rejection

ROOT: Final = Path(__file__).resolve().parent.parent
SEED: Final = 20_260  # of the samples that a person judges
SAMPLE: Final = 40
MISSES: Final = 15
GRAPHS: Final = ("text", "multimodal")
PLACEHOLDER: Final = "Early skip - dataset created"
"""What their crawler wrote for `description` where it did not fetch the card."""

Row = dict[str, Any]
_T = TypeVar("_T")


class CardSource:
    """The card texts of a datasets file: one document a dataset, nothing else."""

    def __init__(self, cards: Mapping[DatasetId, str]) -> None:
        self._cards = cards

    def seeds(self) -> tuple[DatasetId, ...]:
        """Every dataset with a card text."""
        return tuple(self._cards)

    @property
    def location(self) -> str:
        """The file of the records."""
        return "cards of the released multimodal graph"

    def covers(self, document: str) -> bool:
        """Every document is a record of the file."""
        return bool(document)

    @property
    def ignored(self) -> tuple[str, ...]:
        """Nothing: every record is either a card or counted as empty."""
        return ()

    def knows(self, dataset: DatasetId) -> bool:
        """Whether the file holds its card text."""
        return dataset.base in self._cards

    def documents(self, dataset: DatasetId) -> Iterator[Document | Failure]:
        """Its card; NotFound where the file has none."""
        if not self.knows(dataset):
            raise lineage.NotFound(f"no card text for {dataset}", address=str(dataset))
        yield card_document(dataset.base, self._cards[dataset.base])

    def version(self, dataset: DatasetId) -> str | None:
        """The digest of its text."""
        text = self._cards.get(dataset.base)
        return None if text is None else card_document(dataset.base, text).version


def cards_of(records: Iterable[Row]) -> tuple[dict[DatasetId, str], Row]:
    """The card texts by dataset, and how many records had none."""
    cards: dict[DatasetId, str] = {}
    empty = skipped = 0
    for row in records:
        text = row.get("description") or ""
        if not text.strip():
            empty += 1
        elif text.startswith(PLACEHOLDER):
            skipped += 1
        else:
            cards[DatasetId(name=" ".join(row["name"].split()))] = text
    return cards, {"cards": len(cards), "no_text": empty, "placeholder": skipped}


@contextmanager
def _store(location: Path | None) -> Iterator[lineage.GraphStore]:
    with (
        tempfile.TemporaryDirectory(prefix="released-") as folder,
        lineage.open_store(str(location or Path(folder) / "lineage.db")) as store,
    ):
        yield store


@dataclass(frozen=True)
class Reconstructed:
    """Our graph of the cards, with what the run measured."""

    graph: lineage.LineageGraph
    rejections: tuple[Rejection, ...]
    measured: Row


def reconstructed(
    cards: Mapping[DatasetId, str], resolver: RegistryResolver, location: Path | None
) -> Reconstructed:
    """Reads the cards into a store and takes the graph from it."""
    source = CardSource(cards)
    readers = (DeclaredReader(), RulesReader(lineage.default_registry()))
    console = Console(stderr=True)
    with _store(location) as store, Bar(console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("reading cards", total=len(cards))
        began = time.perf_counter()
        outcome = lineage.reconstruct(
            source.seeds(),
            source=source,
            readers=readers,
            resolver=resolver,
            store=store,
            max_depth=1,  # every dataset of the file is a seed
            workers=2,
            on_progress=lambda at: bar.update(task, completed=at.read, total=at.planned),
        )
        seconds = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        graph = lineage.LineageGraph.from_store(store)
        rejections = store.rejections()
        report = lineage.audit(graph, failures=store.failures(), log=store.documents())
    measured = {
        "read": outcome.read,
        "resumed": outcome.resumed,
        "seconds": round(seconds, 2),
        "per_second": round(outcome.read / seconds, 1) if seconds else 0.0,
        "peak_mb": round(peak),
        "failures": len(outcome.failures),
        "rejections": counted(one.reason for one in rejections),
        "statistics": graph.statistics().model_dump(),
        "checks": [check.model_dump() for check in report.checks],
        "cycles": [list(map(str, cycle)) for cycle in graph.cycles],
        "errors": [f.message for f in report.findings if f.severity is lineage.Severity.ERROR],
    }
    return Reconstructed(graph, rejections, measured)


def compared(
    graph: Released,
    ours: Reconstructed,
    cards: Mapping[DatasetId, str],
    resolver: RegistryResolver,
) -> Row:
    """Agreement of our edges with the released ones, over the children whose cards we read."""
    texts: dict[DatasetId, str] = {}
    for dataset, text in cards.items():
        key = resolver.canonical(dataset).base
        texts[key] = f"{texts[key]}\n{text}" if key in texts else text
    found = Agreement(graph.lines, ours.graph, ours.rejections, texts, resolver)
    their_match, our_match = found.by_short_name()
    dates = {resolver.canonical(DatasetId(name=n)).base: y for n, y in graph.years.items()}
    our_pairs = found.ours_only
    judged = _sampled(our_pairs, SAMPLE)
    return {
        "children": {
            "read": len(texts),
            "theirs": len(found.their_children),
            "ours": len({child for child, _ in found.ours}),
        },
        "theirs": len(found.theirs),
        "their_self_pairs": found.self_pairs,
        "their_lines_without_card": found.without_card,
        "ours": len(found.ours),
        "both": len(found.both),
        "short_name": {"theirs_matched": their_match, "ours_matched": our_match},
        "theirs_only": _theirs_only(found),
        "ours_only": {
            "pairs": len(our_pairs),
            "by_method": counted(map(found.methods, our_pairs)),
            "parent_in_their_graph": counted(map(found.holds_parent, our_pairs)),
            "child_in_their_graph": counted(
                "they give it parents" if child in found.their_children else "they give it none"
                for child, _ in our_pairs
            ),
            "parent_hub": counted(parent.hub for _, parent in our_pairs),
            "sample": [edge_row(found.ours[pair].best) for pair in judged],
        },
        "time_order": {
            "ours, by our dates": later_parents(found.ours, _our_dates(ours.graph)),
            "ours, by their dates": later_parents(found.ours, dates),
            "theirs, by our dates": later_parents(found.theirs, _our_dates(ours.graph)),
            "theirs, by their dates": later_parents(found.theirs, dates),
        },
    }


def _sampled(values: Sequence[_T], most: int) -> list[_T]:
    """Up to `most` of them, the same in every run, in their order."""
    kept = random.Random(SEED).sample(range(len(values)), min(most, len(values)))
    return [values[index] for index in sorted(kept)]


def _our_dates(graph: lineage.LineageGraph) -> dict[DatasetId, str]:
    return {node.id: date for node in graph if (date := node.value(FactKey.RELEASED))}


def _theirs_only(found: Agreement) -> Row:
    reasons = found.reasons()
    split = []
    for reason, words in REASONS.items():
        of_it = [one for one in reasons if one.reason == reason]
        split.append(
            {
                "reason": reason,
                "words": words,
                "pairs": len(of_it),
                "quote_without_name": sum(not one.quote_names_parent for one in of_it),
                "detail": counted(one.detail for one in of_it if one.detail),
            }
        )
    missed = [one for one in reasons if one.reason == "missed"]
    rows = [
        {
            "child": str(one.theirs.pair[0]),
            "parent": str(one.theirs.pair[1]),
            "names": sorted(one.theirs.names),
            "said": [f"{x.kind}, {x.relation}: {shown(x.quote, 300)}" for x in one.theirs.lines],
        }
        for one in _sampled(missed, MISSES)
    ]
    return {"pairs": len(reasons), "split": split, "missed_sample": rows}


# Printing


def print_audit(part: Row, *, verbose: bool) -> None:
    """One released graph: each check beside the README."""
    sizes = ", ".join(
        f"{row['counted']:,} {row['what']}"
        + (f" (README: {row['readme']:,})" if row["readme"] is not None else "")
        for row in part["sizes"]
    )
    print(f"\nReleased {part['graph']} graph: {sizes}")
    for note in part["import_notes"]:
        print(f"  import: {note}")
    print(f"  {'check':<58}{'found':>7}{'of':>7}   {'README':<12}lines as they stand")
    for row in part["checks"]:
        readme = _of(row.get("readme"))
        raw = _of(row.get("by_their_definition"))
        print(f"  {row['title']:<58}{row['found']:>7,}{row['of']:>7,}   {readme:<12}{raw}")
        print(f"      = {row['definition']}")
        if row.get("difference"):
            print(f"      differs: {row['difference']}")
    for cycle in part["cycles"]:
        print(f"  cycle: {' <-> '.join(cycle)}")
    said = part["quoted_roles"]
    roles = ", ".join(f"{role} {n}" for role, n in said["by_role"].items()) or "none"
    print(f"  lines whose own quote, read by our rules, gives the parent another role: {roles}")
    for row in said["removed"][: None if verbose else 3]:
        print(f"      removed: {row['child']} <- {row['parent']}: {shown(row['quote'])}")


def _of(pair: Sequence[int | None] | None) -> str:
    if pair is None:
        return ""
    return f"{pair[0]:,}" if pair[1] is None else f"{pair[0]:,}/{pair[1]:,}"


def print_run(part: Row, *, verbose: bool) -> None:
    """What the run did, and the audit of its graph."""
    texts = part["texts"]
    print(
        f"\nOur reading of the multimodal cards: {texts['records']:,} records, "
        f"{texts['cards']:,} with card text ({texts['no_text']} have none, "
        f"{texts['placeholder']} hold their crawler's note that it skipped the card)"
    )
    print(
        f"  {part['read']:,} read in {part['seconds']:.1f} s ({part['per_second']:.0f} "
        f"datasets/s), peak memory {part['peak_mb']} MB, {part['failures']} failures"
        + (f", {part['resumed']} read by an earlier attempt" if part["resumed"] else "")
    )
    for key, value in part["statistics"].items():
        print(f"  {key}: {_flat(value) if isinstance(value, dict) else format(value, ',')}")
    print(f"  turned down: {_flat(part['rejections'])}")
    print(f"  {'audit of our graph':<58}{'found':>7}{'of':>7}")
    for row in part["checks"]:
        print(f"  {row['title']:<58}{row['found']:>7,}{row['of']:>7,}")
    for message in part["errors"][: None if verbose else 5]:
        print(f"  error: {shown(message, 300)}")


def _flat(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{word} {n:,}" for word, n in counts.items()) or "none"


def print_agreement(part: Row, *, verbose: bool) -> None:
    """Both, ours only, theirs only with reasons, and the order of time."""
    print(
        f"\nAgreement over the {part['children']['read']:,} children whose card we read "
        f"({part['children']['theirs']} have parents in their graph, "
        f"{part['children']['ours']} in ours)"
    )
    print(
        f"  pairs (child, parent), both ends resolved: theirs {part['theirs']:,}, ours "
        f"{part['ours']:,}; left out of theirs: {part['their_self_pairs']} lines whose ends "
        f"are one dataset, {part['their_lines_without_card']} of children without card text"
    )
    only = part["theirs_only"]
    print(
        f"  both {part['both']:,}, ours only {part['ours_only']['pairs']:,}, "
        f"theirs only {only['pairs']:,}"
    )
    short = part["short_name"]
    print(
        f"  by short name without punctuation: {short['theirs_matched']:,} of theirs have a "
        f"match, {short['ours_matched']:,} of ours"
    )
    print(f"  {'theirs only, by the first reason that holds':<76}{'pairs':>6}  quote without name")
    for row in only["split"]:
        print(f"  {row['words']:<76}{row['pairs']:>6,}{row['quote_without_name']:>8,}")
        if row["detail"]:
            print(f"      {_flat(row['detail'])}")
    ours = part["ours_only"]
    print(f"  ours only, by method: {_flat(ours['by_method'])}")
    print(f"  ours only, the parent in their graph: {_flat(ours['parent_in_their_graph'])}")
    print(f"  ours only, the child in their graph: {_flat(ours['child_in_their_graph'])}")
    print(f"  ours only, where the parent lives: {_flat(ours['parent_hub'])}")
    for words, (late, dated) in part["time_order"].items():
        print(f"  parents later than the child, {words}: {late:,} of {dated:,} dated pairs")
    for words, sizes in part["cycles"].items():
        print(f"  cycles, {words}: {len(sizes)}, of {', '.join(map(str, sizes)) or 'no'} datasets")
    if verbose:
        _print_samples(only["missed_sample"], ours["sample"])


def _print_samples(missed: Iterable[Row], ours: Iterable[Row]) -> None:
    print("\n  The card holds the name, and we proposed nothing:")
    for row in missed:
        print(f"  - {row['child']} <- {row['parent']} ({', '.join(row['names'][:4])})")
        for said in row["said"]:
            print(f"      {said}")
    print("\n  Ours only:")
    for row in ours:
        print(
            f"  - {row['child']} <- {row['parent']} ({row['relation']}, {row['method']}, "
            f"{row['confidence']:.2f}, {row['location']})\n      {row['quote']}"
        )


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--graphs", type=Path, default=ROOT.parent / "shared" / "eval" / "graphs")
    parser.add_argument("--store", type=Path, help="keep our graph here")
    parser.add_argument("--limit", type=int, help="read the first N cards only")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--verbose", action="store_true", help="print samples to judge")
    args = parser.parse_args(arguments)
    result = measured(args.graphs, store=args.store, limit=args.limit)
    if args.json:
        print(json.dumps(result, indent=1, ensure_ascii=False))
        return
    for part in result["audits"]:
        print_audit(part, verbose=args.verbose)
    print_run(result["run"], verbose=args.verbose)
    print_agreement(result["agreement"], verbose=args.verbose)


def measured(folder: Path, *, store: Path | None = None, limit: int | None = None) -> Row:
    """Everything that is printed, as plain data."""
    graphs = {name: released(folder, name) for name in GRAPHS}
    cards, texts = cards_of(graphs["multimodal"].records)
    chosen = dict(list(cards.items())[:limit])
    resolver = RegistryResolver(lineage.default_registry())
    ours = reconstructed(chosen, resolver, store)  # first, so that peak memory is the run's
    texts["records"] = len(graphs["multimodal"].records)
    reader = RulesReader(lineage.default_registry())
    audits = [
        {**audited(graph), "quoted_roles": quoted_roles(graph, reader, resolver)}
        for graph in graphs.values()
    ]
    agreement = compared(graphs["multimodal"], ours, chosen, resolver)
    agreement["cycles"] = {
        "ours": [len(cycle) for cycle in ours.graph.cycles],
        "theirs": [len(cycle) for cycle in audits[-1]["cycles"]],
    }
    return {"audits": audits, "run": {"texts": texts, **ours.measured}, "agreement": agreement}


if __name__ == "__main__":
    main()
