"""Track cost by turn and usage by tool, with the results and hooks of a client."""
import collections

import agent_sdk

tools = collections.Counter()
seconds = collections.Counter()

with agent_sdk.client(allowed_tools=["Read", "Glob", "Grep"], max_budget_usd=2.0) as client:

    @client.hook("post_tool_use")
    def count(ctx):
        tools[ctx.tool_name] += 1
        seconds[ctx.tool_name] += (ctx.duration_ms or 0) / 1000

    @client.on("result")
    def bill(result):
        usage = result.usage
        print(f"turn: {usage.input_tokens} in, {usage.output_tokens} out, {result.duration_ms} ms")

    for prompt in ("What is in this folder?", "Which file matters most?"):
        client.query(prompt)
    print(f"total: ${client.total_cost_usd:.4f}, {client.usage.output_tokens} output tokens")
    for name, uses in tools.most_common():
        print(f"{name}: {uses} times, {seconds[name]:.1f} s")
