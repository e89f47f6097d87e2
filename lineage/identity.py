"""What a dataset is called: `DatasetId`, its text form, and nothing else."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lineage.errors import InvalidName

HUBS: Final = ("hf", "github", "kaggle", "modelscope", "zenodo", "url", "local", "model", "name")
"""Where a name lives. `name` is for what was only ever written down: an unresolved or
unhosted thing, which stays an honest external node. `model` holds models on the Hub,
whose names are a space apart from dataset names."""

_READ_AS_PREFIX: Final = frozenset({*HUBS, "http", "https"})
_MAX_PART: Final = 300
_MAX_TEXT: Final = 4 * (3 * _MAX_PART) + 20  # four parts, all of it percent-encoded
_NOT_REPOSITORIES: Final = frozenset(
    {"api", "blog", "collections", "docs", "join", "learn", "organizations", "papers", "settings",
     "spaces", "tasks"}
)  # fmt: skip
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_Part = Annotated[str, Field(min_length=1, max_length=_MAX_PART)]


class DatasetId(BaseModel):
    """Names one dataset, benchmark, source or model: hub, name, and optional narrowing.

    The text form is `[hub:]name[@revision][#[config][/split]]`; `hf:` is left out. The
    characters that the grammar uses are percent-encoded inside a part, so every id
    survives `parse(str(id))`:

    >>> DatasetId.parse("openai/gsm8k#main/test")
    DatasetId('openai/gsm8k#main/test')
    >>> DatasetId.parse("openai/gsm8k#/train").split
    'train'
    >>> DatasetId(hub="name", name="AIME (up to 2023)")
    DatasetId('name:AIME (up to 2023)')
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    hub: str = "hf"
    name: _Part
    revision: _Part | None = None
    config: _Part | None = None
    split: _Part | None = None

    def model_post_init(self, _context: Any, /) -> None:
        if self.hub not in HUBS:
            raise InvalidName(f"unknown hub {self.hub!r} in a dataset id; one of {', '.join(HUBS)}")
        for part in (self.name, self.revision, self.config, self.split):
            if part is not None and (_CONTROL.search(part) or part != part.strip()):
                raise InvalidName(
                    f"a dataset id may not hold control characters or outer spaces: {part!r}"
                )

    @classmethod
    def parse(cls, text: str) -> DatasetId:
        """The id that `text` writes; InvalidName where it writes none.

        Accepts the text form and the addresses that people paste
        (`https://huggingface.co/datasets/openai/gsm8k`).
        """
        written = text.strip()
        if not written or len(written) > _MAX_TEXT:
            raise InvalidName(f"not a dataset id: {text[:80]!r}; write it as org/name")
        hub = "hf"
        if match := re.match(
            r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/(datasets/)?([^?#\s]+)", written
        ):
            parts = match[2].strip("/").split("/")
            if parts[0] in _NOT_REPOSITORIES:
                raise InvalidName(f"neither a dataset nor a model: {text[:80]!r}")
            hub = "hf" if match[1] else "model"
            written = "/".join(parts[:2])
        elif match := re.match(r"hf://datasets/([^\s]+)", written):
            written = "/".join(match[1].strip("/").split("/")[:2])
        head, _, narrow = written.partition("#")
        head, _, revision = head.partition("@")
        prefix, colon, rest = head.partition(":")
        if colon and prefix in HUBS:
            hub, head = prefix, rest
        config, _, split = narrow.partition("/")
        try:
            return cls(
                hub=hub,
                name=unquote(head),
                revision=unquote(revision) or None,
                config=unquote(config) or None,
                split=unquote(split) or None,
            )
        except ValidationError as error:
            raise InvalidName(f"not a dataset id: {text[:80]!r}; write it as org/name") from error

    @property
    def base(self) -> DatasetId:
        """The same dataset without revision, config and split: the node of the graph."""
        if self.revision is None and self.config is None and self.split is None:
            return self
        return DatasetId(hub=self.hub, name=self.name)

    @property
    def short_name(self) -> str:
        """The name without its organisation: `gsm8k` for `openai/gsm8k`."""
        return self.name.rstrip("/").rpartition("/")[2] or self.name

    def narrowed(self, *, config: str | None = None, split: str | None = None) -> DatasetId:
        """This id narrowed to a config and/or split; what is not given stays as it is."""
        return DatasetId(
            hub=self.hub,
            name=self.name,
            revision=self.revision,
            config=config or self.config,
            split=split or self.split,
        )

    def narrowed_as(self, other: DatasetId) -> DatasetId:
        """This dataset with the revision, config and split of another id."""
        return DatasetId(
            hub=self.hub,
            name=self.name,
            revision=other.revision,
            config=other.config,
            split=other.split,
        )

    def agrees(self, other: DatasetId) -> bool:
        """Whether both can mean the same rows: one dataset, and no part of the narrowing
        (config, split) in which both are narrowed and differ. Revisions are not compared.
        """
        parts = ((self.config, other.config), (self.split, other.split))
        return self.base == other.base and all(
            one is None or two is None or one == two for one, two in parts
        )

    def __str__(self) -> str:
        name = _encoded(self.name, "%@#")
        if self.hub != "hf":
            name = f"{self.hub}:{name}"
        elif name.partition(":")[0] in _READ_AS_PREFIX and ":" in name:
            name = name.replace(":", "%3A", 1)  # or it would read back as a prefix or address
        text = name
        if self.revision:
            text += "@" + _encoded(self.revision, "%@#")
        if self.config or self.split:
            text += "#" + _encoded(self.config or "", "%@#/")
        if self.split:
            text += "/" + _encoded(self.split, "%@#/")
        return text

    def __repr__(self) -> str:
        return f"DatasetId({str(self)!r})"

    def __lt__(self, other: DatasetId) -> bool:
        return str(self) < str(other)


def _encoded(text: str, reserved: str) -> str:
    for character in reserved:  # "%" comes first, or it would encode the others' escapes
        text = text.replace(character, f"%{ord(character):02X}")
    return text
