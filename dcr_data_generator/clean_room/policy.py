"""A view's privacy_policy: what CREATE VIEW takes, and nothing else.

Source: "Data definition language (DDL) statements in GoogleSQL", privacy_policy, and "Restrict data access using
analysis rules", in BigQuery's documentation, for the fields, their ranges and what goes with what.
"""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import AliasChoices, AliasGenerator, BaseModel, Field, PlainSerializer, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from dcr_data_generator.errors import UserError

Epsilon = Annotated[float, Field(ge=0.001, le=1e15)]


class Condition(StrEnum):
    """What a join restriction policy asks for."""

    ALL = "JOIN_ALL"
    ANY = "JOIN_ANY"
    NOT_REQUIRED = "JOIN_NOT_REQUIRED"
    BLOCKED = "JOIN_BLOCKED"


JOINS = {
    Condition.ALL: "It must be joined on all of",
    Condition.ANY: "It must be joined on one of",
    Condition.NOT_REQUIRED: "It may be joined on",
    Condition.BLOCKED: "It may be joined on",
}


class Part(BaseModel):
    """A part of a policy: a field that BigQuery does not know is an error."""

    model_config = {
        "extra": "forbid",
        "frozen": True,
        "alias_generator": AliasGenerator(serialization_alias=to_camel),
    }


class AggregationThreshold(Part):
    """How many distinct privacy units make up a row of an answer, at least."""

    threshold: int = Field(gt=0)
    # The page on analysis rules says privacy_unit_column, the one on DDL privacy_unit_columns.
    privacy_unit_column: Annotated[str, PlainSerializer(lambda column: [column])] = Field(
        validation_alias=AliasChoices("privacy_unit_column", "privacy_unit_columns"),
        serialization_alias="privacyUnitColumns",  # the REST API has room for several
    )


class DifferentialPrivacy(Part):
    """How much a question may learn, and all questions together."""

    privacy_unit_column: str
    max_epsilon_per_query: Epsilon
    epsilon_budget: Epsilon
    delta_per_query: float = Field(ge=1e-15, le=1)
    delta_budget: float = Field(ge=1e-15, le=1000)
    max_groups_contributed: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def check_budgets(self) -> Self:
        """See that a single question does not use up a budget."""
        if self.epsilon_budget <= self.max_epsilon_per_query or self.delta_budget <= self.delta_per_query:
            raise ValueError("a budget must be larger than what one query may use")
        return self


class JoinRestriction(Part):
    """On which columns a view is joined."""

    join_condition: Condition
    join_allowed_columns: list[str] = []

    @model_validator(mode="after")
    def check_columns(self) -> Self:
        """See that the columns go with the condition; JOIN_NOT_REQUIRED without columns is refused when queried."""
        if self.join_condition is Condition.BLOCKED and self.join_allowed_columns:
            raise ValueError("JOIN_BLOCKED goes without join_allowed_columns")
        if self.join_condition in (Condition.ALL, Condition.ANY) and not self.join_allowed_columns:
            raise ValueError(f"{self.join_condition} goes with join_allowed_columns")
        return self


class PrivacyPolicy(Part):
    """The policies of a view, which make up its analysis rule."""

    aggregation_threshold_policy: AggregationThreshold | None = None
    differential_privacy_policy: DifferentialPrivacy | None = None
    join_restriction_policy: JoinRestriction | None = None

    @model_validator(mode="after")
    def check_rule(self) -> Self:
        """See that the policies make up one analysis rule."""
        if self.aggregation_threshold_policy and self.differential_privacy_policy:
            raise ValueError("a view has one of aggregation_threshold_policy and differential_privacy_policy")
        if not self.privacy_unit_column and not self.join_restriction_policy:
            raise ValueError("a policy has at least one part")
        joins = self.join_restriction_policy
        if joins and not self.privacy_unit_column and joins.join_condition not in (Condition.ALL, Condition.ANY):
            raise ValueError("a list overlap goes with JOIN_ALL or JOIN_ANY")
        return self

    @property
    def privacy_unit_column(self) -> str | None:
        """The column whose values are the people protected."""
        unit = self.aggregation_threshold_policy or self.differential_privacy_policy
        return unit.privacy_unit_column if unit else None

    @property
    def resource(self) -> dict:
        """The policy as the REST API names its fields."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    @property
    def in_words(self) -> str:
        """The rule that the policies make up, in plain words."""
        sentences = []
        if threshold := self.aggregation_threshold_policy:
            sentences.append(
                f"Aggregation threshold. Groups have at least {threshold.threshold} different values of "
                f"{threshold.privacy_unit_column}."
            )
        if noise := self.differential_privacy_policy:
            sentences.append(
                f"Differential privacy. A query has epsilon {noise.max_epsilon_per_query:g} at most, of a budget of "
                f"{noise.epsilon_budget:g}, and delta {noise.delta_per_query:g} of {noise.delta_budget:g}."
            )
        joins = self.join_restriction_policy
        if joins and not self.privacy_unit_column:
            sentences.append("List overlap. Only rows that match rows of another table are shown.")
        if joins:
            columns = ", ".join(joins.join_allowed_columns) or "no column"
            sentences.append(f"{JOINS[joins.join_condition]} {columns}.")
        return " ".join(sentences) or "No rule: every row is shown."

    @property
    def columns(self) -> set[str]:
        """The columns that the policy names, in lower case: BigQuery tells no case from another in them."""
        joined = self.join_restriction_policy.join_allowed_columns if self.join_restriction_policy else []
        unit = [self.privacy_unit_column] if self.privacy_unit_column else []
        return {column.lower() for column in [*joined, *unit]}


def read(view: str, text: str) -> PrivacyPolicy:
    """Read a view's policy from its JSON.

    Raises:
        UserError: BigQuery would not take it.
    """
    try:
        return PrivacyPolicy.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "privacy_policy"
        raise UserError(f"the privacy_policy of {view} is not BigQuery's: {place}: {first['msg']}") from None
