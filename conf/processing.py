"""Why personal data of a source is processed: what PIPL 55 and 56 and GDPR 30 ask to be written down, beside the columns that it is about."""

from enum import StrEnum

from pydantic import Field

from conf.dialects import Part


class LegalBasis(StrEnum):
    """On what ground personal data may be processed (PIPL 13, GDPR 6)."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    VITAL_INTERESTS = "vital_interests"
    PUBLIC_INTEREST = "public_interest"
    LEGITIMATE_INTERESTS = "legitimate_interests"


class Processing(Part):
    """Purpose, ground, time and recipients. A feed's goes over its source's, a column's over its feed's, each part by itself."""

    purpose: str | None = Field(default=None, min_length=3)
    legal_basis: LegalBasis | None = None
    retention_days: int | None = Field(default=None, ge=1)
    recipients: tuple[str, ...] | None = None

    def over(self, lower: "Processing | None") -> "Processing":
        """This one, with what it leaves out from `lower`."""
        if lower is None:
            return self
        given = {name: value for name, value in self.model_dump().items() if value is not None}
        return Processing.model_validate({**lower.model_dump(), **given})
