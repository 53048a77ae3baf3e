"""Vocabularies: lists of words as data, one YAML file for each; an overlay folder adds words to them."""

from functools import cache
from pathlib import Path

from conf.documents import read_document
from conf.errors import ConfigError, Finding
from conf.settings import conf_dirs


@cache
def notes() -> frozenset[str]:
    """Remarks that are no names, in lower case.

    Raises:
        ConfigError: a file holds something else than a list of texts under `notes`.
    """
    return frozenset(word for folder in conf_dirs() for word in _words(folder / "vocabularies" / "notes.yml", "notes"))


def _words(file: Path, key: str) -> list[str]:
    if not file.is_file():
        return []
    document = read_document(file)
    words = document.values.get(key)
    if set(document.values) != {key} or not isinstance(words, list) or not all(isinstance(word, str) and word.strip() for word in words):
        remedy = f"write `{key}:` and a list of texts below it; put words that YAML reads as something else in quotes"
        raise ConfigError(f"{file.name} is not valid", [Finding(document.where((key,)), f"is no list of texts named {key}", remedy)])
    return [word.strip().casefold() for word in words]
