"""Pools, slices, rates and budgets as they rest in the database: what may be set, and what the book then says."""

import concurrent.futures
import math

import msgspec
import pytest
import sqlalchemy as sa

from pleiade.domain import Model, ModelFormat, ModelKind, Role
from pleiade.domain.limits import Budget, Capacity, CapacityKind, RateLimit, Scope, Stance
from pleiade.domain.tenants import OPERATOR
from pleiade.quota import LimitsBook, LimitsError
from pleiade.quota.budgets import list_budgets, remove_budget, set_budget
from pleiade.quota.capacity import (
    MOST_UNITS,
    Pool,
    capacity_of,
    check_capacity,
    list_pools,
    list_slices,
    remove_capacity,
    remove_pool,
    set_capacity,
    set_pool,
)
from pleiade.quota.rates import list_rates, set_rate
from pleiade.quota.reading import limits_book, limits_version
from pleiade.registry import add_model, deploy, undeploy
from pleiade.tenancy.keys import create_key
from pleiade.tenancy.organisations import create_organisation
from pleiade.tenancy.projects import create_project

PROVISIONED = CapacityKind.PROVISIONED


@pytest.fixture
def db(db: sa.Engine) -> sa.Engine:
    """Two models and four deployments, three of one model; no limit yet."""
    for name, kind in (("pico", ModelKind.TEXT), ("nano", ModelKind.TEXT), ("embed", ModelKind.EMBEDDING)):
        add_model(db, Model(id=name, kind=kind, format=ModelFormat.REMOTE, source="http://127.0.0.1:1/v1"))
    for name, model in (("a", "pico"), ("b", "pico"), ("c", "pico"), ("other", "nano"), ("vectors", "embed")):
        deploy(db, name, model=model, engine="upstream", options={"url": "http://127.0.0.1:1/v1"})
    return db


def test_slices_never_exceed_the_pool_and_the_error_names_what_is_left(db: sa.Engine) -> None:
    for name, units in (("a", 60), ("b", 30), ("c", 5)):
        set_capacity(db, name, Capacity(units=units))
    assert set_pool(db, "pico", 100) == Pool("pico", 100, 95)
    with pytest.raises(LimitsError, match=r"c cannot have 11 units: 10 of the 100 .* left \(the rest: a 60, b 30\)"):
        set_capacity(db, "c", Capacity(units=11))
    set_capacity(db, "c", Capacity(units=10))
    assert list_pools(db) == [Pool("pico", 100, 100)]
    assert list_pools(db)[0].left == 0
    set_capacity(db, "other", Capacity(units=5000))  # another model's deployments have nothing to do with it


def test_a_pool_is_not_made_smaller_than_what_is_allotted(db: sa.Engine) -> None:
    for name in "abc":
        set_capacity(db, name, Capacity(units=10))
    with pytest.raises(LimitsError, match=r"29 units is less than the 30 that are allotted: a 10, b 10, c 10"):
        set_pool(db, "pico", 29)
    assert list_pools(db) == []


def test_a_pool_and_an_unlimited_deployment_exclude_each_other(db: sa.Engine) -> None:
    with pytest.raises(LimitsError, match="deployments of it are unlimited: a, b, c"):
        set_pool(db, "pico", 100)
    for name in "abc":
        set_capacity(db, name, Capacity(units=10))
    set_pool(db, "pico", 100)
    with pytest.raises(LimitsError, match="needs a slice of it: 80 of 100 units are left"):
        remove_capacity(db, "a")
    with pytest.raises(LimitsError, match="needs a slice of it: 70 of 100 units are left"):
        check_capacity(db, "new", "pico", Capacity())
    remove_pool(db, "pico")
    remove_capacity(db, "a")
    assert limits_book(db).capacity("a", "pico") == Capacity()


def test_a_deployment_that_moves_to_a_pooled_model_without_a_slice_serves_nobody(db: sa.Engine) -> None:
    for name in "abc":
        set_capacity(db, name, Capacity(units=1))
    set_pool(db, "pico", 10)
    deploy(db, "other", model="pico", engine="upstream", options={"url": "http://127.0.0.1:1/v1"})
    assert limits_book(db).capacity("other", "pico") is None


def test_what_a_removed_deployment_had_goes_back_to_the_pool(db: sa.Engine) -> None:
    for name in "abc":
        set_capacity(db, name, Capacity(units=10))
    set_pool(db, "pico", 30)
    undeploy(db, "a")
    assert list_pools(db)[0].left == 10
    set_capacity(db, "b", Capacity(units=20))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"units": -1}, "choose between 1 and 1,000,000"),
        ({"units": MOST_UNITS + 1}, "choose between 1 and 1,000,000"),
        ({"units": 10**30}, "choose between 1 and 1,000,000"),
        ({"units": 1, "requests_per_unit": 0.0}, "choose above 0"),
        ({"units": 1, "requests_per_unit": -6.0}, "choose above 0"),
        ({"units": 1, "requests_per_unit": math.nan}, "choose above 0"),
        ({"units": 1, "requests_per_unit": math.inf}, "choose above 0"),
        ({"units": 1, "slice_s": 60}, "1 or 10 seconds"),
        ({"kind": PROVISIONED}, "a provisioned deployment needs a capacity"),
        ({"units": 1, "spillover": "b"}, "only a provisioned deployment spills over"),
        ({"units": 1, "kind": PROVISIONED, "spillover": "a"}, "cannot spill over to itself"),
        ({"units": 1, "kind": PROVISIONED, "spillover": "nowhere"}, "no deployment is called 'nowhere'"),
        ({"units": 1, "kind": PROVISIONED, "spillover": "vectors"}, "name a deployment of the same model"),
        ({"units": 1, "kind": PROVISIONED, "spillover": "other"}, "other serves .*, and a serves pico"),
    ],
)
def test_negative_and_absurd_capacities_are_refused(db: sa.Engine, wrong: dict, says: str) -> None:
    with pytest.raises(LimitsError, match=says):
        set_capacity(db, "a", Capacity(**wrong))
    assert capacity_of(db, "a") is None


def test_all_problems_are_told_at_once(db: sa.Engine) -> None:
    with pytest.raises(LimitsError) as caught:
        set_capacity(db, "a", Capacity(units=-1, slice_s=3, requests_per_unit=-2.0))
    assert len(str(caught.value).splitlines()) == 3


def test_spillover_leads_to_a_standard_deployment_which_stays_one(db: sa.Engine) -> None:
    set_capacity(db, "a", Capacity(units=5, kind=PROVISIONED, spillover="c"))
    with pytest.raises(LimitsError, match="c takes what spills over from a: it must stay standard"):
        set_capacity(db, "c", Capacity(units=5, kind=PROVISIONED))
    with pytest.raises(LimitsError, match="a is provisioned itself"):
        set_capacity(db, "b", Capacity(units=5, kind=PROVISIONED, spillover="a"))


def test_unknown_names_are_refused(db: sa.Engine) -> None:
    for change in (
        lambda: set_capacity(db, "no 'such\" 🦊", Capacity(units=1)),
        lambda: set_pool(db, "no such", 5),
        lambda: remove_pool(db, "pico"),
        lambda: set_rate(db, Scope.PROJECT, "no such", {"max_requests_per_1_minute": 1}),
        lambda: set_rate(db, Scope.PROJECT, "default", {"max_requests_per_1_minute": 1}, model="no such"),
        lambda: set_rate(db, Scope.DEPLOYMENT, "a", {"max_requests_per_1_minute": 1}),
        lambda: remove_budget(db, Scope.PROJECT, "default"),
    ):
        with pytest.raises(LimitsError):
            change()


def test_a_rate_changes_only_in_what_is_named(db: sa.Engine) -> None:
    set_rate(db, Scope.PROJECT, "default", {"max_requests_per_1_minute": 5, "max_tokens_per_1_minute": 900})
    rate = set_rate(db, Scope.PROJECT, "default", {"max_requests_per_1_minute": None, "max_requests_per_1_day": 50})
    assert rate == RateLimit(max_tokens_per_1_minute=900, max_requests_per_1_day=50)
    assert [entry.rate for entry in list_rates(db, Scope.PROJECT, "default")] == [rate]
    set_rate(db, Scope.PROJECT, "default", {"max_tokens_per_1_minute": None, "max_requests_per_1_day": None})
    assert list_rates(db) == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"max_requests_per_1_minute": -3}, "choose between 1 and"),
        ({"max_requests_per_1_minute": 0}, "would refuse every call"),
        ({"max_tokens_per_1_minute": 10**15}, "choose between 1 and"),
        ({"rpm": 5}, "there is no limit 'rpm'"),
    ],
)
def test_negative_and_absurd_rates_are_refused(db: sa.Engine, changes: dict, says: str) -> None:
    with pytest.raises(LimitsError, match=says):
        set_rate(db, Scope.ORGANISATION, "default", changes)
    assert list_rates(db) == []


BUDGET = Budget(scope=Scope.PROJECT, subject="default", nano=50 * 10**9, currency="USD")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"nano": 0}, "choose above 0"),
        ({"nano": -5}, "choose above 0"),
        ({"nano": 10**19}, "at most 1,000,000,000"),
        ({"currency": "XYZ"}, "ISO 4217"),
        ({"currency": "usd"}, "ISO 4217"),
        ({"alerts": (0,)}, "alert at 0 %"),
        ({"alerts": (50, -1, 5000)}, "alert at -1, 5000 %"),
        ({"alerts": (50,), "webhook": "ftp://x"}, r"no http\(s\) URL"),
        ({"alerts": (50,), "webhook": "http://[::1"}, r"no http\(s\) URL"),
        ({"webhook": "http://127.0.0.1:1/x"}, "add --alert"),
        ({"subject": "nobody"}, "no project with the id 'nobody'"),
    ],
)
def test_absurd_budgets_are_refused(db: sa.Engine, wrong: dict, says: str) -> None:
    with pytest.raises(LimitsError, match=says):
        set_budget(db, msgspec.structs.replace(BUDGET, **wrong))
    assert list_budgets(db) == []


def test_a_budget_keeps_its_webhooks_secret_when_it_changes(db: sa.Engine) -> None:
    first = set_budget(db, msgspec.structs.replace(BUDGET, alerts=(80, 50, 80), webhook="https://example.org/hook"))
    assert first.alerts == (50, 80)
    assert first.secret.startswith("whsec_")
    second = set_budget(db, msgspec.structs.replace(BUDGET, nano=1, alerts=(90,), webhook="https://example.org/2"))
    assert second.secret == first.secret
    assert list_budgets(db) == [second]
    remove_budget(db, Scope.PROJECT, "default")
    assert list_budgets(db) == []


def test_the_book_holds_everything_and_its_version_grows_with_each_change(db: sa.Engine) -> None:
    assert limits_book(db) == LimitsBook(version=limits_version(db))
    organisation = create_organisation(db, name='Ann\'s "best" 🦊', actor=OPERATOR)
    project = create_project(db, organisation.id, name="p", actor=OPERATOR)
    _, key = create_key(db, name="k", role=Role.MEMBER)
    before = limits_version(db)
    slice_ = Capacity(units=9, kind=PROVISIONED, requests_per_unit=0.1, slice_s=10, spillover="b", stance=Stance.OPEN)
    set_capacity(db, "a", slice_)
    undeploy(db, "other")
    set_pool(db, "nano", 10)
    set_rate(db, Scope.KEY, key.id, {"max_requests_per_1_minute": 5})
    set_rate(db, Scope.PROJECT, project.id, {"max_tokens_per_1_minute": 5}, model="pico")
    budget = set_budget(db, msgspec.structs.replace(BUDGET, scope=Scope.ORGANISATION, subject=organisation.id))
    book = limits_book(db)
    assert book.version == limits_version(db) == before + 5
    assert book.capacities == {"a": slice_}
    assert book.pooled == {"nano"}
    assert book.rates == {
        (Scope.KEY, key.id, ""): RateLimit(max_requests_per_1_minute=5),
        (Scope.PROJECT, project.id, "pico"): RateLimit(max_tokens_per_1_minute=5),
    }
    assert book.budgets == {(Scope.ORGANISATION, organisation.id): budget}


def test_changes_made_at_once_do_not_take_more_than_the_pool_has(db: sa.Engine) -> None:
    for name in "abc":
        set_capacity(db, name, Capacity(units=1))
    set_pool(db, "pico", 11)

    def take(name: str) -> bool:
        try:
            set_capacity(db, name, Capacity(units=9))
        except LimitsError:
            return False
        return True

    with concurrent.futures.ThreadPoolExecutor(3) as threads:
        assert sum(threads.map(take, "abc")) == 1
    assert sum(entry.capacity.units for entry in list_slices(db)) == 11
