"""How secrets are named and labelled: nobody's are mistaken for another's."""

import re

import pytest

from shared.services.secret_names import PREFIX, label_value, secret_id_for, secret_labels

pytestmark = pytest.mark.unit


def test_a_name_tells_nothing_and_is_the_same_each_time() -> None:
    name = secret_id_for("harbor", "front-desk", "send_email", "secret_access_key")

    assert name == secret_id_for("harbor", "front-desk", "send_email", "secret_access_key")
    assert re.fullmatch(PREFIX + "[0-9a-f]{32}", name)


def test_no_two_places_share_a_secret() -> None:
    places = [("a", "b", "c", "d"), ("a", "b", "c_d", "d"), ("A", "b", "c", "d"), ("ab", "", "c", "d")]

    assert len({secret_id_for(*place) for place in places}) == len(places)


@pytest.mark.parametrize("other", ["ACME", "Acme", "acme-" + "x" * 80, "acme-" + "x" * 81])
def test_a_tenants_label_is_no_other_tenants(other: str) -> None:
    assert label_value(other) != label_value("acme")
    assert label_value(other) != label_value(other + "y")
    assert re.fullmatch("[a-z0-9_-]{1,63}", label_value(other))


def test_a_plain_id_can_be_read_in_the_label() -> None:
    assert secret_labels("harbor", "front-desk", "send_email", "secret_access_key") == {
        "tenant": "harbor",
        "agent": "front-desk",
        "tool": "send_email",
        "field": "secret_access_key",
    }


def test_an_id_cannot_be_chosen_to_look_like_anothers_hash() -> None:
    hashed = label_value("ACME")

    assert label_value(hashed) != hashed
