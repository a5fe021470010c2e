"""Plain functions as tools."""
from __future__ import annotations

import enum
import functools
import sys
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal, TypedDict

import attrs
import pytest

from agent_sdk.errors import ConfigurationError
from agent_sdk.mcp import Tool, ToolContext, tool


class Unit(enum.Enum):
    CELSIUS = "C"
    FAHRENHEIT = "F"


@attrs.define
class Item:
    name: str
    price: float = attrs.field(default=1.0, validator=attrs.validators.gt(0))
    _secret: str = ""


class Query(TypedDict):
    text: str
    unit: Unit


class Branch(TypedDict, total=False):
    unit: Unit
    below: list[Branch]


@attrs.define
class Node:
    unit: Unit
    below: list[Node] = attrs.field(factory=list)


@tool
def weather(city: str, unit: Literal["C", "F"] = "C", days: Annotated[int, "How many"] = 1) -> str:
    """
    Tell the weather.

    Args:
        city: Its English name.
    """
    return f"{city} {unit} {days}"


@tool
def order(items: list[Item], units: set[Unit], ctx: ToolContext, query: Query | None = None) -> Any:
    """Order."""
    return items, units, query


def test_definition() -> None:
    """Name, description and schema come from the function."""
    assert weather.definition == {
        "name": "weather",
        "description": "Tell the weather.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "Its English name."},
                "unit": {"type": "string", "enum": ["C", "F"], "default": "C"},
                "days": {"type": "integer", "description": "How many", "default": 1},
            },
            "required": ["city"],
            "additionalProperties": False,
        },
    }


def test_the_function_stays_callable() -> None:
    """A decorated function is called as before, and looks like itself."""
    assert weather("Rome", days=2) == "Rome C 2"
    assert (weather.__name__, weather.__doc__) == ("weather", weather.handler.__doc__)
    assert repr(weather) == "<Tool weather(city, unit, days)>"


def test_call() -> None:
    """`call` checks arguments of JSON and returns what the function returns."""
    assert weather.call({"city": "Rome"}) == "Rome C 1"


def test_call_builds_objects() -> None:
    """Arguments of classes, enums and sets arrive as such."""
    arguments = {"items": [{"name": "nut", "secret": "s"}], "units": ["C", "C"], "query": {"text": "t", "unit": "F"}}
    expected = ([Item("nut", secret="s")], {Unit.CELSIUS}, {"text": "t", "unit": Unit.FAHRENHEIT})
    assert order.call(arguments) == expected


@pytest.mark.parametrize(
    ("used", "arguments", "text"),
    [
        (weather, {}, "wrong arguments for weather: city: missing; expected a string"),
        (weather, {"city": 5}, "city: expected a string, got the number 5"),
        (weather, {"city": "Rome", "days": "5"}, "days: expected a whole number, got the string '5'"),
        (weather, {"city": "Rome", "days": 5.0}, "days: expected a whole number, got the number 5.0"),
        (weather, {"city": "Rome", "unit": "K"}, "unit: expected one of 'C', 'F', got the string 'K'"),
        (weather, {"city": "Rome", "dayz": 5}, "dayz: unknown argument; did you mean 'days'?"),
        (weather, ["Rome"], "expected an object, got the list ['Rome']"),
        (order, {"items": {"name": "nut"}, "units": []}, "items: expected a list, got the object"),
        (order, {"items": "nut", "units": []}, "items: expected a list, got the string 'nut'"),
        (order, {"items": [{"nam": "nut"}], "units": []}, "items[0].nam: unknown argument; did you mean 'name'?"),
        (order, {"items": [], "units": ["K"]}, "units[0]: expected one of 'C', 'F', got the string 'K'"),
        (order, {"items": [{"name": "nut", "price": -1}], "units": []}, "items: [0]: 'price' must be > 0: -1"),
        (order, {"items": [], "units": [], "ctx": {}}, "ctx: unknown argument"),
    ],
)
def test_wrong_arguments(used: Tool[..., Any], arguments: Any, text: str) -> None:
    """Wrong arguments are refused before anything runs, in words for the model."""
    with pytest.raises(ConfigurationError) as caught:
        used.call(arguments)
    assert text in str(caught.value)


def _collected(function: Any) -> Any:
    @functools.wraps(function)
    def collect(*args: Any, **kwargs: Any) -> list[Any]:
        return list(function(*args, **kwargs))

    return collect


def test_a_decorator_may_collect_a_generator() -> None:
    """What a decorator makes of a generator is a tool, if it is a plain function."""
    @_collected
    def rows(n: int) -> Any:
        yield n

    assert tool(rows).call({"n": 3}) == [3]


def test_a_default_of_none_can_be_given() -> None:
    """`n: int = None` takes a null as well: models repeat the default that the schema shows."""
    def count(
        n: int = None,  # type: ignore[assignment]  # noqa: RUF013
        names: Annotated[list[str], "Whose"] = None,  # type: ignore[assignment]  # noqa: RUF013
    ) -> object:
        return n, names

    made = tool(count)
    assert made.input_schema["properties"]["names"]["description"] == "Whose"
    assert made.input_schema["properties"]["n"] == {"type": ["integer", "null"], "default": None}
    assert made.call({"n": None, "names": ["a"]}) == (None, ["a"])


def test_whole_number_for_a_float() -> None:
    """An `int` may be given where a `float` is asked for."""

    @tool
    def half(x: float) -> float:
        return x / 2

    assert half.call({"x": 3}) == 1.5


@pytest.mark.parametrize("annotation", ["ctx", "context: ToolContext", "here: ToolContext | None = None"])
def test_context(annotation: str) -> None:
    """A parameter named `ctx`, or annotated `ToolContext`, receives the context and is not in the schema."""
    name = annotation.partition(":")[0]
    space: dict[str, Any] = {"ToolContext": ToolContext}
    exec(f"def f(x: int, {annotation}): return {name}", space)
    made = tool(space["f"])
    context = ToolContext(tool_use_id="toolu_1")
    assert list(made.input_schema["properties"]) == ["x"]
    assert made.call({"x": 1}, context) is context
    assert made.call({"x": 1}).tool_name == "f"


@pytest.mark.parametrize(
    ("schema", "properties"),
    [
        ({"city": "string"}, {"city": {"type": "string"}}),
        ({"city": str, "days": int}, {"city": {"type": "string"}, "days": {"type": "integer"}}),
        (
            {"city": {"type": "string", "description": "Its name"}},
            {"city": {"type": "string", "description": "Its name"}},
        ),
        ({"tags": list[str]}, {"tags": {"type": "array", "items": {"type": "string"}}}),
        ({"type": "string"}, {"type": {"type": "string"}}),
        ({}, {}),
    ],
)
def test_short_form(schema: dict[str, Any], properties: dict[str, Any]) -> None:
    """The short form names a type for each property, and all are required."""
    made = tool(name="find", input_schema=schema, handler=lambda arguments: arguments)
    required = {"required": list(properties)} if properties else {}
    assert made.input_schema == {"type": "object", "properties": properties, **required}


def test_full_schema() -> None:
    """A JSON Schema is taken as it is, and the handler gets one dict."""
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    made = tool(name="find", description="Find", input_schema=schema, handler=lambda arguments: arguments)
    assert made.input_schema == schema
    assert made.call({"city": "Rome", "more": 1}) == {"city": "Rome", "more": 1}
    assert made.call() == {}


def test_schema_is_a_copy() -> None:
    """A dict that is changed after the tool was made does not change the tool."""
    schema: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}}
    made = tool(name="find", input_schema=schema, handler=lambda arguments: arguments)
    schema["properties"]["city"]["type"] = "nonsense"
    assert made.input_schema["properties"]["city"] == {"type": "string"}


def test_schema_as_class() -> None:
    """A class as the schema gives the handler one object of it."""
    made = tool(name="buy", input_schema=Item, handler=lambda item: item)
    assert made.call({"name": "nut"}) == Item("nut")


def test_handler_with_context_and_schema() -> None:
    """With a schema too, the context goes to the parameter that asks for it."""
    made = tool(name="find", input_schema={}, handler=lambda arguments, ctx: ctx.tool_name)
    assert made.call({}) == "find"


def _none() -> None: ...


def _two(a: Any, b: Any) -> None: ...


async def _async(x: int) -> None: ...
def _generator(x: int): yield x


def _many(*numbers: int) -> None: ...


def _open(**numbers: int) -> None: ...


def _positional(x: int, /) -> None: ...


def _nowhere(x: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821


def _complex(x: complex) -> None: ...


WRONG: list[tuple[Callable[[], object], str]] = [
    (lambda: tool(name="t", input_schema={}, handler=_none), "a dict, but its parameters are ()"),
    (lambda: tool(name="t", input_schema={}, handler=_two), "a dict, but its parameters are (a"),
    (lambda: tool(_async), "async function cannot be a tool"),
    (lambda: tool(_generator), "generator cannot be a tool"),
    (lambda: tool(_many), "*numbers"),
    (lambda: tool(_open), "**numbers"),
    (lambda: tool(_positional), "positional-only"),
    (lambda: tool(_nowhere), "cannot resolve a type hint"),
    (lambda: tool(_complex), "x: complex cannot be represented in JSON"),
    (lambda: tool(handler=lambda x: x), "has no name"),
    (lambda: tool(handler=functools.partial(_two, 1)), "has no name"),
    (lambda: tool("weather"), "expected a function"),  # type: ignore[call-overload]
    (lambda: tool(weather), "expected a function"),
    (lambda: tool(name="", handler=_two), "name"),
    (lambda: tool(name="t", input_schema={"city": "strng"}, handler=len), "did you mean 'string'?"),
    (lambda: tool(name="t", input_schema={"city": 5}, handler=len), "5 is not a type"),
    (lambda: tool(name="t", input_schema={"city": ["string"]}, handler=len), "is not a type"),
    (lambda: tool(name="t", input_schema="string", handler=len), "expected a class, a JSON Schema"),
    (lambda: tool(name="t", input_schema={"type": "array", "$schema": "x"}, handler=len), "type must be 'object'"),
    (lambda: tool(name="t", input_schema={"type": "object", "properties": {"a": 1}}, handler=len), "properties.a"),
    (lambda: tool(name="t", handler=_two, annotations={"readonly": True}), "did you mean 'read_only'?"),
    (lambda: tool(name="t", handler=_two, annotations={"read_only": "yes"}), "expected True or False"),
    (lambda: tool(name="t", handler=_two, meta={"a": {1}}), "cannot be written as JSON"),
    (lambda: tool(name="t", handler=_two, max_result_chars=0), "at least 1"),
]


@pytest.mark.parametrize(("make", "text"), WRONG, ids=[text for _, text in WRONG])
def test_what_cannot_be_a_tool(make: Callable[[], object], text: str) -> None:
    """What cannot be a tool is refused when it is made, with the remedy."""
    with pytest.raises(ConfigurationError) as caught:
        make()
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("given", "wire"),
    [
        ({"read_only": True}, {"readOnlyHint": True}),
        ({"readOnlyHint": True}, {"readOnlyHint": True}),
        ({"readOnly": False, "open_world_hint": True}, {"readOnlyHint": False, "openWorldHint": True}),
        (
            {"title": "T", "destructive": True, "idempotent": True},
            {"title": "T", "destructiveHint": True, "idempotentHint": True},
        ),
        ({}, None),
    ],
)
def test_annotations(given: dict[str, Any], wire: dict[str, Any] | None) -> None:
    """Annotations are accepted in snake_case and in the spelling of the wire."""
    made = tool(name="t", handler=_two, annotations=given)
    assert made.definition.get("annotations") == wire


def test_meta() -> None:
    """`always_load` and `max_result_chars` join what *meta* says."""
    made = tool(name="t", handler=_two, meta={"mine": 1}, always_load=True, max_result_chars=500_000)
    assert made.definition["_meta"] == {
        "mine": 1,
        "anthropic/alwaysLoad": True,
        "anthropic/maxResultSizeChars": 500_000,
    }


def test_decorator_with_arguments() -> None:
    """`@tool(...)` takes name and description before the function."""

    @tool(name="plus", description="Add")
    def add(a: int, b: int = 0) -> int:
        """Not this."""
        return a + b

    assert (add.name, add.description, add.call({"a": 1})) == ("plus", "Add", 1)


def test_types_of_the_calling_function() -> None:
    """Type hints may name classes that only the calling function knows."""

    @attrs.define
    class Local:
        x: int

    @tool
    def use(local: Local) -> int:
        return local.x

    assert use.call({"local": {"x": 3}}) == 3


def test_methods() -> None:
    """A decorated method knows its object, and the tool of the class stays as it is."""

    class Counter:
        total = 0

        @tool
        def add(self, n: int) -> int:
            """Add."""
            self.total += n
            return self.total

    counter = Counter()
    assert counter.add.call({"n": 2}) == 2
    assert counter.add(3) == 5
    assert list(Counter.add.input_schema["properties"]) == ["n"]
    assert Counter.add.is_unbound and not counter.add.is_unbound


def test_items_of_an_iterable() -> None:
    """Items inside an abstract container are built too."""

    @tool
    def names(items: Iterable[Item]) -> list[str]:
        return [item.name for item in items]

    assert names.call({"items": [{"name": "a"}, {"name": "b"}]}) == ["a", "b"]


def test_unions_choose_by_schema() -> None:
    """Of a union the first member that accepts the value is built."""

    @tool
    def show(what: Item | Unit | list[Item] | int) -> Any:
        return what

    assert show.call({"what": {"name": "a"}}) == Item("a")
    assert show.call({"what": "C"}) is Unit.CELSIUS
    assert show.call({"what": [{"name": "a"}]}) == [Item("a")]
    assert show.call({"what": 7}) == 7


def test_classes_that_hold_themselves() -> None:
    """Recursive classes and dicts are built to their depth; absent keys stay absent."""

    @tool
    def grow(node: Node, branch: Branch) -> Any:
        return node, branch

    node = {"unit": "C", "below": [{"unit": "F"}]}
    assert grow.call({"node": node, "branch": {"below": [{"unit": "F"}]}}) == (
        Node(Unit.CELSIUS, [Node(Unit.FAHRENHEIT)]),
        {"below": [{"unit": Unit.FAHRENHEIT}]},
    )


def test_no_converter_for_plain_types(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arguments that JSON has typed already do not load the converter."""
    monkeypatch.setitem(sys.modules, "agent_sdk._converter", None)

    @tool
    def plain(a: str, b: list[int] | None = None, c: dict[str, Any] | None = None) -> str:
        return a

    assert plain.call({"a": "x", "b": [1]}) == "x"
