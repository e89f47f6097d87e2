"""Writes the generated parts of `data/sample`: the records and the two PDF files.

    python benchmarks/make_sample.py [--out data/sample/cards]

Seeded and standard library only: running it again gives the same bytes. Cards, the
Croissant file and `truth.json` are written by hand and are not touched. Every row is made
here from templates; none is taken from a dataset that exists.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
from pathlib import Path
from typing import Any

from sample_pdf import paper
from sample_words import (
    COUNTRIES,
    ELEMENTS,
    EXTRAS,
    GOODS,
    MONTHS,
    NAMES,
    PLANETS,
    POLYGONS,
    PROBLEMS,
    SHOPS,
    STREETS,
    TOPICS,
)

Row = dict[str, Any]
SEED = 20241118
WRONG = (4, 19, 33, 47, 58, 71)  # training rows whose printed answer is off by ten
TRAIN, TEST, TWICE = 87, 30, 3


def harbor_problems(count: int, rng: random.Random) -> list[Row]:
    """`count` word problems with English and German text, ids from 0.

    No two share ten words in a row: templates repeat themselves, and n-gram overlap would
    take that for leaks between the splits.
    """
    rows: list[Row] = []
    seen: set[tuple[str, ...]] = set()
    for problem in itertools.cycle(PROBLEMS):
        a, b, c = rng.randint(13, 48), rng.randint(3, 9), rng.randint(2, 11)
        x, y = problem.solve(a, b, c)
        good, ware = rng.choice(GOODS)
        slots = {"n": rng.choice(NAMES), "g": good, "h": ware, "a": a, "b": b, "c": c}
        slots |= {"x": x, "y": y}
        question = problem.en.format(**slots)
        words = question.lower().replace("?", "").replace(".", "").replace(",", "").split()
        runs = {tuple(words[n : n + 10]) for n in range(len(words) - 9)}
        if not runs.isdisjoint(seen):
            continue
        seen |= runs
        rows.append(
            {
                "id": len(rows),
                "question": question,
                "steps": problem.steps_en.format(**slots),
                "answer": y,
                "frage": problem.de.format(**slots),
                "schritte": problem.steps_de.format(**slots),
            }
        )
        if len(rows) == count:
            break
    return rows


def harbor(rows: list[Row], prefix: str, *, wrong: tuple[int, ...] = ()) -> list[Row]:
    """The rows as Harbor Math prints them; those at `wrong` with an answer off by ten."""
    return [
        {
            "id": f"{prefix}-{n:03d}",
            "question": row["question"],
            "solution": row["steps"],
            "answer": str(row["answer"] + 10 * (n in wrong)),
        }
        for n, row in enumerate(rows)
    ]


def distilled(row: Row) -> Row:
    """The same prompt with a new response, in the wordy manner of a teacher model."""
    steps = row["steps"].rstrip(".").replace(", so ", ". So ").replace(". ", "\n- ")
    reply = f"Let me work this out.\n- {steps}\n\nFinal answer: **{row['answer']}**"
    return {"messages": _chat(row["question"], reply)}


def german(row: Row, answer: str) -> Row:
    """The row in German, with the answer that the original prints, right or wrong."""
    return {"frage": row["frage"], "loesung": row["schritte"], "antwort": answer}


def tide_entities() -> list[list[Row]]:
    """Questions of TideQA, grouped by the passage they are asked about."""
    groups: list[list[Row]] = []
    for n in range(1, len(ELEMENTS) - 1):
        name, symbol = ELEMENTS[n]
        passage = (
            f"{name.capitalize()} is the chemical element with symbol {symbol}. Its atomic "
            f"number is {n + 1}, between {ELEMENTS[n - 1][0]} and {ELEMENTS[n + 1][0]}."
        )
        groups.append(
            [
                _tide(passage, f"What is the chemical symbol of {name}?", symbol),
                _tide(passage, f"Which atomic number does {name} have?", str(n + 1)),
            ]
        )
    for country, capital, language, continent in COUNTRIES:
        passage = (
            f"{capital} is the capital of {country}. The country lies in {continent}, and "
            f"most of its people speak {language}."
        )
        groups.append(
            [
                _tide(passage, f"Which city is the capital of {country}?", capital),
                _tide(passage, f"What language do most people in {country} speak?", language),
            ]
        )
    return groups


def _tide(passage: str, question: str, answer: str) -> Row:
    return {"context": passage, "question": question, "answer": answer}


def quiz_rows() -> list[Row]:
    """What the quiz website contributes: general knowledge, no passage."""
    rows = [(f"How many sides does a {shape} have?", str(n)) for n, shape in enumerate(POLYGONS, 3)]
    rows += [(f"How many days are there in {month}?", str(days)) for month, days in MONTHS]
    rows += [
        (f"Counting from the Sun, which planet is number {n}?", planet)
        for n, planet in enumerate(PLANETS, 1)
    ]
    return [{"question": question, "answer": answer, "hint": ""} for question, answer in rows]


def forum_problems(count: int, rng: random.Random) -> list[Row]:
    """Word problems as people post them on a forum: shorter, with a bare answer."""
    rows: list[Row] = []
    for n in range(count):
        a, b = rng.randint(21, 99), rng.randint(3, 19)
        name, (good, _) = rng.choice(NAMES), rng.choice(GOODS)
        if n % 2:
            text = f"pls help: {name} had {a} {good}, lost {b}. how many now??"
            rows.append(_task(text, str(a - b)))
        else:
            text = f"homework q. {b} boxes with {a} {good} each ({name} counts them), total?"
            rows.append(_task(text, str(a * b)))
    return rows


def dialogues() -> list[Row]:
    """Two dialogues on each textbook passage."""
    rows: list[Row] = []
    for term, what, example in TOPICS:
        passage = f"{term.capitalize()} is {what}. For example, {example}."
        talks = (
            (f"What does {term} mean?", f"{term.capitalize()} means {what}."),
            (
                f"Can you give me an everyday example of {term}?",
                f"Yes: {example}. That is {term}, {what}.",
            ),
        )
        rows += [
            {"id": f"tbd-{len(rows) + n:03d}", "passage": passage, "messages": _chat(*talk)}
            for n, talk in enumerate(talks)
        ]
    return rows


def evolved(row: Row, rng: random.Random) -> Row:
    """A dialogue whose question was made harder, with an answer to match."""
    question = row["messages"][0]["content"].rstrip("?")
    twist = rng.choice(
        (
            "and how would you explain it to a ten-year-old, in at most three sentences?",
            "and which common mistake do learners make about it?",
            "and what would the world look like without it?",
        )
    )
    term = row["passage"].split()[0].lower()
    reply = (
        f"{row['messages'][1]['content']} To go further: many people know the word {term} "
        "but not where it ends, so start from one case you can watch and vary it."
    )
    return {"seed_id": row["id"], "instruction": f"{question}, {twist}", "output": reply}


def notices(count: int, rng: random.Random) -> list[Row]:
    """Short web pages: notices of shops, each with opening hours."""
    rows: list[Row] = []
    for n in range(count):
        shop, street = SHOPS[n % len(SHOPS)], rng.choice(STREETS)
        opens, closes = rng.randint(7, 10), rng.randint(16, 20)
        number = rng.randint(2, 98)
        text = (
            f"The {shop} at {number} {street} opens at {opens}:00 and closes at {closes}:00. "
            f"{rng.choice(EXTRAS)}"
        )
        address = f"https://www.{shop.replace(' ', '-')}-{number}.example/"
        rows.append({"text": text, "url": address, "opens": opens, "closes": closes})
    return rows


def notice_task(row: Row, rng: random.Random) -> Row:
    """A question about a notice, with its answer."""
    hour = rng.randint(6, 21)
    is_open = row["opens"] <= hour < row["closes"]
    verdict = "open" if is_open else "closed"
    task = f"{row['text']}\n\nSomebody arrives at {hour}:30. Do they find it open?"
    reply = (
        f"At {hour}:30 it is {verdict}, because the hours are {row['opens']} to {row['closes']}."
    )
    return _task(task, reply)


def _task(instruction: str, output: str) -> Row:
    return {"instruction": instruction, "output": output}


def _chat(user: str, assistant: str) -> list[Row]:
    return [{"role": "user", "content": user}, {"role": "assistant", "content": assistant}]


def math_sets(rng: random.Random) -> dict[str, list[Row]]:
    """Harbor Math and everything that comes of it, by file name."""
    problems = harbor_problems(TRAIN + TEST, rng)
    train, test = problems[:TRAIN], problems[TRAIN:]
    right = [row for n, row in enumerate(train) if n not in WRONG]
    printed, printed_test = harbor(train, "hm", wrong=WRONG), harbor(test, "hm-test")
    chats = [distilled(row) for row in right]  # where teacher and reference disagree: dropped
    hafen = [german(row, p["answer"]) for row, p in zip(train[:50], printed[:50], strict=True)]
    leaked = [_task(row["question"], str(row["answer"])) for row in test[:6]]
    forum = forum_problems(14, rng) + leaked
    rng.shuffle(forum)
    parts = (
        ("harbor-math-distill", [_from_chat(row) for row in chats[:50]]),
        ("harbor-math", [_task(r["question"], _worked(r)) for r in printed[25:75]]),
        ("hafen-mathe-de", [_task(r["frage"], r["loesung"]) for r in hafen[:30]]),
        ("counting-board", forum),
    )
    blend = [row for _, rows in parts for row in rows]
    rng.shuffle(blend)
    held_out = {row["question"] for row in test}
    return {
        "northwind-ai__harbor-math.train": printed + printed[10 : 10 + TWICE],
        "northwind-ai__harbor-math.test": printed_test,
        "northwind-ai__harbor-math-v1.1.train": harbor(train, "hm"),
        "northwind-ai__harbor-math-v1.1.test": printed_test,
        "tallship-labs__harbor-math-distill.train": chats,
        "lakehouse-nlp__hafen-mathe-de.train": hafen,
        "copperline__mathwell-instruct.train": blend,
        "copperline__mathwell-instruct-clean.train": [
            row for row in blend if row["instruction"] not in held_out
        ],
    }


def _from_chat(row: Row) -> Row:
    user, assistant = row["messages"]
    return _task(user["content"], assistant["content"])


def _worked(row: Row) -> str:
    return f"{row['solution']} The answer is {row['answer']}."


def quiz_sets(rng: random.Random) -> dict[str, list[Row]]:
    """TideQA and what comes of it, by file name."""
    groups = tide_entities()
    rng.shuffle(groups)
    rows = [row for group in groups for row in group]
    cut = 2 * 45
    train = [{"id": f"tide-{n:03d}", **row} for n, row in enumerate(rows[:cut])]
    test = [{"id": f"tide-test-{n:03d}", **row} for n, row in enumerate(rows[cut:])]
    quiz = quiz_rows() + [
        {"question": row["question"], "answer": row["answer"], "hint": row["context"]}
        for row in train[:60] + test
    ]
    rng.shuffle(quiz)
    return {
        "fjordworks__tideqa.train": train,
        "fjordworks__tideqa.test": test,
        "bramble-data__tideqa-alpaca.train": [
            {"instruction": row["question"], "input": row["context"], "output": row["answer"]}
            for row in train
        ],
        "bramble-data__open-quiz-collection.train": quiz,
    }


def talk_sets(rng: random.Random) -> dict[str, list[Row]]:
    """Textbook Dialogues, its scores and its rewriting, by file name."""
    talks = dialogues()
    scored = [
        {**row, "score": score, "rationale": f"Correct and clear; rated {score} of 5."}
        for row in talks
        for score in (rng.choice((2, 3, 4, 4, 5)),)
    ]
    return {
        "openlantern__textbook-dialogues.train": talks,
        "openlantern__textbook-dialogues-scored.train": scored,
        "pelican-research__evolved-dialogues.train": [evolved(row, rng) for row in talks[:36]],
    }


def web_sets(math: dict[str, list[Row]], rng: random.Random) -> dict[str, list[Row]]:
    """Webtext Mini, and the set made of it that also holds Harbor Math unnamed."""
    pages = notices(50, rng)
    printed = math["northwind-ai__harbor-math.train"]
    unnamed = printed[20:50] + math["northwind-ai__harbor-math.test"][10:20]
    tasks = [notice_task(page, rng) for page in pages[:45]]
    tasks += [_task(row["question"], _worked(row)) for row in unnamed]
    rng.shuffle(tasks)
    return {
        "quietcove__webtext-mini.train": [{"text": p["text"], "url": p["url"]} for p in pages],
        "quietcove__everyday-reasoning.train": tasks,
    }


def mixture_sets(sets: dict[str, list[Row]], rng: random.Random) -> dict[str, list[Row]]:
    """The assistant mix, each row with the set it came from, and a sample of it."""
    scored = [r for r in sets["openlantern__textbook-dialogues-scored.train"] if r["score"] >= 4]
    quiz = sets["bramble-data__open-quiz-collection.train"]
    parts: dict[str, list[list[Row]]] = {
        "copperline/mathwell-instruct-clean": [
            _chat(r["instruction"], r["output"])
            for r in sets["copperline__mathwell-instruct-clean.train"][:60]
        ],
        "bramble-data/open-quiz-collection": [
            _chat(f"{r['hint']}\n\n{r['question']}".strip(), r["answer"]) for r in quiz[:60]
        ],
        "openlantern/textbook-dialogues-scored": [r["messages"] for r in scored],
        "pelican-research/evolved-dialogues": [
            _chat(r["instruction"], r["output"])
            for r in sets["pelican-research__evolved-dialogues.train"][:20]
        ],
        "quietcove/everyday-reasoning": [
            _chat(r["instruction"], r["output"])
            for r in sets["quietcove__everyday-reasoning.train"][:40]
        ],
    }
    mix = [{"messages": chat, "source": name} for name, chats in parts.items() for chat in chats]
    rng.shuffle(mix)
    return {
        "silverbirch__assistant-mix.train": mix,
        "silverbirch__assistant-mix-small.train": [
            {"messages": row["messages"]} for row in rng.sample(mix, len(mix) // 4)
        ],
    }


def all_sets() -> dict[str, list[Row]]:
    """The records of every dataset of the sample, by file name without `.jsonl`.

    Each family has its own generator, so that a change to one leaves the others alone.
    """
    sets = math_sets(random.Random(SEED))
    sets |= quiz_sets(random.Random(SEED + 1))
    sets |= talk_sets(random.Random(SEED + 2))
    sets |= web_sets(sets, random.Random(SEED + 3))
    return sets | mixture_sets(sets, random.Random(SEED + 4))


def write_sample(folder: Path) -> list[Path]:
    """Writes all generated files into `folder` and returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, bytes] = {
        f"{name}.jsonl": "".join(
            json.dumps(row, ensure_ascii=False) + "\n" for row in rows
        ).encode()
        for name, rows in all_sets().items()
    }
    whole = paper()
    files["copperline__mathwell-instruct.pdf"] = whole
    files["quietcove__webtext-mini.broken.pdf"] = whole[
        :300
    ]  # a download that broke off: unreadable
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in sorted(files)]


def main() -> None:
    """Reads the command line, writes the files and prints how large each is."""
    here = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=here / "data" / "sample" / "cards")
    written = write_sample(parser.parse_args().out)
    for path in written:
        print(f"{path.stat().st_size:8,d}  {path.name}")
    print(f"{sum(path.stat().st_size for path in written):8,d}  in {len(written)} files")


if __name__ == "__main__":
    main()
