"""Detect where the CLI compacts a conversation; the example triggers it with the command /compact."""
import agent_sdk


def show(msg):
    if msg.is_compact_boundary:
        metadata = msg.compact_metadata
        print("Compacted!")
        print(f"Trigger: {metadata['trigger']}")  # 'manual' or 'auto'
        print(f"Pre-tokens: {metadata['pre_tokens']}")


with agent_sdk.client() as client:
    client.query("Very long conversation...")
    client.query("/compact", on_message=show)
