"""Sort the files of a folder: the agent's only tool is a function that moves files within it."""
import pathlib
import tempfile

import agent_sdk

with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    for file in ("holiday.jpg", "invoice-2026-01.pdf", "notes.txt", "invoice-2026-02.pdf"):
        (folder / file).touch()

    @agent_sdk.tool
    def move(file: str, into: str) -> str:
        """Move a file into a subfolder. The subfolder is created if it does not exist."""
        if pathlib.Path(file).name != file or pathlib.Path(into).name != into:
            raise ValueError("file and into must be plain names without a path")  # the model reads this
        target = folder / into / file
        if target.exists():
            raise ValueError(f"{into} already contains {file}")
        target.parent.mkdir(exist_ok=True)
        (folder / file).rename(target)
        print(f"{file} -> {into}/")
        return "moved"

    files = ", ".join(sorted(path.name for path in folder.iterdir()))
    result = agent_sdk.query(
        f"Sort these files into subfolders by their kind: {files}",
        custom_tools=[move],
        tools=[],  # no built-in tools
        setting_sources=[],
        max_turns=20,
    )
    print(result.content)
    print("Now:", sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()))
