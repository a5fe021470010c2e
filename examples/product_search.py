"""Define a tool with an explicit JSON Schema, and serve it from a named tool server."""
import agent_sdk

PRODUCTS = [
    {"name": "Desk lamp", "price": 39.0, "category": "light"},
    {"name": "Oak desk", "price": 420.0, "category": "furniture"},
    {"name": "Floor lamp", "price": 95.0, "category": "light"},
]
SCHEMA = {
    "type": "object",
    "properties": {
        "query": {"type": "string", "description": "Part of the product name"},
        "max_price": {"type": "number", "minimum": 0},
        "category": {"type": "string", "enum": ["light", "furniture"]},
    },
    "required": ["query"],
}


def search(given):
    """Search the products; the SDK has validated *given* against the schema."""
    return [
        product
        for product in PRODUCTS
        if given["query"].lower() in product["name"].lower()
        and product["price"] <= given.get("max_price", float("inf"))
        and given.get("category") in (None, product["category"])
    ]


product_search = agent_sdk.tool(
    name="product_search", description="Search the catalogue.", input_schema=SCHEMA, handler=search
)
shop = agent_sdk.create_sdk_mcp_server(name="shop", tools=[product_search])

print(product_search.call({"query": "lamp", "max_price": 50}))
result = agent_sdk.query(
    "Find a lamp for less than 50",
    mcp_servers={"shop": shop},
    allowed_tools=["mcp__shop__product_search"],  # all tools of the server: "mcp__shop"
)
print(result.content)
