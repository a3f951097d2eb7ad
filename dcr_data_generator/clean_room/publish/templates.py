"""The calls that share query templates: table functions whose text the owner controls.

Source: "Use query templates" in BigQuery's documentation. What is submitted can be neither changed nor deleted, so the
function is created, authorized and listed first, and then its template is created, submitted and approved.
"""

from google.api_core.exceptions import BadRequest
from google.cloud import bigquery_analyticshub_v1 as sharing

from dcr_data_generator.clean_room.publish.calls import SECONDS, delete, find
from dcr_data_generator.clean_room.publish.on_bigquery import set_authorization
from dcr_data_generator.clean_room.publish.target import Target, Template
from dcr_data_generator.errors import UserError

State = sharing.QueryTemplate.State


def check_template(target: Target, template: Template) -> None:
    """Check that a template which is submitted, and stays as it is, is ours. Raises UserError."""
    current = find_template(target, template)
    if current and current.state != State.DRAFTED and not is_same(current.routine.definition_body, template.definition):
        name = target.template(template.name)
        raise UserError(f"{name} is submitted with another definition, and stays: give the function another name")


def find_template(target: Target, template: Template) -> sharing.QueryTemplate | None:
    """Get a template; None where there is none, or one that is deleted, which is a state of its own."""
    name = target.template(template.name)
    current = find(target.connect_to_sharing().get_query_template, name=name, timeout=SECONDS)
    return current if current and current.state != State.DELETED else None


def is_same(saved: str, definition: str) -> bool:
    """Whether two definitions are the same but for white space, which Google Cloud may change; an empty one is any."""
    return not saved or "".join(saved.split()) == "".join(definition.split())


def create_function(target: Target, template: Template) -> str | None:
    """Create a template's table function, or replace one that differs; a new one is not authorized yet."""
    client, path = target.client(template.table), target.path(template.table)
    current = find(client.get_routine, path)
    # BigQuery returns what is inside of the parentheses after AS.
    if current and is_same(current.body or "", template.body):
        return None
    set_authorization(target, template, False)
    definition = template.definition.removeprefix(template.name)
    client.query(f"CREATE OR REPLACE TABLE FUNCTION `{path}`{definition}").result()
    return "changed" if current else "created"


def delete_function(target: Target, template: Template) -> str | None:
    return delete(target.client(template.table).delete_routine, target.path(template.table))


def draft(target: Target, template: Template) -> str | None:
    """Create a query template, or create a draft that differs again."""
    client, current = target.connect_to_sharing(), find_template(target, template)
    if current and is_same(current.routine.definition_body, template.definition):
        return None
    if current:
        client.delete_query_template(name=target.template(template.name), timeout=SECONDS)
    routine = {"routine_type": "TABLE_VALUED_FUNCTION", "definition_body": template.definition}
    resource = {"display_name": template.name, "description": template.description, "routine": routine}
    request = {"parent": target.exchange, "query_template_id": template.name, "query_template": resource}
    client.create_query_template(request, timeout=SECONDS)
    return "created again" if current else "created"


def submit(target: Target, template: Template) -> str | None:
    """Submit a query template: from here on, it can neither be changed nor deleted."""
    if state_of(target, template) != State.DRAFTED:
        return None
    target.connect_to_sharing().submit_query_template(name=target.template(template.name), timeout=SECONDS)
    return "submitted"


def approve(target: Target, template: Template) -> str | None:
    if state_of(target, template) == State.APPROVED:
        return None
    target.connect_to_sharing().approve_query_template(name=target.template(template.name), timeout=SECONDS)
    return "approved"


def delete_template(target: Target, template: Template) -> str | None:
    """Delete a draft. What is submitted is told by its state, as nobody knows which error its deletion is."""
    call, name = target.connect_to_sharing().delete_query_template, target.template(template.name)
    try:
        return delete(call, name=name, timeout=SECONDS)
    except BadRequest:  # FAILED_PRECONDITION and INVALID_ARGUMENT are both reported as HTTP 400
        if state_of(target, template) == State.DRAFTED:
            raise
        return "kept: it is submitted, and goes with the clean room"


def state_of(target: Target, template: Template) -> State:
    name = target.template(template.name)
    return target.connect_to_sharing().get_query_template(name=name, timeout=SECONDS).state
