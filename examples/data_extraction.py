"""Extract data from a text: the answer is a validated object of your class."""
import attrs

import agent_sdk


@attrs.define
class Item:
    name: str
    price: float


@attrs.define
class Invoice:
    number: str
    items: list[Item]
    paid: bool = False


TEXT = "Invoice 2026-17. One lamp at 40 euros, two chairs at 35.50 each. Paid by card."

try:
    result = agent_sdk.query(f"Extract the invoice:\n\n{TEXT}", output=Invoice, tools=[], verbatim_prompts=True)
except agent_sdk.StructuredOutputError as error:
    print("No invoice:", error)
else:
    invoice = result.output
    print(invoice.number, "paid" if invoice.paid else "open", sum(item.price for item in invoice.items))
