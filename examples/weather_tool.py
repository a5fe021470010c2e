"""Give the model your function as a tool: the SDK builds its schema from type hints and validates arguments."""
from typing import Annotated, Literal

import agent_sdk

FORECASTS = {"Rome": 24.0, "Oslo": 11.5}


@agent_sdk.tool(annotations={"read_only": True})
def weather(
    city: Annotated[str, "The city, in English"],
    unit: Literal["celsius", "fahrenheit"] = "celsius",
) -> str:
    """Return the current temperature in a city."""
    if city not in FORECASTS:
        raise LookupError(f"no forecast for {city}; known cities: {', '.join(FORECASTS)}")  # the model reads this
    degrees = FORECASTS[city] if unit == "celsius" else FORECASTS[city] * 9 / 5 + 32
    return f"{degrees:.0f} degrees {unit} in {city}"


print(weather.call({"city": "Rome", "unit": "fahrenheit"}))  # as the model calls it
result = agent_sdk.query("Where is it warmer, in Rome or in Oslo?", custom_tools=[weather])
print(result.content)
