"""What subscribers lose when a level takes the place of what is published, and when that is refused without --yes."""

from collections.abc import Sequence

from dcr_data_generator.clean_room.publish.on_sharing import is_same, published, subscriptions_to
from dcr_data_generator.clean_room.publish.target import Target
from dcr_data_generator.clean_room.settings import EXCHANGE
from dcr_data_generator.errors import UserError

GIVE_YES = "give --yes if that is meant"


def check_change(targets: Sequence[Target], level: str, allow_egress: bool, is_agreed: bool) -> str | None:
    """Say what subscribers lose and keep when a level is published.

    Raises:
        UserError: without the user's agreement, where exact rows were shared before, or linked datasets would go.
    """
    sentences, needs_agreement = [], False
    for target in targets:
        wanted = {listing.name: listing for listing in target.listings_of(level)}
        current = published(target)
        if not target.is_clean_room:
            lost = [
                name
                for name, listing in current.items()
                if name not in wanted or not is_same(target, wanted[name], listing, allow_egress)
            ]
            sentences += [losing_linked_datasets(target, lost)] if lost else []
            if lost and level != EXCHANGE:
                sentences.append("what they have seen is every row, and cannot be taken back")
            needs_agreement |= bool(lost)
            continue
        lost = [
            name
            for name, listing in current.items()
            if name not in wanted or (wanted[name].has_only_metadata and not listing.allow_only_metadata_sharing)
        ]
        if lost:
            advice = (
                "and must unsubscribe, then subscribe to the exchange"
                if level == EXCHANGE
                else "and keep their linked dataset: they must refresh"
            )
            sentences.append(f"subscribers lose {', '.join(lost)}, {advice}")
        exact = [
            name for name in lost if not (target.listings[name].has_noise or current[name].allow_only_metadata_sharing)
        ]
        if exact:
            sentences.append(f"what they have seen of {', '.join(exact)} is exact, and cannot be taken back")
            needs_agreement = True
    text = "; ".join(sentences)
    if needs_agreement and not is_agreed:
        raise UserError(f"{text}: {GIVE_YES}")
    return text or None


def check_removal(target: Target, is_agreed: bool) -> str | None:
    """Say whose linked datasets go with a plain exchange. Raises UserError without the user's agreement."""
    if target.is_clean_room or not (lost := [*published(target)]) or not (subscriptions := subscriptions_to(target)):
        return None
    who = sorted({each.subscriber_contact or each.name for each in subscriptions})
    text = f"{losing_linked_datasets(target, lost)} ({', '.join(who)})"
    if not is_agreed:
        raise UserError(f"{text}: {GIVE_YES}")
    return text


def losing_linked_datasets(target: Target, names: Sequence[str]) -> str:
    """Say what the deletion of listings of a plain exchange means, by "Manage listings"."""
    listings = f"{'listing' if len(names) == 1 else 'listings'} {', '.join(names)} of {target.exchange_id}"
    return f"the {listings} will be deleted, and every linked dataset with them: subscribers have to subscribe again"
