"""How well the offline readers find the parents that dataset cards state.

    python benchmarks/extraction.py [--cards DIR] [--out PREDICTED.jsonl] [--json]

DIR holds `modern_cards/`, `modern_cards.jsonl`, `modern_gold.jsonl`, `hf_cards/`,
`hf_index.jsonl`, `hf_gold.jsonl`, `hf_gold_manual.jsonl` and `aliases.json`; the scorer
`score_edges.py` lies in the folder above it, and `graphs/` beside DIR where the hard
negatives are wanted. Two trivial readers are scored in the same run, with the same names.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from agents.reading import cues  # noqa: E402
from agents.reading.blocks import Kind, page_of  # noqa: E402
from agents.reading.gazetteer import gazetteer_of  # noqa: E402
from agents.reading.rules import RulesReader  # noqa: E402
from agents.reading.selves import own_names  # noqa: E402
from agents.reading.sentences import flow_of  # noqa: E402
from agents.resolver import RegistryResolver  # noqa: E402
from lineage.errors import InvalidName  # noqa: E402
from lineage.identity import DatasetId  # noqa: E402
from lineage.model import Document, DocumentKind, NodeKind, Proposal, Role  # noqa: E402
from lineage.ports import Reader  # noqa: E402
from lineage.registry import default_registry, name_key  # noqa: E402

Row = dict[str, Any]
Predictor = Callable[[str, Document], list[Row]]
CORPUS_LIKE: Final = frozenset({"encyclopedia", "web", "translation", "social"})
EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)  # nothing measured here depends on the clock


def rows_of(path: Path) -> Iterator[Row]:
    """The objects of a JSON Lines file."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def document_of(identifier: str, dataset: str, text: str) -> Document:
    """A card as the sources hand it on."""
    try:
        child = DatasetId.parse(dataset)
    except InvalidName:
        child = DatasetId(hub="name", name=" ".join(dataset.split())[:200] or "unnamed")
    return Document(
        id=identifier,
        dataset=child,
        kind=DocumentKind.CARD,
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        fetched_at=EPOCH,
    )


def cards_of(folder: Path, which: str) -> list[tuple[str, Document]]:
    """Name and document of every card of one corpus (`modern` or `hf`)."""
    index = folder / ("modern_cards.jsonl" if which == "modern" else "hf_index.jsonl")
    children: dict[str, str] = {}
    for row in rows_of(index):
        children.setdefault(row["card"], row.get("child") or row["card"])
    cards = []
    for card, child in children.items():
        path = folder / f"{which}_cards" / f"{card}.md"
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            cards.append((card, document_of(f"{which}_cards/{card}.md", child, text)))
    return cards


def prediction(card: str, proposal: Proposal, resolver: RegistryResolver) -> Row | None:
    """The scorer's line for a proposal; None for what the resolver turns down and for what
    is not an included dataset.

    `parent` is the name as written, `parent_id` what the resolver makes of it. Models and
    websites are no dataset parents here. Of the sources only those that are handed out as a
    corpus count: encyclopaedias, crawls, parallel collections, posts.
    """
    if proposal.role is not Role.INCLUDED or proposal.parent_kind is NodeKind.MODEL:
        return None
    _, edges, _ = resolver.resolve((proposal,), ())
    if not edges:
        return None
    parent = edges[0].parent.base
    known = resolver.names.entry(parent)
    if proposal.parent_kind is NodeKind.SOURCE and not (known and CORPUS_LIKE & {*known.domains}):
        return None
    return {
        "card": card,
        "child": str(proposal.child),
        "parent": proposal.parent_name,
        "parent_id": known.id if known else None if parent.hub == "name" else parent.name,
        "relation": proposal.relation.value,
        "quote": proposal.evidence.quote,
        "confidence": proposal.evidence.confidence,
    }


def by_reader(reader: Reader) -> Predictor:
    """Predictions of a reader, its names resolved."""
    resolver = RegistryResolver(default_registry())

    def predict(card: str, document: Document) -> list[Row]:
        lines = (prediction(card, p, resolver) for p in reader.read(document).proposals)
        return [line for line in lines if line is not None]

    return predict


def every_name(card: str, document: Document, *, cue: bool = False) -> list[Row]:
    """Trivial reader: every known name in the text; with `cue`, only those in a sentence
    that holds a derivation cue.
    """
    page = page_of(document)
    registry = default_registry()
    gazetteer = gazetteer_of(registry)
    own = own_names(document, page, registry)
    found: dict[str, Row] = {}
    for block in page.blocks:
        if block.kind is Kind.CODE:
            continue
        flow = flow_of(page.plain, block.start, block.end)
        for start, end in flow.sentences():
            sentence = flow.text[start:end]
            if cue and not cues.hits(sentence, cues.INCLUSION):
                continue
            for left, right, entry, is_word in gazetteer.find(sentence, 0, len(sentence)):
                name = sentence[left:right]
                if (
                    is_word
                    or name_key(name) in own
                    or entry.kind
                    not in (
                        NodeKind.DATASET,
                        NodeKind.BENCHMARK,
                    )
                ):
                    continue
                line = {"card": card, "child": str(document.dataset), "parent": name}
                found.setdefault(entry.id, {**line, "parent_id": entry.id})
    return list(found.values())


def names_with_cue(card: str, document: Document) -> list[Row]:
    """Trivial reader: known names in sentences with a derivation cue."""
    return every_name(card, document, cue=True)


def scorer_in(folder: Path) -> ModuleType:
    """The module `score_edges.py` in `folder`."""
    spec = importlib.util.spec_from_file_location("score_edges", folder / "score_edges.py")
    if spec is None or spec.loader is None:
        raise SystemExit(f"no score_edges.py in {folder}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def scored(folder: Path, predict: Predictor, cards: dict[str, list[tuple[str, Document]]]) -> Row:
    """All measures of one reader, and its predictions under `predictions`."""
    scorer = scorer_in(folder.parent)
    aliases = scorer.Aliases(folder / "aliases.json")
    lines = {which: [r for c, d in cards[which] for r in predict(c, d)] for which in cards}

    def run(gold: str, which: str, scope: str, **options: bool) -> Row:
        only = {card for card, _ in cards[which]}
        golds = [r for r in rows_of(folder / gold) if r.get("card", r["child"]) in only]
        scopes = [r for r in rows_of(folder / scope) if r["card"] in only] if scope else []
        result: Row = scorer.score(golds, lines[which], scopes, aliases, key="card", **options)
        return result

    manual_cards = {r["card"] for r in rows_of(folder / "hf_gold_manual.jsonl")}
    manual = run("hf_gold_manual.jsonl", "hf", "")
    recall = run("hf_gold.jsonl", "hf", "hf_index.jsonl", in_text_only=True, recall_only=True)
    return {
        "modern": run("modern_gold.jsonl", "modern", "modern_cards.jsonl"),
        "hf_manual": manual,
        "hf_recall": recall["micro"]["recall"],
        "hf_parents_per_card": len(lines["hf"]) / max(1, len(cards["hf"])),
        "hf_manual_cards": len(manual_cards),
        "predictions": [line for which in lines for line in lines[which]],
    }


def hard_negatives(graphs: Path, reader: Reader) -> Row:
    """The quotes that the released edges give for pairs that are no edges, read as
    documents of that child: how many have a quote, and which still yield inclusion.
    """
    pairs = {(r["child"], r["parent"]) for r in rows_of(graphs / "hard_negative_edges.jsonl")}
    quoted: set[tuple[str, str]] = set()
    wrong: list[Row] = []
    for path in sorted(graphs.glob("tracing_roots_*_edges.jsonl")):
        for row in rows_of(path):
            pair = (row["target"], row["source"])
            evidence = json.loads(row["meta_info"]).get("evidence")
            if pair not in pairs or not isinstance(evidence, str) or not evidence.strip():
                continue
            quoted.add(pair)
            proposals = reader.read(document_of("quote", pair[0], evidence)).proposals
            included = [p for p in proposals if p.role is Role.INCLUDED and str(p.child) == pair[0]]
            if any(_same(p, pair[1]) for p in included):
                wrong.append({"child": pair[0], "parent": pair[1], "quote": evidence})
    return {"pairs": len(pairs), "with_quote": len(quoted), "read_as_inclusion": wrong}


def _same(proposal: Proposal, parent: str) -> bool:
    keys = {name_key(parent), name_key(parent.rpartition("/")[2])}
    names = {proposal.parent_name, proposal.parent_name.rpartition("/")[2]}
    if proposal.parent_id is not None:
        names |= {proposal.parent_id.name, proposal.parent_id.short_name}
    known = default_registry().exact(proposal.parent_name, words=True)
    if known is not None:
        names |= {known.id, known.id.rpartition("/")[2]}
    return bool(keys & {name_key(name) for name in names})


def speed(folder: Path, queue: Any) -> None:
    """Puts seconds by the clock and of processor time, and peak memory (MB), of reading the
    HF cards, from disk to proposals, in this process; the names are compiled before, once a
    process.
    """
    gazetteer_of(default_registry())
    began, worked = time.perf_counter(), time.process_time()
    cards = cards_of(folder, "hf")
    reader = RulesReader()
    for _, document in cards:
        reader.read(document)
    seconds, worked = time.perf_counter() - began, time.process_time() - worked
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    pace = {"seconds": seconds, "processor_seconds": worked, "peak_mb": memory}
    queue.put({"cards": len(cards), **pace})


def measured_speed(folder: Path) -> Row:
    """`speed` in a fresh process, so that peak memory is the reader's alone."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=speed, args=(folder, queue))
    process.start()
    result: Row = queue.get(timeout=300)
    process.join()
    return result


def measure(folder: Path, reader: Reader) -> Row:
    """Everything the benchmark prints, as plain data."""
    cards = {which: cards_of(folder, which) for which in ("modern", "hf")}
    readers: dict[str, Predictor] = {
        "our reader": by_reader(reader),
        "every known name in the text": every_name,
        "known name beside a derivation cue": names_with_cue,
    }
    result: Row = {"readers": {name: scored(folder, p, cards) for name, p in readers.items()}}
    graphs = folder.parent / "graphs"
    if (graphs / "hard_negative_edges.jsonl").is_file():
        result["hard_negatives"] = hard_negatives(graphs, reader)
    result["speed"] = measured_speed(folder)
    return result


def _cells(scores: Row) -> Iterable[str]:
    for part, measures in (("modern", ("micro", "macro")), ("hf_manual", ("micro", "macro"))):
        for measure_name in measures:
            got = scores[part][measure_name]
            yield " / ".join(
                "-" if got[k] is None else f"{got[k]:.3f}" for k in ("precision", "recall", "f1")
            )
    yield "-" if scores["hf_recall"] is None else f"{scores['hf_recall']:.3f}"
    yield f"{scores['hf_parents_per_card']:.2f}"


def print_table(result: Row) -> None:
    """The table for people."""
    heads = (
        "modern micro P/R/F1",
        "modern macro P/R/F1",
        "HF manual P/R/F1",
        "HF manual macro",
        "HF YAML recall",
        "parents a card",
    )
    print("reader".ljust(36), *(head.ljust(21) for head in heads))
    for name, scores in result["readers"].items():
        print(name.ljust(36), *(cell.ljust(21) for cell in _cells(scores)))
    if hard := result.get("hard_negatives"):
        wrong = len(hard["read_as_inclusion"])
        print(
            f"hard negatives: {wrong} of {hard['with_quote']} quotes read as inclusion "
            f"({hard['pairs']} pairs)"
        )
    pace = result["speed"]
    print(
        f"speed: {pace['cards']} HF cards in {pace['seconds']:.2f} s by the clock "
        f"({pace['cards'] / pace['seconds']:.0f} cards/s), {pace['processor_seconds']:.2f} s of "
        f"processor time, peak memory {pace['peak_mb']:.0f} MB"
    )


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--cards", type=Path, default=ROOT.parent / "shared" / "eval" / "cards")
    parser.add_argument("--out", type=Path, help="write our predictions here (JSON Lines)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    args = parser.parse_args(arguments)
    if not (args.cards / "modern_cards.jsonl").is_file():
        raise SystemExit(f"no modern_cards.jsonl in {args.cards}; give --cards DIR")
    result = measure(args.cards, RulesReader())
    predictions = result["readers"]["our reader"]["predictions"]
    if args.out:
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in predictions)
        args.out.write_text(text, encoding="utf-8")
    for scores in result["readers"].values():
        del scores["predictions"]
    if args.json:
        print(json.dumps(result, indent=1, ensure_ascii=False))
    else:
        print_table(result)


if __name__ == "__main__":
    main()
