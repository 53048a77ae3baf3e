"""The error family: every error a person can cause carries its findings as data and prints them as a list with the remedy."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: where it is, which rule it breaks, and what to do about it. Never holds a customer's value."""

    where: str
    problem: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}" + (f" → {self.remedy}" if self.remedy else "")


class CdpError(Exception):
    """Base of all errors that are shown to a person without a stack trace.

    Attributes:
        findings: what was found, one entry per problem; may be empty when the message says it all.
        exit_code: the process exit code the command line uses.
    """

    exit_code = 1

    def __init__(self, message: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.findings = tuple(findings)

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"  - {finding}" for finding in self.findings)])


class ConfigError(CdpError):
    """Something under conf/ or the overlay folder is wrong; all problems are listed at once."""

    exit_code = 2


class EngineError(CdpError):
    """The Spark engine could not be started, reached or locked."""

    exit_code = 3


class InputError(CdpError):
    """A delivered file breaks its contract as a whole (single bad rows go to quarantine instead)."""

    exit_code = 4


class QualityError(CdpError):
    """Results are not good enough to be published."""

    exit_code = 5
