"""Tools and tool choice of the Responses API ⇄ those of chat: functions, and the one tool that is hosted here."""

from typing import Any

from pleiade.gateway.errors import bad_request
from pleiade.gateway.problems import missing, wrong_type, wrong_value
from pleiade.gateway.responses.picture_tool import KIND as PICTURES
from pleiade.gateway.responses.picture_tool import normalise_picture_tool

Tool = dict[str, Any]
Choice = str | dict[str, Any]

_MODES = ("none", "auto", "required")


def normalise_tools(given: list[Any] | None) -> list[Tool]:
    """The tools in the form in which a response shows them. Raises ApiError."""
    tools = []
    for index, tool in enumerate(given or ()):
        place = f"tools[{index}]"
        if not isinstance(tool, dict):
            raise wrong_type(place, "an object", tool)
        kind = tool.get("type")
        if kind is None:
            raise missing(f"{place}.type")
        if kind == PICTURES:
            tools.append(normalise_picture_tool(tool, place))
            continue
        if kind != "function":
            raise bad_request(
                f"Tools of type '{kind}' are not available on this server: of its own it has 'image_generation' only. "
                "Declare a tool of type 'function' and run it in your program.",
                param=f"{place}.type",
                code="unsupported_tool",
            )
        name = tool.get("name")
        if name is None:
            raise missing(f"{place}.name")
        if not isinstance(name, str) or not name:
            raise wrong_type(f"{place}.name", "a non-empty string", name)
        parameters = tool.get("parameters")
        if parameters is not None and not isinstance(parameters, dict):
            raise wrong_type(f"{place}.parameters", "an object", parameters)
        # OpenAI makes functions strict unless told otherwise, and quietly gives up where the schema does not
        # allow it. We are strict only where asked, and say so.
        tools.append(
            {**tool, "description": tool.get("description"), "parameters": parameters}
            | {"strict": bool(tool.get("strict"))}
        )
    return tools


def normalise_choice(given: Choice | None, tools: list[Tool]) -> Choice:
    """The tool choice in the form in which a response shows it. Raises ApiError."""
    if given is None:
        return "auto"
    if isinstance(given, str):
        if given not in _MODES:
            raise wrong_value("tool_choice", given, _MODES)
        if given == "required" and not tools:
            raise bad_request("Tool choice 'required' must be specified with 'tools' parameter.", param="tool_choice")
        return given
    kind = given.get("type")
    if kind == PICTURES and any(tool["type"] == PICTURES for tool in tools):
        return given
    if kind == "function":
        _known(given.get("name"), tools, "tool_choice.name")
        return given
    if kind == "allowed_tools":
        if given.get("mode") not in ("auto", "required"):
            raise wrong_value("tool_choice.mode", given.get("mode"), ("auto", "required"))
        allowed = given.get("tools")
        if not isinstance(allowed, list):
            raise wrong_type("tool_choice.tools", "an array", allowed)
        for index, tool in enumerate(allowed):
            name = tool.get("name") if isinstance(tool, dict) else None
            _known(name, tools, f"tool_choice.tools[{index}]")
        return given
    raise wrong_value("tool_choice.type", kind, ("function", "allowed_tools", PICTURES))


def chat_tools(tools: list[Tool], choice: Choice) -> dict[str, Any]:
    """The part of a chat request that offers `tools` under `choice`; empty without tools."""
    tools = [tool for tool in tools if tool["type"] == "function"]
    if not tools:
        return {}
    chat_choice: Choice = choice
    if isinstance(choice, dict) and choice["type"] == "allowed_tools":
        # Engines that know no `allowed_tools` understand a shorter list just as well.
        allowed = {tool["name"] for tool in choice["tools"]}
        tools = [tool for tool in tools if tool["name"] in allowed]
        chat_choice = choice["mode"]
    elif isinstance(choice, dict):
        chat_choice = {"type": "function", "function": {"name": choice["name"]}}
    return {"tools": [_chat_tool(tool) for tool in tools], "tool_choice": chat_choice}


def _chat_tool(tool: Tool) -> Tool:
    function = {"name": tool["name"]}
    for name in ("description", "parameters"):
        if tool[name] is not None:
            function[name] = tool[name]
    if tool["strict"]:
        function["strict"] = True
    return {"type": "function", "function": function}


def _known(name: object, tools: list[Tool], param: str) -> None:
    if name not in [tool.get("name") for tool in tools]:
        raise bad_request(f"Tool choice '{name}' not found in 'tools' parameter.", param=param)
